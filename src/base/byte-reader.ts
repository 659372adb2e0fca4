/**
 * Reads what ByteWriter wrote. Bytes from a disk may be anything: a read past the end, or of a number that no
 * writer makes, throws {@link ByteFormatError} and never gives a wrong value.
 */
import { type ByteString, fromBytes } from "./byte-string.ts";
import { getF64, getU32, getU64 } from "./byte-writer.ts";

/** The Buffer method that reads one-byte strings fastest; Node's types leave it out, browsers have none. */
interface Latin1Source extends Uint8Array {
  latin1Slice(start: number, end: number): string;
}

const NodeBuffer = globalThis.Buffer as typeof Buffer | undefined;
const TWO_28 = 2 ** 28;

/** The bytes are not what the format says. */
export class ByteFormatError extends Error {
  override readonly name = "ByteFormatError";
}

export class ByteReader {
  readonly bytes: Uint8Array;
  position: number;
  end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes =
      NodeBuffer === undefined ? bytes : NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** Moves on by `count` bytes and returns where they start. */
  skip(count: number): number {
    const at = this.position;
    if (count > this.end - at)
      throw new ByteFormatError(`${count} bytes at ${at} reach past the end ${this.end}`);
    this.position = at + count;
    return at;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }

  u32(): number {
    return getU32(this.bytes, this.skip(4));
  }

  u64(): number {
    const value = getU64(this.bytes, this.skip(8));
    if (value > Number.MAX_SAFE_INTEGER)
      throw new ByteFormatError(`the number at ${this.position - 8} is too large`);
    return value;
  }

  i64(): bigint {
    const at = this.skip(8);
    const high = getU32(this.bytes, at + 4) | 0;
    return (BigInt(high) << 32n) | BigInt(getU32(this.bytes, at));
  }

  f64(): number {
    return getF64(this.bytes, this.skip(8));
  }

  varint(): number {
    const bytes = this.bytes;
    const start = this.position;
    let at = start;
    let byte = bytes[at++]!;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
    }
    for (let unit = TWO_28; byte >= 0x80; unit *= 128) {
      if (at - start === 8) throw new ByteFormatError(`the number at ${start} is too long`);
      byte = bytes[at++]!;
      value += (byte & 0x7f) * unit;
    }
    if (!(at <= this.end && value <= Number.MAX_SAFE_INTEGER)) {
      throw new ByteFormatError(`the number at ${start} is cut off or too large`);
    }
    this.position = at;
    return value;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  raw(length: number): ByteString {
    const at = this.skip(length);
    return slice(this.bytes, at, at + length);
  }

  string(): ByteString {
    return this.raw(this.varint());
  }
}

/** The bytes from `start` to `end` as a string of one character a byte. */
export function slice(bytes: Uint8Array, start: number, end: number): ByteString {
  if (start === end) return "" as ByteString;
  if (NodeBuffer !== undefined) return (bytes as Latin1Source).latin1Slice(start, end) as ByteString;
  return fromBytes(bytes.subarray(start, end));
}
