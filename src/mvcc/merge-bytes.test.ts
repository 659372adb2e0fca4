import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ByteString, EMPTY } from "../base/byte-string.ts";
import { isHoldfastError } from "../contract/errors.ts";
import type { MergeFunction, MergeWidth } from "../contract/txn.ts";
import { coveredBytes, mergeBytes, readSigned, signedBytes } from "./merge-bytes.ts";

const bytes = (text: string): ByteString => text as ByteString;
const add = (value: ByteString, by: number, width: MergeWidth = 8): ByteString =>
  mergeBytes(value, { fn: "add", width, offset: 0, operand: signedBytes(by, width) });

describe("merge add", () => {
  test("counts up and down from an absent value", () => {
    expect(readSigned(add(add(EMPTY, 5), -8), 0, 8)).toBe(-3);
  });

  test("adds exactly over all safe integers", () => {
    const safe = fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 });
    fc.assert(fc.property(safe, safe, (a, b) => readSigned(add(signedBytes(a, 8), b), 0, 8) === a + b));
  });

  test.each([1, 2, 4] as const)("wraps nothing at width %i: leaving the width is OUT_OF_RANGE", (width) => {
    const max = 2 ** (8 * width - 1) - 1;
    expect(readSigned(add(signedBytes(max - 1, width), 1, width), 0, width)).toBe(max);
    expect(() => add(signedBytes(max, width), 1, width)).toThrow(/allowed at width/);
    expect(() => add(signedBytes(-max - 1, width), -1, width)).toThrow(/allowed at width/);
  });

  test("crossing the safe integers at width 8 is OUT_OF_RANGE", () => {
    const thrown = (() => {
      try {
        add(signedBytes(Number.MAX_SAFE_INTEGER, 8), 1);
        return undefined;
      } catch (error) {
        return error;
      }
    })();
    expect(isHoldfastError(thrown, "OUT_OF_RANGE")).toBe(true);
  });
});

describe("merge by element", () => {
  test("max compares unsigned little-endian elements one by one", () => {
    const merged = mergeBytes(bytes("\x01\x02\xff\x00"), {
      fn: "max",
      width: 2,
      offset: 0,
      operand: bytes("\x00\x03\x00\x80"),
    });
    expect(merged).toBe("\x00\x03\x00\x80");
  });

  test("or sets bits and never clears one", () => {
    expect(mergeBytes(bytes("\x0f\x10"), { fn: "or", width: 1, offset: 1, operand: bytes("\x01") })).toBe(
      "\x0f\x11",
    );
  });

  test("an offset beyond the value fills with zero bytes", () => {
    expect(mergeBytes(bytes("a"), { fn: "set", width: 1, offset: 3, operand: bytes("z") })).toBe("a\0\0z");
    expect(coveredBytes(bytes("a"), { fn: "set", width: 1, offset: 0, operand: bytes("xyz") })).toBe("a\0\0");
  });

  test("bytes outside the operand stay as they are", () => {
    const fns = fc.constantFrom<MergeFunction>("max", "or", "set");
    const anyBytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 });
    fc.assert(
      fc.property(fns, anyBytes, fc.nat(20), fc.integer({ min: 1, max: 8 }), (fn, codes, offset, length) => {
        const value = bytes(String.fromCharCode(...codes));
        const merged = mergeBytes(value, { fn, width: 1, offset, operand: bytes("\x55".repeat(length)) });
        const before = value.slice(0, offset).padEnd(offset, "\0");
        return merged.startsWith(before) && merged.slice(offset + length) === value.slice(offset + length);
      }),
    );
  });
});
