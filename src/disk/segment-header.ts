/**
 * The first 64 bytes of a segment.
 *
 *      0  "HOLDFAST"               8  format version u16   10  kind u8 (1 log, 2 merged), 1 zero byte
 *     12  salt u32                16  segment id u64       24  history id, 16 bytes
 *     40  created, ms, u64        48  12 zero bytes        60  crc32 of bytes 0–59 u32
 *
 * The salt follows from history and id, so that frames can be found even where the header is damaged.
 */
import { getU32, getU64, putU32, putU64 } from "../base/byte-writer.ts";
import { crc32 } from "./checksum.ts";
import type { SegmentKind, SegmentName } from "./directory-layout.ts";
import { FORMAT_VERSION } from "./identity.ts";

export const SEGMENT_HEADER_BYTES = 64;
const MAGIC = Buffer.from("HOLDFAST", "latin1");
const KINDS: readonly (SegmentKind | undefined)[] = [undefined, "log", "merged"];

export interface SegmentHeader extends SegmentName {
  readonly version: number;
  readonly historyId: string;
  /** Wall time in milliseconds. */
  readonly createdMs: number;
}

/** Seeds the checksums of the frame headers in a segment. */
export function segmentSalt(historyId: string, id: number): number {
  return crc32(Buffer.from(`${historyId}/${id}`, "latin1"));
}

/** Writes the header into `bytes` at 0. */
export function putSegmentHeader(bytes: Uint8Array, header: Omit<SegmentHeader, "version">): void {
  bytes.fill(0, 0, SEGMENT_HEADER_BYTES);
  bytes.set(MAGIC, 0);
  bytes[8] = FORMAT_VERSION & 0xff;
  bytes[9] = FORMAT_VERSION >>> 8;
  bytes[10] = KINDS.indexOf(header.kind);
  putU32(bytes, 12, segmentSalt(header.historyId, header.id));
  putU64(bytes, 16, header.id);
  bytes.set(Buffer.from(header.historyId, "hex"), 24);
  putU64(bytes, 40, header.createdMs);
  putU32(bytes, 60, crc32(bytes.subarray(0, 60)));
}

/** Undefined where these bytes are no whole segment header. The version may be newer than this release knows. */
export function parseSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES || MAGIC.compare(bytes, 0, MAGIC.length) !== 0) return undefined;
  if (getU32(bytes, 60) !== crc32(bytes.subarray(0, 60))) return undefined;
  const kind = KINDS[bytes[10]!];
  if (kind === undefined) return undefined;
  return {
    id: getU64(bytes, 16),
    kind,
    version: bytes[8]! | (bytes[9]! << 8),
    historyId: Buffer.from(bytes.subarray(24, 40)).toString("hex"),
    createdMs: getU64(bytes, 40),
  };
}
