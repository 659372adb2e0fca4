/** In which order events come, and what stays together. */
import { below } from "../../base/random.ts";
import type { WatchBatch } from "../../contract/watch.ts";
import { assertEqual, assertTrue } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, interval, put, write } from "./kit/requests.ts";
import { batchesUpTo, brief, nextEvents, watchAll } from "./kit/watching.ts";

function assertWellOrdered(batches: readonly WatchBatch[]): void {
  let reached = 0;
  for (const batch of batches) {
    for (const { kv } of batch.events) {
      assertTrue(
        kv.revision > reached,
        `revision ${kv.revision} comes in a batch after ${reached} was complete`,
      );
      assertTrue(kv.revision <= batch.revision, `a batch up to ${batch.revision} holds ${kv.revision}`);
    }
    const revisions = batch.events.map((event) => event.kv.revision);
    assertEqual(
      revisions,
      revisions.toSorted((a, b) => a - b),
      "revisions of a batch",
    );
    reached = batch.revision;
  }
}

export const watchOrderAndAtomicity = behaviour("watch-order-and-atomicity", (test) => {
  test("events of a transaction come together, in the order of its operations (W11, W32)", async ({
    store,
  }) => {
    await write(store, put("b"), put("d"));
    const watch = await watchAll(store);
    await write(store, put("z"), del("a", "e"), put("A"), put("m"));
    const batch = await nextEvents(watch);
    assertEqual(batch.revision, 3);
    assertEqual(brief(batch.events), ["put z@3", "delete b@3", "delete d@3", "put A@3", "put m@3"]);
  });

  test("a watch of some of its keys gets those together (W11)", async ({ store }) => {
    const watch = await store.watch(interval("b", "d"));
    await write(store, put("c"), put("a"), put("b"), put("d"));
    assertEqual(brief((await nextEvents(watch)).events), ["put c@2", "put b@2"]);
  });

  test("a revision is never split or repeated, live or replayed (W11)", async ({ store, random }) => {
    const live = await watchAll(store);
    const writers = Array.from({ length: 150 }, () => {
      const count = 1 + below(random, 8);
      return write(store, ...Array.from({ length: count }, (_, at) => put(`k${at}`)));
    });
    const sizes = new Map((await Promise.all(writers)).map((done) => [done.revision, done.responses.length]));
    for (const watch of [live, await watchAll(store, { fromRevision: 1 })]) {
      const batches = await batchesUpTo(watch, store.revision);
      assertWellOrdered(batches);
      const seen = new Map<number, number>();
      for (const { kv } of batches.flatMap((batch) => batch.events)) {
        seen.set(kv.revision, (seen.get(kv.revision) ?? 0) + 1);
      }
      assertEqual(
        [...seen].toSorted(([a], [b]) => a - b),
        [...sizes].toSorted(([a], [b]) => a - b),
      );
    }
  });

  test("a large transaction is one batch", async ({ store }) => {
    const watch = await watchAll(store);
    const count = Math.min(2_000, store.limits.txnOperationsMax);
    await write(store, ...Array.from({ length: count }, (_, at) => put(`k${at}`, "v".repeat(100))));
    assertEqual((await nextEvents(watch)).events.length, count);
  });

  test("what a watch has told is what reads then show", async ({ store }) => {
    const watch = await store.watch(interval("a"));
    for (let at = 0; at < 50; at++) {
      const writing = write(store, put("a", String(at)));
      const { events, revision } = await nextEvents(watch);
      const read = await store.range(interval("a"));
      assertTrue(read.revision >= revision, `an event of ${revision} came before reads reached it`);
      assertTrue(store.revision >= revision, "the store's revision lags behind an event");
      assertEqual(read.kvs[0]?.revision, events.at(-1)!.kv.revision);
      await writing;
    }
  });
});
