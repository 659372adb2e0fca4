/** Ending a watch, and asking how far it is. */
import { assertEqual, assertTrue, inTime } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { interval, put, write } from "./kit/requests.ts";
import { batchesUpTo, brief, eventsUpTo, nextBatch, nextEvents, watchAll } from "./kit/watching.ts";

export const watchCancelAndProgress = behaviour("watch-cancel-and-progress", (test) => {
  test("cancel ends a waiting reader", async ({ store }) => {
    const watch = await watchAll(store);
    const waiting = watch.next();
    watch.cancel();
    assertEqual(await inTime(waiting, "the end"), undefined);
    assertEqual(await inTime(watch.next(), "the end"), undefined);
  });

  test("after cancel nothing comes, also nothing that was ready (W17, W19)", async ({ store }) => {
    const watch = await watchAll(store);
    await write(store, put("a"));
    watch.cancel();
    watch.cancel();
    await write(store, put("b"));
    assertEqual(await inTime(watch.next(), "the end"), undefined);
  });

  test("cancel of one leaves the others alone", async ({ store }) => {
    const [first, second] = [await watchAll(store), await watchAll(store)];
    first.cancel();
    await write(store, put("a"));
    assertEqual(brief((await nextEvents(second)).events), ["put a@2"]);
  });

  test("the store counts the watches that live", async ({ store }) => {
    const [first, second] = [await watchAll(store), await store.watch(interval("a"))];
    assertEqual((await store.status()).watches, 2);
    first.cancel();
    assertEqual((await store.status()).watches, 1);
    second.cancel();
    assertEqual((await store.status()).watches, 0);
  });

  test("a progress mark comes at once where there is nothing to tell", async ({ store }) => {
    await write(store, put("a"));
    const watch = await store.watch(interval("b"));
    watch.requestProgress();
    assertEqual(await nextBatch(watch), { revision: 2, events: [] });
  });

  test("a progress mark reaches a reader that waits already", async ({ store }) => {
    const watch = await store.watch(interval("b"));
    const waiting = nextBatch(watch);
    await write(store, put("a"));
    watch.requestProgress();
    const batch = await waiting;
    assertEqual(batch.events, []);
    assertTrue(batch.revision === 2, `the mark says ${batch.revision} after revision 2 was answered`);
  });

  test("a progress mark comes after everything before it (W23)", async ({ store }) => {
    const watch = await watchAll(store);
    for (let at = 0; at < 20; at++) await write(store, put(`k${at}`));
    watch.requestProgress();
    let events = 0;
    for (let batch = await nextBatch(watch); batch.events.length > 0; batch = await nextBatch(watch)) {
      events += batch.events.length;
    }
    assertEqual(events, 20);
  });

  test("a progress mark never promises more than was delivered (W14, W23)", async ({ store }) => {
    const watch = await store.watch(interval("a"));
    let reached = 1;
    const written: number[] = [];
    const told: number[] = [];
    for (let at = 0; at < 100; at++) {
      const writing = write(store, put(at % 3 === 0 ? "b" : "a"));
      watch.requestProgress();
      const batch = await nextBatch(watch);
      for (const { kv } of batch.events) {
        assertTrue(kv.revision > reached, `revision ${kv.revision} comes after progress to ${reached}`);
        told.push(kv.revision);
      }
      reached = batch.revision;
      const { revision } = await writing;
      if (at % 3 !== 0) written.push(revision);
    }
    told.push(...(await eventsUpTo(watch, store.revision)).map((event) => event.kv.revision));
    assertEqual(told, written);
  });

  test("batches say how far they reach, growing", async ({ store }) => {
    const watch = await watchAll(store, { fromRevision: 1 });
    for (let at = 0; at < 50; at++) await write(store, put("a"));
    const reached = (await batchesUpTo(watch, store.revision)).map((batch) => batch.revision);
    assertEqual(
      reached,
      [...new Set(reached)].toSorted((a, b) => a - b),
    );
    assertEqual(reached.at(-1), 51);
  });
});
