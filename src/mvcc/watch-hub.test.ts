import { describe, expect, test } from "vitest";
import type { ByteString } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { KeyRange } from "../contract/key-range.ts";
import type { WatchBatch, WatchRequest } from "../contract/watch.ts";
import { MvccState } from "./mvcc-state.ts";
import { type WatchCursor, WatchHub } from "./watch-hub.ts";

const bytes = (text: string): ByteString => text as ByteString;
const RANGE: KeyRange = { key: bytes("a"), end: bytes("z") };

/** A state whose writes are published at once, as the memory engine does. */
class Bench {
  readonly state = new MvccState();
  readonly hub = new WatchHub(this.state, (callback) => queueMicrotask(callback));

  put(...keys: string[]): void {
    const success = keys.map((key) => ({ type: "put" as const, key: bytes(key), value: bytes("v") }));
    this.state.evaluate({ conditions: [], success, failure: [] }, 0);
    const from = this.state.durableRevision;
    this.state.publish(this.state.mark());
    this.hub.publish(from, this.state.durableRevision);
  }

  watch(request: Partial<WatchRequest> = {}): WatchCursor {
    return this.hub.add({ ...RANGE, ...request });
  }
}

function show(batch: WatchBatch | undefined): string[] {
  return batch!.events.map((event) => `${event.kv.key}@${event.kv.revision}`);
}

describe("a watch whose consumer waits", () => {
  test("is handed the events of a publication at once", async () => {
    const bench = new Bench();
    const watch = bench.watch();
    const next = watch.next();
    bench.put("b", "c");
    expect(show(await next)).toEqual(["b@2", "c@2"]);
  });

  test("shares one event object with every other watch of the key", async () => {
    const bench = new Bench();
    const batches = [bench.watch({ key: bytes("k"), end: undefined }), bench.watch()].map((watch) =>
      watch.next(),
    );
    bench.put("k");
    const [one, two] = await Promise.all(batches);
    expect(one!.events[0]).toBe(two!.events[0]);
  });
});

describe("a watch whose consumer is busy", () => {
  test("reads what it missed from history, then goes on live, without gap or repeat", async () => {
    const bench = new Bench();
    const watch = bench.watch();
    bench.put("b");
    bench.put("zz");
    bench.put("c");
    expect(show(await watch.next())).toEqual(["b@2", "c@4"]);
    const next = watch.next();
    bench.put("d");
    expect(show(await next)).toEqual(["d@5"]);
  });

  test("is told COMPACTED when compaction overtakes it, and nothing is skipped before", async () => {
    const bench = new Bench();
    const watch = bench.watch();
    for (let at = 0; at < 5; at++) bench.put("b");
    bench.state.compact(4);
    await expect(watch.next()).rejects.toMatchObject({ code: "COMPACTED", details: { compactRevision: 4 } });
    await expect(watch.next()).rejects.toMatchObject({ code: "COMPACTED" });
    expect(bench.hub.size).toBe(0);
  });

  test("is not hurt by compaction of revisions that do not concern it", async () => {
    const bench = new Bench();
    const watch = bench.watch({ key: bytes("k"), end: undefined });
    for (let at = 0; at < 5; at++) bench.put("b");
    bench.state.compact(5);
    const next = watch.next();
    bench.put("k");
    expect(show(await next)).toEqual(["k@7"]);
  });
});

describe("history", () => {
  test("is replayed from any retained revision, the compaction point included", async () => {
    const bench = new Bench();
    for (let at = 0; at < 5; at++) bench.put("b");
    bench.state.compact(4);
    expect(() => bench.watch({ fromRevision: 3 })).toThrow(HoldfastError);
    expect(show(await bench.watch({ fromRevision: 4 }).next())).toEqual(["b@4", "b@5", "b@6"]);
  });

  test("comes in batches that never split a revision", async () => {
    const bench = new Bench();
    const keys = Array.from({ length: 400 }, (_, at) => `k${at}`);
    for (let at = 0; at < 5; at++) bench.put(...keys);
    const watch = bench.watch({ fromRevision: 2 });
    const sizes: number[] = [];
    for (let seen = 0; seen < 2_000; ) {
      const batch = (await watch.next())!;
      sizes.push(batch.events.length);
      seen += batch.events.length;
    }
    expect(sizes).toEqual([1_200, 800]);
  });

  test("without a match is walked in slices, and live events still arrive", async () => {
    const bench = new Bench();
    for (let at = 0; at < 50_000; at++) bench.put("b");
    const watch = bench.watch({ key: bytes("k"), end: undefined, fromRevision: 2 });
    const next = watch.next();
    bench.put("k");
    expect(show(await next)).toEqual(["k@50002"]);
  });

  test("a future start is silent until then", async () => {
    const bench = new Bench();
    const watch = bench.watch({ fromRevision: 4 });
    const next = watch.next();
    bench.put("b");
    bench.put("c");
    bench.put("d");
    expect(show(await next)).toEqual(["d@4"]);
  });
});

describe("progress and the end", () => {
  test("a progress mark comes after everything before it", async () => {
    const bench = new Bench();
    const watch = bench.watch();
    bench.put("b");
    watch.requestProgress();
    expect(show(await watch.next())).toEqual(["b@2"]);
    expect(await watch.next()).toEqual({ revision: 2, events: [] });
    const next = watch.next();
    watch.requestProgress();
    expect(await next).toEqual({ revision: 2, events: [] });
  });

  test("cancelling ends a waiting call with undefined and leaves no trace", async () => {
    const bench = new Bench();
    const watches = [bench.watch(), bench.watch({ key: bytes("k"), end: undefined })];
    const next = watches.map((watch) => watch.next());
    for (const watch of watches) watch.cancel();
    expect(await Promise.all(next)).toEqual([undefined, undefined]);
    expect(bench.hub.size).toBe(0);
    bench.hub.assertValid();
    bench.put("k");
    expect(await watches[0]!.next()).toBeUndefined();
  });

  test("a second call while one waits is refused, and the first still gets its batch", async () => {
    const bench = new Bench();
    const watch = bench.watch();
    const next = watch.next();
    await expect(watch.next()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    bench.put("b");
    expect(show(await next)).toEqual(["b@2"]);
  });
});
