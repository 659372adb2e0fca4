/** The end of a store. */
import type { Store } from "../../contract/store.ts";
import { assertEqual, assertRejects, assertTrue, inTime, settled } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { branches, get, interval, put, write } from "./kit/requests.ts";
import { nextEvents, watchAll } from "./kit/watching.ts";

function everyCall(store: Store, ttlMs: number): readonly Promise<unknown>[] {
  return [
    store.range(interval("a")),
    store.txn(branches({ success: [put("a")] })),
    store.txn(branches({})),
    store.watch(interval("a")),
    store.waitForRevision(1),
    store.grantLease({ ttlMs }),
    store.keepAliveLease(1n),
    store.revokeLease(1n),
    store.leaseStatus(1n),
    store.leases(),
    store.compact(1),
    store.status(),
    store.snapshot(),
  ];
}

export const closeAndLifecycle = behaviour("close-and-lifecycle", (test) => {
  test("after close every call is CLOSED", async ({ store, ttlMs }) => {
    await write(store, put("a"));
    await store.close();
    for (const call of everyCall(store, ttlMs)) {
      const error = await assertRejects(call, "CLOSED");
      assertEqual(error.outcome, "not-applied");
    }
  });

  test("closing twice, also at once, is fine", async ({ store }) => {
    await Promise.all([store.close(), store.close()]);
    await store.close();
  });

  test("close waits for writes under way", async ({ store }) => {
    const writes = Array.from({ length: 20 }, (_, at) => settled(write(store, put(`k${at}`))));
    await store.close();
    for (const outcome of await inTime(Promise.all(writes), "the writes")) {
      assertTrue(!outcome.failed, `a write under way failed with ${outcome.failed ? outcome.error : ""}`);
    }
  });

  test("close ends waiting watches with CLOSED, never in silence", async ({ store }) => {
    const [idle, busy, unread] = [await watchAll(store), await watchAll(store), await watchAll(store)];
    await write(store, put("a"));
    assertEqual((await nextEvents(busy)).events.length, 1);
    assertEqual((await nextEvents(idle)).events.length, 1);
    const waiting = settled(idle.next());
    await store.close();
    const ended = await inTime(waiting, "the end of the watch");
    assertTrue(ended.failed, "the watch ended in silence");
    await assertRejects(inTime(busy.next(), "the end"), "CLOSED");
    const last = await settled(inTime(unread.next(), "the end"));
    if (!last.failed) await assertRejects(inTime(unread.next(), "the end"), "CLOSED");
  });

  test("a watch that was cancelled stays ended in silence", async ({ store }) => {
    const watch = await watchAll(store);
    watch.cancel();
    await store.close();
    assertEqual(await watch.next(), undefined);
    watch.cancel();
    watch.requestProgress();
  });

  test("close ends waits for a revision with CLOSED", async ({ store }) => {
    const waiting = settled(store.waitForRevision(100));
    await store.close();
    const ended = await inTime(waiting, "the end of the wait");
    assertTrue(ended.failed, "the wait ended as if the revision had come");
    await assertRejects(Promise.reject(ended.error), "CLOSED");
  });

  test("a closed store leaves others of its kind alone", async ({ store, openAnother }) => {
    const other = await openAnother();
    await write(store, put("a", "here"));
    await store.close();
    assertEqual([other.revision, await get(other, "a")], [1, undefined]);
    await write(other, put("a", "there"));
    assertEqual(await get(other, "a"), { value: "there" });
  });

  test("no lease ends after close", async ({ store, ttlMs, passTime }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("a", "", { leaseId: id }));
    await store.close();
    await passTime(ttlMs);
    await assertRejects(store.range(interval("a")), "CLOSED");
  });
});
