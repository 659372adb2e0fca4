/** CRC-32 for what is on disk: from Node's zlib where it has one (20.15), at several gigabytes a second, else ours. */
import * as zlib from "node:zlib";
import { crc32Portable } from "../base/crc32.ts";

type Crc32 = (bytes: Uint8Array, seed?: number) => number;

const native = (zlib as { crc32?: Crc32 }).crc32;

/**
 * The checksum of `bytes` as an unsigned 32-bit number. `seed` is the checksum of what came before, or any number
 * that ties the bytes to their place.
 */
export const crc32: Crc32 = native ?? crc32Portable;

export { crc32Portable };
