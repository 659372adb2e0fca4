import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteFormatError, ByteReader } from "./byte-reader.ts";
import type { ByteString } from "./byte-string.ts";
import { ByteWriter, varintLength } from "./byte-writer.ts";

const byteString = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes) => String.fromCharCode(...bytes) as ByteString);
const whole = fc.oneof(
  fc.nat({ max: 300 }),
  fc.maxSafeNat(),
  fc.constantFrom(2 ** 7 - 1, 2 ** 7, 2 ** 28 - 1, 2 ** 28, 2 ** 32, Number.MAX_SAFE_INTEGER),
);

type Written =
  | { kind: "varint"; value: number }
  | { kind: "zigzag"; value: number }
  | { kind: "u32"; value: number }
  | { kind: "u64"; value: number }
  | { kind: "f64"; value: number }
  | { kind: "i64"; value: bigint }
  | { kind: "string"; value: ByteString };

const written: fc.Arbitrary<Written> = fc.oneof(
  whole.map((value) => ({ kind: "varint", value }) as const),
  fc.integer().map((value) => ({ kind: "zigzag", value }) as const),
  fc.nat({ max: 2 ** 32 - 1 }).map((value) => ({ kind: "u32", value }) as const),
  whole.map((value) => ({ kind: "u64", value }) as const),
  fc.double().map((value) => ({ kind: "f64", value }) as const),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ kind: "i64", value }) as const),
  byteString.map((value) => ({ kind: "string", value }) as const),
);

function write(writer: ByteWriter, item: Written): void {
  if (item.kind === "i64") writer.i64(item.value);
  else if (item.kind === "string") writer.string(item.value);
  else writer[item.kind](item.value);
}

describe("byte writer and reader", () => {
  test("what was written is read back, in order, to the last byte", () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 40 }), (items) => {
        const writer = new ByteWriter(1);
        for (const item of items) write(writer, item);
        const reader = new ByteReader(writer.written());
        for (const item of items) expect(reader[item.kind]()).toEqual(item.value);
        expect(reader.done).toBe(true);
      }),
    );
  });

  test("a varint takes the bytes that varintLength says", () => {
    fc.assert(
      fc.property(whole, (value) => {
        const writer = new ByteWriter();
        writer.varint(value);
        expect(writer.length).toBe(varintLength(value));
      }),
    );
  });

  test("reading past the end throws and gives nothing", () => {
    fc.assert(
      fc.property(written, (item) => {
        const writer = new ByteWriter();
        write(writer, item);
        const reader = new ByteReader(writer.bytes, 0, writer.length - 1);
        expect(() => reader[item.kind]()).toThrow(ByteFormatError);
      }),
    );
  });

  test("random bytes are read as something or refused, never beyond their end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        const reader = new ByteReader(bytes);
        try {
          while (!reader.done) reader.string();
        } catch (error) {
          expect(error).toBeInstanceOf(ByteFormatError);
        }
        expect(reader.position).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  test("a number beyond the safe integers is refused", () => {
    const tooLong = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
    expect(() => new ByteReader(tooLong).varint()).toThrow(ByteFormatError);
    expect(() => new ByteReader(new Uint8Array(8).fill(0xff)).u64()).toThrow(ByteFormatError);
  });

  test("a writer that is reset starts again and gives back what is too much", () => {
    const writer = new ByteWriter(16);
    writer.raw("x".repeat(1_000) as ByteString);
    writer.reset(64);
    expect(writer.length).toBe(0);
    expect(writer.bytes.length).toBe(64);
  });
});
