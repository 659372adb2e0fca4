/** The arithmetic of `merge`: combine an operand with the bytes at an offset, element by element. */
import { type ByteString, fromBytes } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { MergeFunction, MergeWidth } from "../contract/txn.ts";

/** The merge's core; the operation of the contract satisfies it. */
export interface Merge {
  readonly fn: MergeFunction;
  readonly width: MergeWidth;
  readonly offset: number;
  readonly operand: ByteString;
}

const TWO_32 = 2 ** 32;

/** The value after the merge, zero-extended as far as the operand reaches. @throws {HoldfastError} OUT_OF_RANGE */
export function mergeBytes(value: ByteString, merge: Merge): ByteString {
  const before = coveredBytes(value, merge);
  const after = combine(before, merge);
  const head = value.slice(0, merge.offset).padEnd(merge.offset, "\0");
  return (head + after + value.slice(merge.offset + after.length)) as ByteString;
}

/** The bytes that the operand covers, zero where the value does not reach. */
export function coveredBytes(value: ByteString, merge: Merge): ByteString {
  const length = merge.operand.length;
  return value.slice(merge.offset, merge.offset + length).padEnd(length, "\0") as ByteString;
}

function combine(before: ByteString, merge: Merge): ByteString {
  if (merge.fn === "set") return merge.operand;
  const result = new Uint8Array(before.length);
  if (merge.fn === "or") {
    for (let at = 0; at < result.length; at++) {
      result[at] = before.charCodeAt(at) | merge.operand.charCodeAt(at);
    }
    return fromBytes(result);
  }
  const element = merge.fn === "add" ? addElement : maxElement;
  for (let at = 0; at < result.length; at += merge.width) {
    element(result, at, before, merge.operand, merge.width);
  }
  return fromBytes(result);
}

function addElement(result: Uint8Array, at: number, a: ByteString, b: ByteString, width: MergeWidth): void {
  const [present, addend] = [readSigned(a, at, width), readSigned(b, at, width)];
  const exact = Number.isSafeInteger(present) && Number.isSafeInteger(addend);
  const sum = exact ? present + addend : Number(readSigned64(a, at) + readSigned64(b, at));
  const max = width === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * width - 1) - 1;
  const min = width === 8 ? Number.MIN_SAFE_INTEGER : -(2 ** (8 * width - 1));
  if (!(sum >= min && sum <= max)) {
    throw new HoldfastError(
      "OUT_OF_RANGE",
      `merge add gives ${sum}; allowed at width ${width}: ${min} to ${max}`,
      {
        details: { result: sum, min, max },
      },
    );
  }
  writeSigned(result, at, sum, width);
}

function maxElement(result: Uint8Array, at: number, a: ByteString, b: ByteString, width: MergeWidth): void {
  let from = a;
  for (let byte = width - 1; byte >= 0; byte--) {
    const difference = b.charCodeAt(at + byte) - a.charCodeAt(at + byte);
    if (difference === 0) continue;
    if (difference > 0) from = b;
    break;
  }
  for (let byte = 0; byte < width; byte++) result[at + byte] = from.charCodeAt(at + byte);
}

/** A signed little-endian integer. Exact within the safe integers; further out (only foreign bytes get there) rounded. */
export function readSigned(bytes: ByteString, at: number, width: MergeWidth): number {
  if (width === 8) {
    const low = readUnsigned32(bytes, at);
    const high = readUnsigned32(bytes, at + 4) | 0;
    return high * TWO_32 + low;
  }
  let value = 0;
  for (let byte = width - 1; byte >= 0; byte--) value = value * 256 + bytes.charCodeAt(at + byte);
  return value >= 2 ** (8 * width - 1) ? value - 2 ** (8 * width) : value;
}

/** Exact over all 64 bits, and slow: for foreign bytes beyond the safe integers. */
function readSigned64(bytes: ByteString, at: number): bigint {
  const low = BigInt(readUnsigned32(bytes, at));
  return (BigInt(readUnsigned32(bytes, at + 4) | 0) << 32n) | low;
}

function readUnsigned32(bytes: ByteString, at: number): number {
  return (
    (bytes.charCodeAt(at) |
      (bytes.charCodeAt(at + 1) << 8) |
      (bytes.charCodeAt(at + 2) << 16) |
      (bytes.charCodeAt(at + 3) << 24)) >>>
    0
  );
}

function writeSigned(target: Uint8Array, at: number, value: number, width: MergeWidth): void {
  const low = value >>> 0; // ToUint32 is modulo 2^32, negative numbers included
  const high = Math.floor(value / TWO_32) >>> 0;
  for (let byte = 0; byte < width; byte++) {
    target[at + byte] = ((byte < 4 ? low : high) >>> (8 * (byte & 3))) & 0xff;
  }
}

/** The bytes of a signed integer as `merge` reads them. */
export function signedBytes(value: number, width: MergeWidth): ByteString {
  const bytes = new Uint8Array(width);
  writeSigned(bytes, 0, value, width);
  return fromBytes(bytes);
}
