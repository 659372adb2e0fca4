import { describe, expect, test } from "vitest";
import { chooseVictims, mustCarry } from "./merge-plan.ts";
import { Segment } from "./segment-table.ts";

const MIB = 2 ** 20;

function segment(id: number, facts: Partial<Segment>): Segment {
  const made = new Segment(id, "log");
  made.isSealed = true;
  return Object.assign(made, { bytes: 4 * MIB, minRevision: id * 100, ...facts });
}

const sizes = (outputBytes: number) => ({ outputBytes, carriedBytesMin: MIB });
const ids = (segments: readonly Segment[]): number[] => segments.map(({ id }) => id);

describe("choosing what to merge", () => {
  test("takes those with the least live data first, as much as fits one output", () => {
    const given = [
      segment(1, { liveBytes: 3 * MIB }),
      segment(2, { liveBytes: 1 * MIB }),
      segment(3, { liveBytes: 0 }),
      segment(4, { liveBytes: 2 * MIB }),
    ];
    expect(ids(chooseVictims(given, sizes(3 * MIB)))).toEqual([3, 2, 4]);
  });

  test("leaves alone what is nearly all live, and what could not be read", () => {
    const live = segment(1, { liveBytes: 3.9 * MIB });
    const damaged = segment(2, { liveBytes: 0, isDamaged: true });
    expect(chooseVictims([live, damaged], sizes(4 * MIB))).toEqual([]);
  });

  test("one that is too large for an output is merged alone", () => {
    const given = [segment(1, { bytes: 100 * MIB, liveBytes: 20 * MIB })];
    expect(ids(chooseVictims(given, sizes(4 * MIB)))).toEqual([1]);
  });

  test("where carried tombstones pile up, the segment that they are carried for is merged", () => {
    const old = segment(1, { liveBytes: 4 * MIB, cleanAsOf: 0 });
    const carrier = segment(2, { liveBytes: 0, carriedBytes: 4 * MIB, cleanAsOf: 500 });
    expect(ids(chooseVictims([old, carrier], sizes(4 * MIB)))).toEqual([1, 2]);
    const few = segment(2, { liveBytes: 0, carriedBytes: 0.1 * MIB, bytes: 0.1 * MIB, cleanAsOf: 500 });
    expect(chooseVictims([old, few], sizes(4 * MIB))).toEqual([]);
  });
});

describe("a tombstone that history has let go of", () => {
  test("is kept while another segment may hold an older version of its key", () => {
    const log = { minRevision: 5, cleanAsOf: 0 };
    expect(mustCarry(9, [log])).toBe(true);
    expect(mustCarry(4, [log])).toBe(false);
  });

  test("is dropped where all others are newer, or clean beyond it", () => {
    const clean = { minRevision: 2, cleanAsOf: 95 };
    expect(mustCarry(90, [clean])).toBe(false);
    expect(mustCarry(95, [clean])).toBe(true);
    expect(mustCarry(90, [])).toBe(false);
  });
});
