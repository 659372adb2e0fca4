import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32, crc32Portable } from "./checksum.ts";

test("the checksum is that of zlib", () => {
  expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
});

test("the portable form gives the same, at any length and from any seed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 2 ** 32 - 1 }), (bytes, seed) => {
      expect(crc32Portable(bytes, seed)).toBe(crc32(bytes, seed));
    }),
  );
});

test("a checksum goes on from that of what came before", () => {
  const bytes = Buffer.from("before and after");
  expect(crc32(bytes.subarray(6), crc32(bytes.subarray(0, 6)))).toBe(crc32(bytes));
});
