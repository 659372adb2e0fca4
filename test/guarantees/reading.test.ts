import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { below, seededRandom } from "../../src/base/random.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { Store } from "../../src/contract/store.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import { ENGINES } from "./engines.ts";
import { bytes, del, dump, put, watchAll, write } from "./requests.ts";

describe.each(ENGINES)("on the $name engine", ({ open, restore }) => {
  let store: Store;
  let clock: FakeClock;

  beforeEach(async () => {
    ({ store, clock } = await open());
  });

  afterEach(() => store.close());

  test("pinned-read: a past revision reads the same every time, whatever is written meanwhile", async () => {
    const random = seededRandom(3);
    const states = new Map<number, string[]>();
    for (let at = 0; at < 200; at++) {
      const key = `k${below(random, 20)}`;
      await write(store, below(random, 4) === 0 ? del(key) : put(key, String(at)));
      states.set(store.revision, await dump(store));
    }
    for (const [revision, state] of states) expect(await dump(store, { revision })).toEqual(state);
    await store.compact(150);
    for (const [revision, state] of states) {
      if (revision >= 150) expect(await dump(store, { revision })).toEqual(state);
      else await expect(dump(store, { revision })).rejects.toMatchObject({ code: "COMPACTED" });
    }
  });

  test("compaction-never-silent: what needs lost history says so, and no key's newest state is lost", async () => {
    for (let at = 0; at < 100; at++) await write(store, put(`k${at % 10}`, String(at)));
    await write(store, del("k3"));
    const stalled = await watchAll(store, 2);
    const state = await dump(store);
    await store.compact(90);
    const gone = { code: "COMPACTED", details: { compactRevision: 90 } };
    await expect(store.range({ ...EVERYTHING, revision: 89 })).rejects.toMatchObject(gone);
    await expect(watchAll(store, 89)).rejects.toMatchObject(gone);
    await expect(stalled.next()).rejects.toMatchObject(gone);
    expect(await dump(store)).toEqual(state);
    expect((await (await watchAll(store, 90)).next())?.events[0]?.kv.revision).toBe(90);
    expect(store.compactRevision).toBe(90);
  });

  test("compaction-never-silent: history that ends by itself ends the same way", async () => {
    for (let at = 0; at < 100; at++) await write(store, put("k", String(at)));
    await clock.advance(2 * 3_600_000);
    for (let at = 0; at < 11_000; at++) void write(store, put("k", String(at)));
    await write(store, put("k", "last"));
    await clock.advance(60_000);
    expect(store.compactRevision).toBeGreaterThan(50);
    await expect(store.range({ ...EVERYTHING, revision: 50 })).rejects.toMatchObject({
      code: "COMPACTED",
      details: { compactRevision: store.compactRevision },
    });
    expect(await dump(store)).toEqual(["k=last"]);
  });

  test("snapshot-consistent: the store as of one revision, leases included, although writes go on", async () => {
    const lease = await store.grantLease({ ttlMs: 60_000 });
    for (let at = 0; at < 3_000; at++) void write(store, put(`a${at}`, "1"), put(`b${at}`, "1"));
    await write(store, put("leased", "1", lease.id));
    const snapshot = await store.snapshot();
    const expected = await dump(store, { revision: snapshot.revision });
    const chunks: Uint8Array[] = [];
    let turn = 0;
    for await (const chunk of snapshot) {
      chunks.push(chunk.slice());
      const at = turn++ % 3_000;
      await write(store, put(`a${at}`, "2"), put(`b${at}`, "2"), del("leased"));
    }
    async function* stream() {
      yield* chunks;
    }
    const copy = await restore(stream());
    expect(copy.store.revision).toBeGreaterThanOrEqual(snapshot.revision);
    expect(await dump(copy.store)).toEqual(expected);
    const status = await copy.store.leaseStatus(lease.id, { keys: true });
    expect(status).toMatchObject({ ttlMs: 60_000, keys: [bytes("leased")] });
    await copy.store.close();
  });

  test("restore-new-history: a restored store has another id, never goes back, and serves no old watch", async () => {
    for (let at = 0; at < 10; at++) await write(store, put("a", String(at)));
    const copy = await restore(await store.snapshot());
    const [before, after] = [await store.status(), await copy.store.status()];
    expect(after.historyId).not.toBe(before.historyId);
    expect(after.revision).toBeGreaterThanOrEqual(before.revision);
    expect((await write(copy.store, put("b"))).revision).toBeGreaterThan(before.revision);
    await expect(watchAll(copy.store, 5)).rejects.toMatchObject({ code: "COMPACTED" });
    await copy.store.close();
  });
});
