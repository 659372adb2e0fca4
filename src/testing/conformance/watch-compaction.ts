/** Watches and history that is gone. */
import type { Store } from "../../contract/store.ts";
import type { Watch } from "../../contract/watch.ts";
import { assertEqual, assertRejects, inTime } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, interval, put, write } from "./kit/requests.ts";
import { brief, eventsUpTo, nextEvents, watchAll } from "./kit/watching.ts";

async function writeTimes(store: Store, times: number): Promise<void> {
  for (let at = 0; at < times; at++) await write(store, put("a", String(at)));
}

function assertOvertaken(watch: Watch) {
  return assertRejects(inTime(watch.next(), "the end of the watch"), "COMPACTED");
}

export const watchCompaction = behaviour("watch-compaction", (test) => {
  test("from before the compaction point is COMPACTED and names the point (W20)", async ({ store }) => {
    await writeTimes(store, 8);
    await store.compact(5);
    for (const fromRevision of [1, 2, 4]) {
      const error = await assertRejects(watchAll(store, { fromRevision }), "COMPACTED");
      assertEqual(error.details, { compactRevision: 5 });
    }
  });

  test("from the compaction point itself works (W21)", async ({ store }) => {
    await writeTimes(store, 6);
    await store.compact(5);
    const watch = await watchAll(store, { fromRevision: 5 });
    assertEqual(brief(await eventsUpTo(watch, 7)), ["put a@5", "put a@6", "put a@7"]);
  });

  test("from the compaction point shows a delete of that revision (C02)", async ({ store }) => {
    await write(store, put("a"), put("b"));
    await write(store, del("a"));
    await write(store, put("b"));
    await store.compact(3);
    const watch = await watchAll(store, { fromRevision: 3 });
    assertEqual(brief(await eventsUpTo(watch, 4)), ["delete a@3", "put b@4"]);
  });

  test("after the compaction point still knows previous states (W13)", async ({ store }) => {
    await writeTimes(store, 3); // 2, 3, 4
    await write(store, del("a"));
    await store.compact(3);
    const watch = await watchAll(store, { fromRevision: 4, previous: true });
    assertEqual(await eventsUpTo(watch, 5), [
      { type: "put", kv: { revision: 4 }, previous: { value: "1", revision: 3 } },
      { type: "delete", kv: { revision: 5 }, previous: { value: "2", revision: 4 } },
    ]);
  });

  test("a reader that is overtaken gets COMPACTED, never a silent gap (W20)", async ({ store }) => {
    const watch = await watchAll(store);
    await writeTimes(store, 10);
    await store.compact(8);
    const error = await assertOvertaken(watch);
    assertEqual(error.details, { compactRevision: 8 });
    await assertOvertaken(watch);
  });

  test("a reader in the middle that is overtaken gets COMPACTED", async ({ store }) => {
    const watch = await store.watch(interval("a"));
    await writeTimes(store, 3);
    const { revision } = await nextEvents(watch);
    await writeTimes(store, 100);
    await store.compact(store.revision);
    await assertOvertaken(watch);
    const resumed = await store.watch({ ...interval("a"), fromRevision: store.compactRevision });
    assertEqual(brief(await eventsUpTo(resumed, store.revision)), [
      `put a@${revision + 100 + (4 - revision)}`,
    ]);
  });

  test("a reader that has read everything is not overtaken", async ({ store }) => {
    const watch = await watchAll(store);
    await writeTimes(store, 5);
    await eventsUpTo(watch, store.revision);
    await store.compact(store.revision);
    await write(store, put("b"));
    assertEqual(brief((await nextEvents(watch)).events), ["put b@7"]);
  });

  test("a reader that waits is not overtaken by writes that do not concern it", async ({ store }) => {
    const watch = await store.watch(interval("quiet"));
    const waiting = nextEvents(watch);
    await writeTimes(store, 50);
    await store.compact(store.revision);
    await writeTimes(store, 50);
    await store.compact(store.revision - 3);
    await write(store, put("quiet"));
    assertEqual(brief((await waiting).events), ["put quiet@102"]);
  });

  test("one from a future revision is not overtaken before it begins", async ({ store }) => {
    const watch = await watchAll(store, { fromRevision: 20 });
    const waiting = nextEvents(watch);
    await writeTimes(store, 10);
    await store.compact(store.revision);
    await writeTimes(store, 10);
    assertEqual(brief((await waiting).events).slice(0, 1), ["put a@20"]);
  });
});
