/** Calls that their caller gives up: before, during and after. */
import type { CallOptions } from "../../contract/call-options.ts";
import { isHoldfastError } from "../../contract/errors.ts";
import type { Store } from "../../contract/store.ts";
import { assertEqual, assertRejects, assertTrue, inTime, settled } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { branches, everything, get, interval, put, write } from "./kit/requests.ts";
import { nextEvents, watchAll } from "./kit/watching.ts";

function aborted(): AbortSignal {
  return AbortSignal.abort(new Error("planted"));
}

function everyCall(store: Store, ttlMs: number, options: CallOptions): readonly Promise<unknown>[] {
  return [
    store.range(interval("a"), options),
    store.txn(branches({ success: [put("a")] }), options),
    store.watch(interval("a"), options),
    store.waitForRevision(1, options),
    store.grantLease({ ttlMs }, options),
    store.keepAliveLease(7n, options),
    store.revokeLease(7n, options),
    store.leaseStatus(7n, options),
    store.leases(options),
    store.compact(1, options),
    store.status(options),
  ];
}

export const abortAndTimeout = behaviour("abort-and-timeout", (test) => {
  test("before the call: ABORTED, certainly not applied, on every method", async ({ store, ttlMs }) => {
    await store.grantLease({ ttlMs, id: 7n });
    for (const call of everyCall(store, ttlMs, { signal: aborted() })) {
      const error = await assertRejects(call, "ABORTED");
      assertEqual([error.outcome, error.retryable], ["not-applied", false]);
    }
    assertEqual([store.revision, store.compactRevision], [1, 0]);
    assertEqual([await store.leases(), (await store.status()).watches], [[{ id: 7n }], 0]);
  });

  test("the reason of the abort is the cause of the error", async ({ store }) => {
    const error = await assertRejects(store.range(interval("a"), { signal: aborted() }), "ABORTED");
    assertEqual(error.cause, { message: "planted" });
  });

  test("during a write: the outcome tells the truth", async ({ store }) => {
    for (let at = 0; at < 30; at++) {
      const controller = new AbortController();
      const call = store.txn(branches({ success: [put(`k${at}`)] }), { signal: controller.signal });
      controller.abort();
      const done = await settled(call);
      await write(store, put("fence"));
      const applied = (await get(store, `k${at}`)) !== undefined;
      if (!done.failed) assertTrue(applied, "answered, and not there");
      else {
        assertTrue(isHoldfastError(done.error, "ABORTED"), `rejected with ${String(done.error)}`);
        assertTrue(!(applied && done.error.outcome === "not-applied"), "said to be not applied, and there");
      }
    }
  });

  test("one caller's abort leaves the others of the same moment alone", async ({ store }) => {
    const controller = new AbortController();
    const { signal } = controller;
    const calls = Array.from({ length: 40 }, (_, at) =>
      store.txn(branches({ success: [put(`k${at}`)] }), at % 4 === 0 ? { signal } : {}),
    );
    controller.abort();
    const outcomes = await Promise.all(calls.map(settled));
    for (const [at, outcome] of outcomes.entries()) {
      if (at % 4 !== 0) assertTrue(!outcome.failed, `write ${at} failed with another's abort`);
    }
    const there = new Set((await everything(store)).map((kv) => kv.key as string));
    for (const [at, outcome] of outcomes.entries()) {
      if (!outcome.failed) assertTrue(there.has(`k${at}`), `write ${at} was answered and is not there`);
    }
  });

  test("after the answer: nothing happens", async ({ store }) => {
    const controller = new AbortController();
    const options = { signal: controller.signal, timeoutMs: 60_000 };
    await store.txn(branches({ success: [put("a")] }), options);
    const watch = await store.watch(interval("a"), options);
    await store.range(interval("a"), options);
    controller.abort();
    await write(store, put("a", "later"));
    assertEqual((await nextEvents(watch)).events, [{ kv: { value: "later" } }]);
    assertEqual(await get(store, "a"), { value: "later", version: 2 });
  });

  test("during a wait: ABORTED, and the wait is over", async ({ store }) => {
    const controller = new AbortController();
    const waiting = store.waitForRevision(5, { signal: controller.signal });
    const patient = store.waitForRevision(2);
    controller.abort();
    await assertRejects(inTime(waiting, "the abort"), "ABORTED");
    await write(store, put("a"));
    await inTime(patient, "revision 2");
  });

  test("a wait that takes too long is TIMEOUT", async ({ store, passTime }) => {
    const outcome = settled(store.waitForRevision(5, { timeoutMs: 200 }));
    await passTime(250);
    const done = await inTime(outcome, "the timeout");
    assertTrue(
      done.failed && isHoldfastError(done.error, "TIMEOUT"),
      "resolved, or rejected with another error",
    );
    assertEqual([done.error.retryable, done.error.outcome], [true, "not-applied"]);
  });

  test("a call that answers in time is not disturbed by its timeout", async ({ store, ttlMs, passTime }) => {
    await store.grantLease({ ttlMs: ttlMs * 100, id: 7n });
    await Promise.all(everyCall(store, ttlMs * 100, { timeoutMs: 30_000 }));
    const watch = await watchAll(store, {});
    await passTime(100);
    await write(store, put("b"));
    assertEqual((await nextEvents(watch)).events, [{ kv: { key: "b" } }]);
  });

  test("a signal that never fires costs nothing and is let go", async ({ store }) => {
    const { signal } = new AbortController();
    for (let at = 0; at < 50; at++) {
      await store.txn(branches({ success: [put("a", String(at))] }), { signal });
      assertEqual((await store.range(interval("a"), { signal, timeoutMs: 1_000 })).kvs, [
        { value: String(at) },
      ]);
    }
  });
});
