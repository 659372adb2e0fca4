import { expect, test } from "vitest";
import type { ByteString } from "../../base/byte-string.ts";
import { Version } from "../../mvcc/version.ts";
import { ValueCache } from "./value-cache.ts";

const value = "v".repeat(1_000) as ByteString;

function versions(count: number): Version[] {
  return Array.from(
    { length: count },
    (_, at) => new Version(`${at}` as ByteString, "" as ByteString, at, 0, 1, 1, 0n),
  );
}

test("what was used longest ago goes first, and no more is kept than fits", () => {
  const [a, b, c, d] = versions(4) as [Version, Version, Version, Version];
  const cache = new ValueCache(3_500);
  for (const version of [a, b, c]) cache.set(version, value);
  expect(cache.get(a)).toBe(value);
  cache.set(d, value);
  expect([a, b, c, d].map((version) => cache.get(version) !== undefined)).toEqual([true, false, true, true]);
});

test("what is larger than the cache is not kept, and what is forgotten makes room", () => {
  const [a, b, c] = versions(3) as [Version, Version, Version];
  const cache = new ValueCache(2_300);
  cache.set(a, "v".repeat(5_000) as ByteString);
  expect(cache.get(a)).toBeUndefined();
  for (const version of [a, b]) cache.set(version, value);
  cache.delete(a);
  cache.set(c, value);
  expect([cache.get(b), cache.get(c)]).toEqual([value, value]);
});

test("setting a value twice counts it once", () => {
  const [a, b] = versions(2) as [Version, Version];
  const cache = new ValueCache(2_300);
  for (let round = 0; round < 5; round++) cache.set(a, value);
  cache.set(b, value);
  expect([cache.get(a), cache.get(b)]).toEqual([value, value]);
});
