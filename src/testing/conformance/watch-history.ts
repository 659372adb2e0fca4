/** Watches that begin in the past or in the future. */
import type { Store } from "../../contract/store.ts";
import { assertEqual } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, interval, put, write } from "./kit/requests.ts";
import { batchesUpTo, brief, eventsUpTo, nextEvents, watchAll } from "./kit/watching.ts";

async function fill(store: Store): Promise<void> {
  await write(store, put("a", "1")); // 2
  await write(store, put("b", "1")); // 3
  await write(store, put("a", "2"), put("c", "1")); // 4
  await write(store, del("a", "c")); // 5
}

export const watchHistory = behaviour("watch-history", (test) => {
  test("replays from a past revision on, inclusive (W09)", async ({ store }) => {
    await fill(store);
    const all = ["put a@2", "put b@3", "put a@4", "put c@4", "delete a@5", "delete b@5"];
    for (const [fromRevision, skipped] of [
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 2],
      [5, 4],
    ] as const) {
      const watch = await watchAll(store, { fromRevision });
      assertEqual(brief(await eventsUpTo(watch, 5)), all.slice(skipped), `from ${fromRevision}`);
    }
  });

  test("goes on live after the past, without a gap or a repeat (W09)", async ({ store }) => {
    await fill(store);
    const watch = await store.watch({ ...interval("a"), fromRevision: 4 });
    await write(store, put("a", "3"));
    assertEqual(brief((await nextEvents(watch)).events).slice(0, 1), ["put a@4"]);
    await write(store, put("a", "4"));
    const resumed = await store.watch({ ...interval("a"), fromRevision: 4 });
    assertEqual(brief(await eventsUpTo(resumed, 7)), ["put a@4", "delete a@5", "put a@6", "put a@7"]);
  });

  test("the past tells the same as the present did", async ({ store }) => {
    const live = await watchAll(store, { previous: true });
    await fill(store);
    const replayed = await watchAll(store, { previous: true, fromRevision: 2 });
    assertEqual(await eventsUpTo(replayed, 5), await eventsUpTo(live, 5));
  });

  test("the past knows its previous states (W13)", async ({ store }) => {
    await fill(store);
    const watch = await store.watch({ ...interval("a"), fromRevision: 2, previous: true });
    assertEqual(await eventsUpTo(watch, 5), [
      { type: "put", kv: { value: "1" }, previous: undefined },
      { type: "put", kv: { value: "2" }, previous: { value: "1", revision: 2, version: 1 } },
      { type: "delete", kv: { revision: 5 }, previous: { value: "2", revision: 4, version: 2 } },
    ]);
  });

  test("filters apply to the past", async ({ store }) => {
    await fill(store);
    const deletes = await watchAll(store, { fromRevision: 2, only: "delete" });
    assertEqual(brief(await eventsUpTo(deletes, 5)), ["delete a@5", "delete b@5"]);
  });

  test("the revision after the present one is the next write", async ({ store }) => {
    await fill(store);
    const watch = await watchAll(store, { fromRevision: store.revision + 1 });
    await write(store, put("z"));
    assertEqual(brief((await nextEvents(watch)).events), ["put z@6"]);
  });

  test("from a future revision is silent until it comes (W10)", async ({ store }) => {
    const watch = await watchAll(store, { fromRevision: 4 });
    const waiting = nextEvents(watch);
    for (const key of ["a", "b", "c", "d"]) await write(store, put(key));
    assertEqual(brief((await waiting).events).slice(0, 1), ["put c@4"]);
  });

  test("can be resumed after any batch, and nothing is missed or repeated", async ({ store }) => {
    for (let at = 0; at < 30; at++) await write(store, put(`k${at % 3}`, String(at)), put("x", String(at)));
    const whole = await eventsUpTo(await watchAll(store, { fromRevision: 2 }), store.revision);
    const pieces: unknown[] = [];
    for (let fromRevision = 2; fromRevision <= store.revision; ) {
      const watch = await watchAll(store, { fromRevision });
      const batch = await nextEvents(watch);
      watch.cancel();
      pieces.push(...batch.events);
      fromRevision = batch.revision + 1;
    }
    assertEqual(pieces, whole);
  });

  test("replays a long past completely", async ({ store }) => {
    const writes = 3_000;
    await Promise.all(Array.from({ length: writes }, (_, at) => write(store, put(`k${at % 7}`, String(at)))));
    const watch = await watchAll(store, { fromRevision: 2 });
    const batches = await batchesUpTo(watch, store.revision);
    const revisions = batches.flatMap((batch) => batch.events.map((event) => event.kv.revision));
    assertEqual(
      revisions,
      Array.from({ length: writes }, (_, at) => at + 2),
    );
  });
});
