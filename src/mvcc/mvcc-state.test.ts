import { describe, expect, test } from "vitest";
import { type ByteString, EMPTY } from "../base/byte-string.ts";
import { below, seededRandom } from "../base/random.ts";
import { EVERYTHING } from "../contract/key-range.ts";
import type { KeyValue } from "../contract/key-value.ts";
import type { Operation, TxnRequest } from "../contract/txn.ts";
import { MvccState } from "./mvcc-state.ts";
import { readRange } from "./range-reader.ts";
import { NO_LOADED_VALUES } from "./spilled-values.ts";
import { type Version, versionAt } from "./version.ts";

const bytes = (text: string): ByteString => text as ByteString;
const always = (...success: Operation[]): TxnRequest => ({ conditions: [], success, failure: [] });
const put = (key: string, value: string, leaseId = 0n): Operation => ({
  type: "put",
  key: bytes(key),
  value: bytes(value),
  leaseId,
});
const del = (key: string): Operation => ({ type: "delete", key: bytes(key) });

function run(state: MvccState, ...operations: Operation[]): void {
  state.evaluate(always(...operations), 0);
}

function publish(state: MvccState): void {
  state.publish(state.mark());
}

function contents(state: MvccState, revision: number): unknown[] {
  const { kvs } = readRange(state.index, EVERYTHING, revision, NO_LOADED_VALUES);
  return kvs.map(({ key, value, revision, createRevision, version, leaseId }: KeyValue) => ({
    key,
    value,
    revision,
    createRevision,
    version,
    leaseId,
  }));
}

describe("pending transactions", () => {
  test("are seen by later transactions and by no reader", () => {
    const state = new MvccState();
    run(state, put("a", "1"));
    expect(state.durableRevision).toBe(1);
    expect(contents(state, state.durableRevision)).toEqual([]);
    const { result } = state.evaluate(
      {
        conditions: [{ key: bytes("a"), target: "version", is: "=", to: 1 }],
        success: [put("b", "1")],
        failure: [],
      },
      0,
    );
    expect(result.succeeded).toBe(true);
    publish(state);
    expect(contents(state, state.durableRevision)).toHaveLength(2);
    state.assertValid();
  });

  test("leave nothing behind when they are discarded", () => {
    const random = seededRandom(11);
    for (let round = 0; round < 200; round++) {
      const state = new MvccState();
      mutate(state, random, 30);
      publish(state);
      const before = {
        kvs: contents(state, state.revision),
        leases: state.leaseImages(0),
        keys: state.liveKeys,
      };
      const bytesBefore = state.historyBytes;
      mutate(state, random, 30);
      state.discardPending();
      state.assertValid();
      expect({
        kvs: contents(state, state.revision),
        leases: state.leaseImages(0),
        keys: state.liveKeys,
      }).toEqual(before);
      expect(state.historyBytes).toBe(bytesBefore);
    }
  });
});

/** Random puts, deletes, grants and revokes over few keys. */
function mutate(state: MvccState, random: ReturnType<typeof seededRandom>, steps: number): void {
  for (let step = 0; step < steps; step++) {
    const key = `k${below(random, 8)}`;
    const leases = state.leases.all();
    switch (below(random, 5)) {
      case 0:
        run(state, del(key));
        break;
      case 1:
        state.grantLease(BigInt(1_000 + state.mark().leaseChanges), 50, { timeMs: 0, monotonicMs: 0 });
        break;
      case 2:
        if (leases.length > 0) state.revokeLease(leases[below(random, leases.length)]!.id, 0);
        break;
      default: {
        const lease = leases.length > 0 && below(random, 2) === 0 ? leases[0]!.id : 0n;
        run(state, put(key, String(step), lease), put(`other${below(random, 4)}`, "x"));
      }
    }
  }
}

describe("compaction", () => {
  test("keeps the newest state of every key, a tombstone at the point itself, and every later revision", () => {
    const state = new MvccState();
    run(state, put("a", "1")); // 2
    run(state, put("a", "2"), put("b", "1")); // 3
    run(state, del("a")); // 4
    run(state, put("c", "1")); // 5
    publish(state);
    const at4 = contents(state, 4);
    const dropped: Version[] = [];
    state.onDropped = (version) => dropped.push(version);
    state.compact(4);
    expect(contents(state, 4)).toEqual(at4);
    expect(state.head(bytes("a"))?.isTombstone).toBe(true);
    expect(state.head(bytes("a"))?.previous?.value).toBe("2");
    state.compact(5);
    expect(state.head(bytes("a"))).toBeUndefined();
    expect(dropped.map((version) => version.revision).sort()).toEqual([2, 3, 4]);
    expect(state.historyBytes).toBe(0);
    state.assertValid();
  });

  test("reads at every retained revision are the same before and after", () => {
    const random = seededRandom(5);
    for (let round = 0; round < 100; round++) {
      const state = new MvccState();
      mutate(state, random, 60);
      publish(state);
      const point = 2 + below(random, Math.max(1, state.revision - 2));
      const before = new Map<number, unknown>();
      for (let at = point; at <= state.revision; at++) before.set(at, contents(state, at));
      state.compact(point);
      state.assertValid();
      for (const [at, expected] of before) expect(contents(state, at)).toEqual(expected);
    }
  });

  test("passes over a pinned revision only once it is unpinned", () => {
    const state = new MvccState();
    for (const value of ["1", "2", "3"]) run(state, put("a", value));
    publish(state);
    state.pin(2);
    state.compact(4);
    expect(versionAt(state.head(bytes("a")), 2)?.value).toBe("1");
    state.unpin(2);
    expect(versionAt(state.head(bytes("a")), 2)).toBeUndefined();
    expect(versionAt(state.head(bytes("a")), 4)?.value).toBe("3");
  });
});

describe("failing transactions", () => {
  test("undo everything they wrote before the failure", () => {
    const state = new MvccState();
    run(state, put("n", "x".repeat(7)));
    publish(state);
    const before = contents(state, state.revision);
    const overflow: Operation = {
      type: "merge",
      key: bytes("n"),
      fn: "add",
      width: 1,
      offset: 0,
      operand: bytes("\x7f"),
    };
    expect(() => run(state, put("a", "1"), del("b"), overflow)).toThrow(/merge add/);
    expect(state.hasPending).toBe(false);
    expect(contents(state, state.revision)).toEqual(before);
    expect(state.head(bytes("a"))).toBeUndefined();
    state.assertValid();
  });
});

describe("an image", () => {
  test("loads to the same state, history and leases included", () => {
    const random = seededRandom(23);
    const state = new MvccState();
    mutate(state, random, 200);
    publish(state);
    state.compact(50);
    const copy = new MvccState();
    const clone = (version: Version | undefined): Version | undefined => {
      if (version === undefined) return undefined;
      const made = Object.assign(Object.create(Object.getPrototypeOf(version)) as Version, version);
      made.previous = clone(version.previous);
      return made;
    };
    copy.load(
      {
        revision: state.revision,
        compactRevision: state.compactRevision,
        heads: state.headsAfter(undefined, 1_000).map((head) => clone(head)!),
        leases: state.leaseImages(10),
        times: state.times.samples(),
      },
      10,
    );
    copy.assertValid();
    for (let at = 50; at <= state.revision; at++) expect(contents(copy, at)).toEqual(contents(state, at));
    expect(copy.leaseImages(10)).toEqual(state.leaseImages(10));
    expect(copy.historyBytes).toBe(state.historyBytes);
    expect(copy.head(EMPTY)).toBeUndefined();
  });
});
