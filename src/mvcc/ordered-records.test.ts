import { describe, expect, test } from "vitest";
import type { ByteString } from "../base/byte-string.ts";
import { below, seededRandom } from "../base/random.ts";
import { type KeyRecord, OrderedRecords } from "./ordered-records.ts";
import { tombstone } from "./version.ts";

function record(key: string): KeyRecord {
  const bytes = key as ByteString;
  return { key: bytes, head: tombstone(bytes, 1, 0) };
}

function walk(tree: OrderedRecords, start: string, end: string | undefined, reversed: boolean): string[] {
  const found: string[] = [];
  const method = reversed ? "visitReversed" : "visit";
  tree[method](start as ByteString, end as ByteString | undefined, ({ key }) => {
    found.push(key);
    return false;
  });
  return found;
}

describe("ordered records", () => {
  test.each([40, 400, 20_000])("agree with a sorted array through random changes over %i keys", (space) => {
    const random = seededRandom(space);
    const tree = new OrderedRecords();
    const keys = new Set<string>();
    const key = (): string => String.fromCharCode(below(random, 256)) + below(random, space).toString(36);
    for (let step = 0; step < 20_000; step++) {
      // Grows for the first half, shrinks in the second: both splitting and merging happen.
      const grows = below(random, 10) < (step < 10_000 ? 8 : 2);
      const chosen = grows ? key() : [...keys][0];
      if (chosen === undefined) continue;
      if (keys.has(chosen)) {
        tree.remove(chosen as ByteString);
        keys.delete(chosen);
      } else {
        tree.add(record(chosen));
        keys.add(chosen);
      }
      if (step % 500 !== 0) continue;
      tree.assertValid();
      const [start, end] = [key(), below(random, 4) === 0 ? undefined : key()];
      const expected = [...keys].sort().filter((one) => one >= start && (end === undefined || one < end));
      expect(walk(tree, start, end, false)).toEqual(expected);
      expect(walk(tree, start, end, true)).toEqual(expected.reverse());
    }
  });

  test("ascending keys fill their leaves, and everything can be removed again", () => {
    const tree = new OrderedRecords();
    const keys = Array.from({ length: 5_000 }, (_, at) => String(at).padStart(6, "0"));
    for (const key of keys) tree.add(record(key));
    tree.assertValid();
    expect(walk(tree, "", undefined, false)).toEqual(keys);
    for (const key of keys) tree.remove(key as ByteString);
    tree.assertValid();
    expect(tree.size).toBe(0);
    expect(walk(tree, "", undefined, true)).toEqual([]);
  });

  test.each([0, 1, 112, 113, 50_000])("bulk loads %i records", (count) => {
    const keys = Array.from({ length: count }, (_, at) => String(at).padStart(6, "0"));
    const tree = OrderedRecords.from(keys.map(record));
    tree.assertValid();
    expect(walk(tree, "", undefined, false)).toEqual(keys);
    tree.add(record("000000!"));
    tree.assertValid();
  });

  test("a visitor that returns true stops the walk", () => {
    const tree = OrderedRecords.from(["a", "b", "c"].map(record));
    const seen: string[] = [];
    tree.visit("" as ByteString, undefined, ({ key }) => {
      seen.push(key);
      return key === "b";
    });
    expect(seen).toEqual(["a", "b"]);
  });
});
