import { describe, expect, test } from "vitest";
import type { ByteString } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import { EVERYTHING } from "../contract/key-range.ts";
import type { KeyValue } from "../contract/key-value.ts";
import type { WatchBatch, WatchEvent } from "../contract/watch.ts";
import { checkWatch, type ObservedWatch, type WatchGuarantee } from "./watch-checker.ts";

function pair(key: string, revision: number, version: number): KeyValue {
  const [name, value] = [key as ByteString, `${key}${version}` as ByteString];
  return { key: name, value, revision, createRevision: revision - version + 1, version, leaseId: 0n };
}

/** Revisions 2 to 9 put a, the even ones b with it; 10 deletes both. */
function storeHistory(): WatchEvent[] {
  const events: WatchEvent[] = [];
  const last = new Map<string, KeyValue>();
  const put = (key: string, revision: number): void => {
    const previous = last.get(key);
    const kv = pair(key, revision, (previous?.version ?? 0) + 1);
    last.set(key, kv);
    events.push(previous === undefined ? { type: "put", kv } : { type: "put", kv, previous });
  };
  for (let revision = 2; revision <= 9; revision++) {
    put("a", revision);
    if (revision % 2 === 0) put("b", revision);
  }
  for (const key of ["a", "b"]) {
    const kv: KeyValue = { ...pair(key, 10, 1), value: "" as ByteString, createRevision: 0, version: 0 };
    events.push({ type: "delete", kv, previous: last.get(key)! });
  }
  return events;
}

const HISTORY = storeHistory();

/** One batch for each revision, as a faithful watch would give. */
function faithful(fromRevision = 2): WatchBatch[] {
  const revisions = [2, 3, 4, 5, 6, 7, 8, 9, 10].filter((revision) => revision >= fromRevision);
  return revisions.map((revision) => ({
    revision,
    events: HISTORY.filter((event) => event.kv.revision === revision),
  }));
}

function observe(batches: readonly WatchBatch[], more: Partial<ObservedWatch> = {}): ObservedWatch {
  return { request: { ...EVERYTHING, fromRevision: 2, previous: true }, startRevision: 10, batches, ...more };
}

function broken(observed: ObservedWatch): readonly WatchGuarantee[] {
  return [...new Set(checkWatch(observed, HISTORY).map((violation) => violation.guarantee))];
}

function compacted(compactRevision: number): HoldfastError {
  return new HoldfastError("COMPACTED", "gone", { details: { compactRevision } });
}

describe("a faithful watch breaks nothing", () => {
  test("from the beginning, batch by batch or many revisions at once", () => {
    expect(broken(observe(faithful()))).toEqual([]);
    expect(broken(observe([{ revision: 10, events: HISTORY }]))).toEqual([]);
  });

  test("with progress marks between", () => {
    const marks = faithful().flatMap((batch) => [batch, { revision: batch.revision, events: [] }]);
    expect(broken(observe([{ revision: 1, events: [] }, ...marks]))).toEqual([]);
  });

  test("that has not read to the end yet", () => {
    expect(broken(observe(faithful().slice(0, 4)))).toEqual([]);
    expect(broken(observe([]))).toEqual([]);
  });

  test("of some keys, some kinds, some revisions, without previous states", () => {
    const key = "b" as ByteString;
    const onlyB = faithful(5).map((batch) => ({
      ...batch,
      events: batch.events.filter((event) => event.kv.key === "b"),
    }));
    expect(broken(observe(onlyB, { request: { key, fromRevision: 5, previous: true } }))).toEqual([]);
    const deletes = [{ revision: 10, events: HISTORY.slice(-2).map(({ type, kv }) => ({ type, kv })) }];
    expect(broken(observe(deletes, { request: { ...EVERYTHING, fromRevision: 1, only: "delete" } }))).toEqual(
      [],
    );
    expect(
      broken(observe(faithful(8), { request: { ...EVERYTHING, previous: true }, startRevision: 7 })),
    ).toEqual([]);
  });

  test("that was overtaken by compaction", () => {
    expect(broken(observe(faithful().slice(0, 2), { end: compacted(6) }))).toEqual([]);
  });

  test("whose states before were compacted away", () => {
    const bare = faithful(5).map((batch) =>
      batch.revision > 5 ? batch : { ...batch, events: batch.events.map(({ type, kv }) => ({ type, kv })) },
    );
    const request = { ...EVERYTHING, fromRevision: 5, previous: true };
    expect(broken(observe(bare, { request, compactRevision: 5 }))).toEqual([]);
    expect(broken(observe(bare, { request, compactRevision: 4 }))).toEqual(["truthful"]);
  });
});

