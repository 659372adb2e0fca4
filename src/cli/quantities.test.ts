import { expect, test } from "vitest";
import {
  formatBytes,
  formatCount,
  formatDuration,
  parseCount,
  parseDuration,
  parseLeaseId,
  parseTime,
  plural,
} from "./quantities.ts";

test("whole numbers are taken from the least allowed one up to the safe integers", () => {
  expect(parseCount("0", "n")).toBe(0);
  expect(parseCount("9007199254740991", "n")).toBe(Number.MAX_SAFE_INTEGER);
  for (const text of ["", "-1", "1.5", "1e3", "x", "9007199254740992", " 1", "0x10"]) {
    expect(() => parseCount(text, "n")).toThrow("n must be a whole number from 0 on");
  }
  expect(() => parseCount("0", "n", 1)).toThrow("from 1 on");
});

test("times to live need a unit, and say which where it is missing", () => {
  expect(["500ms", "30s", "5m", "2h", "1d", "1.5s"].map((text) => parseDuration(text, "--ttl"))).toEqual([
    500, 30_000, 300_000, 7_200_000, 86_400_000, 1_500,
  ]);
  expect(() => parseDuration("30", "--ttl")).toThrow("say the unit, 30s or 30ms");
  for (const text of ["", "s", "-5s", "5 s", "5min", "0s", "0.1ms"]) {
    expect(() => parseDuration(text, "--ttl")).toThrow("--ttl must be");
  }
});

test("points in time are ISO 8601 or milliseconds", () => {
  expect(parseTime("2026-01-31T12:00:00Z", "t")).toBe(Date.UTC(2026, 0, 31, 12));
  expect(parseTime("2026-01-31T12:00:00+02:00", "t")).toBe(Date.UTC(2026, 0, 31, 10));
  expect(parseTime("1769860800000", "t")).toBe(1_769_860_800_000);
  for (const text of ["", "yesterday", "2026-13-01", "12:00", "17"]) {
    expect(() => parseTime(text, "t")).toThrow("t must be a time");
  }
});

test("lease ids are decimal or hexadecimal, from 1 to 2^63 - 1", () => {
  expect(parseLeaseId("9223372036854775807")).toBe(2n ** 63n - 1n);
  expect(parseLeaseId("0x1f")).toBe(31n);
  for (const text of ["0", "-1", "x", "", "9223372036854775808"]) {
    expect(() => parseLeaseId(text)).toThrow("a lease id is a whole number");
  }
});

test("quantities are short and readable", () => {
  expect(
    [0, 999, 1_000, 59_999, 60_000, 90_000, 3_600_000, 5_430_000, 90_000_000].map(formatDuration),
  ).toEqual([...["0ms", "999ms", "1s", "59.9s", "1m", "1m 30s", "1h", "1h 30m", "1d 1h"]]);
  expect([0, 1_023, 1_024, 10_240, 5 * 2 ** 20, 3 * 2 ** 40].map(formatBytes)).toEqual([
    ...["0 B", "1023 B", "1.0 KiB", "10 KiB", "5.0 MiB", "3.0 TiB"],
  ]);
  expect([0, 999, 1_000, 1_234_567].map(formatCount)).toEqual(["0", "999", "1 000", "1 234 567"]);
  expect([plural(0, "key"), plural(1, "key"), plural(2, "entry", "entries")]).toEqual([
    ...["0 keys", "1 key", "2 entries"],
  ]);
});
