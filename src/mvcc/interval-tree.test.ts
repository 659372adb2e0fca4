import { expect, test } from "vitest";
import type { ByteString } from "../base/byte-string.ts";
import { below, seededRandom } from "../base/random.ts";
import { NO_END, rangeHas } from "../contract/key-range.ts";
import { type IntervalHandle, IntervalTree } from "./interval-tree.ts";

test("finds exactly the ranges that hold a key, while ranges come and go", () => {
  const random = seededRandom(7);
  const key = (): ByteString =>
    String.fromCharCode(97 + below(random, 26), 97 + below(random, 26)) as ByteString;
  const tree = new IntervalTree<number>();
  const ranges = new Map<number, { key: ByteString; end: ByteString; handle: IntervalHandle }>();
  for (let step = 0; step < 3_000; step++) {
    if (below(random, 3) > 0 || ranges.size === 0) {
      const range = { key: key(), end: below(random, 10) === 0 ? NO_END : key() };
      ranges.set(step, { ...range, handle: tree.add(range, step) });
    } else {
      const [name, range] = [...ranges][below(random, ranges.size)]!;
      tree.remove(range.handle);
      ranges.delete(name);
    }
    if (step % 10 !== 0) continue;
    tree.assertValid();
    const probe = key();
    const found: number[] = [];
    tree.visit(probe, (item) => found.push(item));
    const expected = [...ranges].filter(([, range]) => rangeHas(range, probe)).map(([name]) => name);
    expect(found.sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
  }
});