/** A faithful watch with one planted bug, and the guarantees that it breaks, the telling one in front. */
const PLANTED: readonly (readonly [bug: string, batches: WatchBatch[], ...broken: WatchGuarantee[]])[] = [
  [
    "events of a revision swapped",
    faithful().map((batch) => ({ ...batch, events: batch.events.toReversed() })),
    "ordered",
  ],
  ["an old revision after a newer one", move(faithful(), 5, 3), "ordered", "bookmarkable"],
  [
    "an event twice in its batch",
    faithful().map((batch) => ({ ...batch, events: batch.events.flatMap((event) => [event, event]) })),
    "unique",
  ],
  ["a batch again after a reconnect", [...faithful().slice(0, 5), ...faithful().slice(4)], "unique"],
  [
    "a revision in two batches",
    faithful().flatMap(({ revision, events }) => events.map((event) => ({ revision, events: [event] }))),
    "atomic",
    "bookmarkable",
  ],
  [
    "half a revision",
    faithful().map((batch) => (batch.revision === 6 ? { ...batch, events: batch.events.slice(1) } : batch)),
    "atomic",
  ],
  ["a gap in the middle", faithful().filter((batch) => batch.revision !== 5), "reliable"],
  [
    "a gap after a reconnect",
    faithful().filter((batch) => batch.revision !== 7 && batch.revision !== 8),
    "reliable",
  ],
  ["the first revision asked for missing", faithful().slice(1), "resumable"],
  [
    "a mark before what it promises",
    [...faithful().slice(0, 3), { revision: 6, events: [] }, ...faithful().slice(3)],
    "bookmarkable",
  ],
  ["a mark for what never came", [...faithful().slice(0, 3), { revision: 10, events: [] }], "bookmarkable"],
  ["a mark that goes back", [...faithful(), { revision: 9, events: [] }], "bookmarkable"],
  [
    "an event that never happened",
    [...faithful(), { revision: 11, events: [{ type: "put", kv: pair("a", 11, 1) }] }],
    "truthful",
  ],
  [
    "a value that was never written",
    alter((event) => ({ ...event, kv: { ...event.kv, value: "lie" as ByteString } })),
    "truthful",
  ],
  ["a wrong version", alter((event) => ({ ...event, kv: { ...event.kv, version: 1 } })), "truthful"],
  ["a wrong state before", alter((event) => ({ ...event, previous: pair("a", 2, 1) })), "truthful"],
  ["a missing state before", alter(({ type, kv }) => ({ type, kv })), "truthful"],
];

function move(batches: WatchBatch[], from: number, to: number): WatchBatch[] {
  const [moved] = batches.splice(from, 1);
  batches.splice(to, 0, moved!);
  return batches;
}

/** A faithful watch with the event of revision 7 altered. */
function alter(change: (event: WatchEvent) => WatchEvent): WatchBatch[] {
  return faithful().map((batch) =>
    batch.revision === 7 ? { ...batch, events: batch.events.map(change) } : batch,
  );
}

describe("a planted bug is caught by its name:", () => {
  for (const [bug, batches, ...guarantees] of PLANTED) {
    test(`${bug} breaks ${guarantees.join(" and ")}`, () => {
      expect(broken(observe(batches)).toSorted()).toEqual(guarantees.toSorted());
    });
  }

  test("keys, kinds and revisions that were not asked for break filtered", () => {
    const onlyB = { key: "b" as ByteString, fromRevision: 2, previous: true };
    expect(broken(observe(faithful(), { request: onlyB }))).toEqual(["filtered"]);
    expect(
      broken(
        observe(faithful(), { request: { ...EVERYTHING, fromRevision: 2, previous: true, only: "put" } }),
      ),
    ).toEqual(["filtered"]);
    expect(
      broken(observe(faithful(), { request: { ...EVERYTHING, fromRevision: 4, previous: true } })),
    ).toEqual(["filtered"]);
  });

  test("an end as compacted without need breaks reliable", () => {
    expect(broken(observe(faithful().slice(0, 5), { end: compacted(7) }))).toEqual(["reliable"]);
    expect(broken(observe(faithful().slice(0, 5), { end: compacted(8) }))).toEqual([]);
  });

  test("states before that were not asked for break truthful", () => {
    expect(broken(observe(faithful(), { request: { ...EVERYTHING, fromRevision: 2 } }))).toEqual([
      "truthful",
    ]);
  });
});
