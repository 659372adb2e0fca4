import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { open } from "../open.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import type { Database } from "./database.ts";
import type { Watch, WatchEvent } from "./watch.ts";

let db: Database;

beforeEach(async () => {
  db = await open("mem:");
});
afterEach(() => db.close());

const told = (event: WatchEvent): string => `${event.type} ${event.kv.key} @${event.kv.revision}`;

async function take<T>(count: number, source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) if (items.push(item) === count) break;
  return items;
}

async function takeTold(count: number, watch: Watch): Promise<string[]> {
  return (await take(count, watch)).map(told);
}

describe("watch", () => {
  it("gives every event after it was opened", async () => {
    await db.put("a", "before");
    const watch = await db.watch({ key: "a" });
    expect(watch.startRevision).toBe(2);
    await db.put("a", "1");
    await db.put("b", "1");
    await db.delete("a");
    const [put, gone] = await take(2, watch);
    expect([told(put!), put!.kv.text(), put!.isCreate]).toEqual(["put a @3", "1", false]);
    expect([told(gone!), gone!.kv.version, gone!.kv.value.length]).toEqual(["delete a @5", 0, 0]);
  });

  it("follows a key, a prefix or an interval, and nothing else", async () => {
    const watches = await Promise.all([
      db.watch({ key: "a/1" }),
      db.watch({ prefix: "a/" }),
      db.watch({ start: "a/2", end: "b" }),
    ]);
    for (const key of ["a", "a/1", "a/10", "a/2", "b"]) await db.put(key, "");
    await db.txn({ success: [{ type: "delete", prefix: "" }] });
    expect(await takeTold(2, watches[0])).toEqual(["put a/1 @3", "delete a/1 @7"]);
    expect(await takeTold(4, watches[1])).toEqual([
      "put a/1 @3",
      "put a/10 @4",
      "put a/2 @5",
      "delete a/1 @7",
    ]);
    expect(await takeTold(2, watches[2])).toEqual(["put a/2 @5", "delete a/2 @7"]);
  });

  it("replays history and goes on live without gap or repeat", async () => {
    for (const value of ["1", "2", "3"]) await db.put("a", value);
    const watch = await db.watch({ key: "a", fromRevision: 3 });
    await db.put("a", "4");
    expect((await take(3, watch)).map((event) => event.kv.text())).toEqual(["2", "3", "4"]);
  });

  it("is silent until a revision in the future", async () => {
    const watch = await db.watch({ key: "a", fromRevision: 4 });
    for (const value of ["2", "3", "4"]) await db.put("a", value);
    expect(await takeTold(1, watch)).toEqual(["put a @4"]);
  });

  it("gives the state before, and tells creates", async () => {
    const watch = await db.watch({ key: "a", previous: true });
    await db.put("a", "1");
    await db.put("a", "2");
    await db.delete("a");
    const events = await take(3, watch);
    expect(events.map((event) => event.previous?.text())).toEqual([undefined, "1", "2"]);
    expect(events.map((event) => event.isCreate)).toEqual([true, false, false]);
  });

  it("gives only puts, or only deletes", async () => {
    const puts = await db.watch({ key: "a", only: "put" });
    const deletes = await db.watch({ key: "a", only: "delete" });
    for (let round = 0; round < 2; round++) {
      await db.put("a", "");
      await db.delete("a");
    }
    expect(await takeTold(2, puts)).toEqual(["put a @2", "put a @4"]);
    expect(await takeTold(2, deletes)).toEqual(["delete a @3", "delete a @5"]);
  });

  it("refuses a revision before the compaction point, and takes the point itself", async () => {
    for (const value of ["1", "2", "3"]) await db.put("a", value);
    await db.compact(3);
    await expect(db.watch({ key: "a", fromRevision: 2 })).rejects.toMatchObject({
      code: "COMPACTED",
      details: { compactRevision: 3 },
    });
    expect(await takeTold(1, await db.watch({ key: "a", fromRevision: 3 }))).toEqual(["put a @3"]);
  });
});

describe("batches", () => {
  it("hold all events of one revision", async () => {
    const watch = await db.watch({ prefix: "" });
    await db.txn({
      success: [
        { type: "put", key: "b", value: "" },
        { type: "put", key: "a", value: "" },
      ],
    });
    await db.put("c", "");
    const batches = await take(2, watch.batches());
    expect(batches.map((batch) => [batch.revision, batch.events.map(told)])).toEqual([
      [2, ["put b @2", "put a @2"]],
      [3, ["put c @3"]],
    ]);
  });

  it("include the progress marks that were asked for", async () => {
    const watch = await db.watch({ key: "a" });
    await db.put("b", "");
    watch.requestProgress();
    expect(await take(1, watch.batches())).toEqual([{ revision: 2, events: [] }]);
    expect(watch.resumeRevision).toBe(3);
  });
});

