/** Which keys a request speaks of: one key, or a half-open interval in byte order. */
import { type ByteString, prefixEnd } from "../base/byte-string.ts";

/** The `end` that stands for "no upper bound": a single zero byte, as in etcd. No other range could use it. */
export const NO_END = "\0" as ByteString;

export interface KeyRange {
  /** The key, or the inclusive start of the interval. Never empty; a lone zero byte is below every other key. */
  readonly key: ByteString;
  /** The exclusive end. Absent: `key` alone. {@link NO_END}: everything from `key` on. At or below `key`: nothing. */
  readonly end?: ByteString | undefined;
}

/** All keys. */
export const EVERYTHING: KeyRange = { key: "\0" as ByteString, end: NO_END };

/** All keys that start with `prefix`; the empty prefix is every key. */
export function prefixRange(prefix: ByteString): KeyRange {
  return prefix === "" ? EVERYTHING : { key: prefix, end: prefixEnd(prefix) ?? NO_END };
}

export function rangeHas(range: KeyRange, key: ByteString): boolean {
  if (range.end === undefined) return key === range.key;
  return key >= range.key && (range.end === NO_END || key < range.end);
}
