/**
 * Writes numbers and byte strings one after another into a buffer that grows: for formats on disk and wire.
 *
 * Little-endian throughout. A varint holds a whole number from 0 to 2^53 − 1, seven bits a byte, the lowest
 * first, the top bit set on all bytes but the last.
 */
import type { ByteString } from "./byte-string.ts";

/** The Buffer method that writes one-byte strings fastest; Node's types leave it out, browsers have none. */
interface Latin1Target extends Uint8Array {
  latin1Write(text: string, offset: number, length: number): number;
}

const NodeBuffer = globalThis.Buffer as typeof Buffer | undefined;
const TWO_7 = 2 ** 7;
const TWO_28 = 2 ** 28;
const TWO_32 = 2 ** 32;

/** All platforms that run this are little-endian. */
const scratchNumber = new Float64Array(1);
const scratchBytes = new Uint8Array(scratchNumber.buffer);

/** A number takes at most this many bytes as a varint. */
export const VARINT_BYTES_MAX = 8;

function allocate(capacity: number): Uint8Array {
  return NodeBuffer === undefined ? new Uint8Array(capacity) : NodeBuffer.allocUnsafeSlow(capacity);
}

/** How many bytes `value` takes as a varint. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= TWO_7; rest = Math.floor(rest / TWO_7)) length++;
  return length;
}

export class ByteWriter {
  /** What was written lies from 0 to `length`. Replaced when it grows: do not hold on to it across writes. */
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 1_024) {
    this.bytes = allocate(capacity);
  }

  /** A view of what was written, valid until the next write. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Starts again from nothing; gives memory back where more than `keepBytes` is held. */
  reset(keepBytes = Number.POSITIVE_INFINITY): void {
    this.length = 0;
    if (this.bytes.length > keepBytes) this.bytes = allocate(keepBytes);
  }

  /** Makes room for `more` bytes. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = allocate(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Moves on by `count` bytes, which hold zeros, and returns where they start. */
  skip(count: number): number {
    this.reserve(count);
    const at = this.length;
    this.bytes.fill(0, at, at + count);
    this.length += count;
    return at;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    putU32(this.bytes, this.length, value);
    this.length += 4;
  }

  /** A whole number from 0 to 2^53 − 1 in eight bytes. */
  u64(value: number): void {
    this.reserve(8);
    putU64(this.bytes, this.length, value);
    this.length += 8;
  }

  /** Eight bytes, two's complement: the low 64 bits of `value`. */
  i64(value: bigint): void {
    this.u32(Number(BigInt.asUintN(32, value)));
    this.u32(Number(BigInt.asUintN(32, value >> 32n)));
  }

  /** Any number, as IEEE 754 has it. */
  f64(value: number): void {
    scratchNumber[0] = value;
    this.copy(scratchBytes);
  }

  varint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    const bytes = this.bytes;
    let at = this.length;
    let rest = value;
    while (rest >= TWO_28) {
      // Bit operations see 32 bits only: bring the number down to them first.
      bytes[at++] = (rest % TWO_7) | 0x80;
      rest = Math.floor(rest / TWO_7);
    }
    while (rest >= TWO_7) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.length = at;
  }

  /** A whole number of either sign: 0, −1, 1, −2, … become the varints 0, 1, 2, 3, … */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** The bytes alone. */
  raw(text: ByteString): void {
    const length = text.length;
    this.reserve(length);
    if (NodeBuffer !== undefined) {
      (this.bytes as Latin1Target).latin1Write(text, this.length, length);
    } else {
      for (let at = 0; at < length; at++) this.bytes[this.length + at] = text.charCodeAt(at);
    }
    this.length += length;
  }

  /** The length as a varint, then the bytes. */
  string(text: ByteString): void {
    this.varint(text.length);
    this.raw(text);
  }

  copy(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function putU64(bytes: Uint8Array, at: number, value: number): void {
  putU32(bytes, at, value >>> 0);
  putU32(bytes, at + 4, Math.floor(value / TWO_32));
}

export function getU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function getU64(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at + 4) * TWO_32 + getU32(bytes, at);
}

export function getF64(bytes: Uint8Array, at: number): number {
  scratchBytes.set(bytes.subarray(at, at + 8));
  return scratchNumber[0]!;
}