describe("resumeRevision", () => {
  it("is where a watch starts, before the first event", async () => {
    await db.put("a", "");
    expect((await db.watch({ key: "a" })).resumeRevision).toBe(3);
    expect((await db.watch({ key: "a", fromRevision: 2 })).resumeRevision).toBe(2);
    expect((await db.watch({ key: "a", fromRevision: 9 })).resumeRevision).toBe(9);
  });

  it("continues exactly after the event in hand", async () => {
    for (let at = 0; at < 6; at++) await db.put("a", String(at));
    const seen: string[] = [];
    let fromRevision = 1;
    while (seen.length < 6) {
      for await (const event of await db.watch({ key: "a", fromRevision })) {
        seen.push(event.kv.text());
        break;
      }
      fromRevision = seen.length + 2;
    }
    expect(seen).toEqual(["0", "1", "2", "3", "4", "5"]);

    const watch = await db.watch({ key: "a", fromRevision: 1 });
    const cursors: number[] = [];
    for await (const event of watch) {
      cursors.push(watch.resumeRevision - event.kv.revision);
      if (cursors.length === 6) break;
    }
    expect(cursors).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it("stays on a revision until all of its events are handed out", async () => {
    const watch = await db.watch({ prefix: "" });
    await db.txn({ success: ["a", "b", "c"].map((key) => ({ type: "put", key, value: "" }) as const) });
    const cursors: number[] = [];
    for await (const _ of watch) {
      cursors.push(watch.resumeRevision);
      if (cursors.length === 3) break;
    }
    expect(cursors).toEqual([2, 2, 3]);
  });

  it("moves past what does not concern it with a progress mark", async () => {
    const watch = await db.watch({ key: "a" });
    for (let at = 0; at < 5; at++) await db.put("b", "");
    watch.requestProgress();
    const next = watch[Symbol.asyncIterator]().next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(watch.resumeRevision).toBe(7);
    watch.close();
    expect((await next).done).toBe(true);
  });
});

describe("the end of a watch", () => {
  const watches = async () => (await db.status()).watches;

  it("is leaving the loop", async () => {
    const watch = await db.watch({ key: "a" });
    await db.put("a", "");
    expect(await watches()).toBe(1);
    await take(1, watch);
    expect(await watches()).toBe(0);
    expect(await take(1, watch)).toEqual([]);
  });

  it("is close, which ends a waiting loop normally", async () => {
    const watch = await db.watch({ key: "a" });
    const loop = take(1, watch);
    watch.close();
    watch.close();
    expect(await loop).toEqual([]);
    expect(await watches()).toBe(0);
  });

  it("is the end of its scope with await using", async () => {
    {
      await using watch = await db.watch({ key: "a" });
      expect(watch.startRevision).toBe(1);
    }
    expect(await watches()).toBe(0);
  });

  it("is the caller's signal, told by ABORTED", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const watch = await db.watch({ key: "a", signal: controller.signal });
    const loop = take(1, watch);
    controller.abort(reason);
    await expect(loop).rejects.toMatchObject({ code: "ABORTED", cause: reason });
    await expect(take(1, watch)).rejects.toMatchObject({ code: "ABORTED" });
    expect(await watches()).toBe(0);
    await expect(db.watch({ key: "a", signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  it("by a signal gives out nothing more, whatever was waiting", async () => {
    const controller = new AbortController();
    const watch = await db.watch({ key: "a", signal: controller.signal });
    await db.put("a", "");
    await db.put("a", "");
    const seen: string[] = [];
    const loop = (async () => {
      for await (const event of watch) {
        seen.push(told(event));
        controller.abort();
      }
    })();
    await expect(loop).rejects.toMatchObject({ code: "ABORTED" });
    expect(seen).toEqual(["put a @2"]);
  });

  it("is compaction overtaking it, told by COMPACTED", async () => {
    const watch = await db.watch({ key: "a" });
    for (let at = 0; at < 10; at++) await db.put("a", String(at));
    await db.compact(9);
    await expect(take(10, watch)).rejects.toMatchObject({ code: "COMPACTED" });
  });

  it("is the store's close, told by CLOSED", async () => {
    const watch = await db.watch({ key: "a" });
    const loop = take(1, watch);
    const ended = expect(loop).rejects.toMatchObject({ code: "CLOSED" });
    await db.close();
    await ended;
  });

  it("comes for all who wait on it", async () => {
    const watch = await db.watch({ key: "a" });
    const iterator = watch[Symbol.asyncIterator]();
    const both = Promise.all([iterator.next(), iterator.next()]);
    await db.put("a", "1");
    await db.put("a", "2");
    expect((await both).map((result) => result.value?.kv.text())).toEqual(["1", "2"]);
  });
});

describe("lease expiry", () => {
  it("comes as deletes of one revision", async () => {
    const clock = createFakeClock();
    const leased = await open("mem:", { clock });
    const watch = await leased.watch({ prefix: "", only: "delete" });
    const lease = await leased.lease({ ttlMs: 1_000 });
    await leased.put("a", "", { leaseId: lease.id });
    await leased.put("b", "", { leaseId: lease.id });
    lease.detach();
    await clock.advance(5_000);
    expect(await takeTold(2, watch)).toEqual(["delete a @4", "delete b @4"]);
    await leased.close();
  });
});
