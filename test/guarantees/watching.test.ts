import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { below, seededRandom } from "../../src/base/random.ts";
import type { Store } from "../../src/contract/store.ts";
import { ENGINES } from "./engines.ts";
import { brief, bytes, del, put, readUpTo, type Seen, watchAll, write } from "./requests.ts";

/** Many transactions of several operations, and what each of them did, in the words of `brief`. */
async function storm(store: Store, count: number): Promise<Map<number, string[]>> {
  const random = seededRandom(5);
  const done = new Map<number, string[]>();
  const writers = Array.from({ length: count }, async (_, at) => {
    const width = 1 + below(random, 5);
    const operations = Array.from({ length: width }, (_, key) => put(`k${(at + key) % 9}`, String(at)));
    const { revision } = await write(store, ...operations);
    done.set(
      revision,
      operations.map((operation) => `put ${operation.key}@${revision}`),
    );
  });
  await Promise.all(writers);
  return new Map([...done].sort(([a], [b]) => a - b));
}

const flat = (seen: readonly Seen[]): string[] => seen.flatMap(({ events }) => events.map(brief));

describe.each(ENGINES)("on the $name engine", ({ open, reopen }) => {
  let store: Store;

  beforeEach(async () => {
    ({ store } = await open());
  });

  afterEach(() => store.close());

  test("watch-ordered: live or replayed, events come by revision, and within one as the operations were", async () => {
    const live = await watchAll(store);
    const done = await storm(store, 300);
    const replayed = await watchAll(store, 2);
    for (const watch of [live, replayed]) {
      expect(flat(await readUpTo(watch, store.revision))).toEqual([...done.values()].flat());
    }
  });

  test("watch-unique: no event comes twice, also where history and the present meet", async () => {
    await storm(store, 100);
    const watch = await watchAll(store, 2);
    const reading = readUpTo(watch, store.revision + 100);
    await storm(store, 100);
    const events = flat(await reading);
    expect(new Set(events).size).toBe(events.length);
  });

  test("watch-atomic: no batch ends inside a revision, however long a revision is", async () => {
    const live = await watchAll(store);
    for (let at = 0; at < 20; at++) {
      await write(store, ...Array.from({ length: 700 }, (_, key) => put(`k${key}`, String(at))));
    }
    for (const watch of [live, await watchAll(store, 2)]) {
      let seen = 0;
      for (const { revision, events } of await readUpTo(watch, store.revision)) {
        expect(events.length % 700).toBe(0);
        if (events.length > 0) expect(events.at(-1)?.kv.revision).toBe(revision);
        seen += events.length;
      }
      expect(seen).toBe(14_000);
    }
  });

  test("watch-reliable: a reader that comes and goes misses nothing of its range", async () => {
    const slow = await store.watch({ key: bytes("k"), end: bytes("l") });
    const one = await store.watch({ key: bytes("k4") });
    const seen: Seen[] = [];
    const all: string[] = [];
    for (let round = 0; round < 20; round++) {
      const done = await storm(store, 30);
      all.push(...[...done.values()].flat());
      await write(store, put("elsewhere", String(round)));
      if (round % 4 === 3) seen.push(...(await readUpTo(slow, store.revision - 1)));
    }
    expect(flat(seen)).toEqual(all);
    await write(store, del("k4"));
    const ofOne = flat(await readUpTo(one, store.revision));
    expect(ofOne.slice(0, -1)).toEqual(all.filter((event) => event.startsWith("put k4@")));
    expect(ofOne.at(-1)).toMatch(/^delete k4@/);
  });

  test("watch-reliable: it ends by an error where the store is closed, in silence only where it was cancelled", async () => {
    const cancelled = await watchAll(store);
    const waiting = cancelled.next();
    cancelled.cancel();
    expect(await waiting).toBeUndefined();
    const watch = await watchAll(store);
    const next = watch.next();
    next.catch(() => {});
    await store.close();
    await expect(next).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("watch-resumable: going on from any batch gives exactly the rest, also after a restart", async () => {
    await storm(store, 60);
    const all = await readUpTo(await watchAll(store, 2), store.revision);
    const events = flat(all);
    const expectRest = async (): Promise<void> => {
      for (let at = 2; at <= store.revision; at += 7) {
        const rest = flat(await readUpTo(await watchAll(store, at), store.revision));
        expect(rest).toEqual(events.filter((event) => Number(event.split("@")[1]) >= at));
      }
    };
    await expectRest();
    if (reopen !== undefined) {
      store = (await reopen(store)).store;
      await expectRest();
    }
  });

  test("watch-bookmarkable: a progress mark says that everything up to it has been delivered", async () => {
    const watch = await store.watch({ key: bytes("k1") });
    await write(store, put("k1", "1"));
    for (let at = 0; at < 50; at++) await write(store, put("elsewhere", String(at)));
    watch.requestProgress();
    const seen = await readUpTo(watch, store.revision);
    expect(flat(seen)).toEqual(["put k1@2"]);
    expect(seen.at(-1)?.revision).toBe(store.revision);
    await write(store, put("elsewhere", "more"));
    watch.requestProgress();
    expect(await watch.next()).toEqual({ revision: store.revision, events: [] });
    await write(store, put("k1", "2"));
    expect(flat([(await watch.next())!])).toEqual([`put k1@${store.revision}`]);
  });

  test("stalled-watcher-bounded: one that nobody reads holds back neither writers nor others nor history", async () => {
    const stalled = await watchAll(store);
    const busy = await watchAll(store);
    const done = await storm(store, 500);
    expect(flat(await readUpTo(busy, store.revision))).toEqual([...done.values()].flat());
    await store.compact(store.revision);
    await expect(stalled.next()).rejects.toMatchObject({ code: "COMPACTED" });
    expect((await store.status()).watches).toBe(1);
  });
});
