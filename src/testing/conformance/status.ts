/** What a store tells about itself. */
import type { Capabilities } from "../../contract/capabilities.ts";
import type { Limits } from "../../contract/limits.ts";
import { assertEqual, assertTrue } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, interval, put, write } from "./kit/requests.ts";

const LIMITS: readonly (keyof Limits)[] = [
  "keyBytesMax",
  "valueBytesMax",
  "txnOperationsMax",
  "txnBytesMax",
  "txnDepthMax",
  "leaseTtlMinMs",
  "leaseTtlMaxMs",
];
const CAPABILITIES: readonly (keyof Capabilities)[] = [
  "durable",
  "nativeMerge",
  "repeatedMerge",
  "millisecondLeases",
  "snapshot",
  "exactlyOnceRetry",
];

export const status = behaviour("status", (test) => {
  test("of a fresh store", async ({ store }) => {
    const fresh = { revision: 1, compactRevision: 0, keys: 0, leases: 0, watches: 0, isLeader: true };
    assertEqual(await store.status(), { ...fresh, failure: undefined });
  });

  test("counts what there is", async ({ store, ttlMs }) => {
    await write(store, put("a"), put("b"), put("c"));
    await write(store, del("b"));
    await store.grantLease({ ttlMs });
    await store.watch(interval("a"));
    assertEqual(await store.status(), { revision: 3, compactRevision: 0, keys: 2, leases: 1, watches: 1 });
  });

  test("names the engine and the history, the same while it lasts", async ({ store }) => {
    const first = await store.status();
    await write(store, put("a"));
    const second = await store.status();
    assertTrue(first.engine !== "" && first.historyId !== "", "names are not empty");
    assertEqual([second.engine, second.historyId], [first.engine, first.historyId]);
    assertTrue(second.diskBytes >= 0, "diskBytes is a number");
  });

  test("another store has another history", async ({ store, openAnother }) => {
    const other = await openAnother();
    assertTrue(
      (await other.status()).historyId !== (await store.status()).historyId,
      "history ids are unique",
    );
  });

  test("limits and capabilities are known at once and complete", async ({ store }) => {
    for (const name of LIMITS)
      assertTrue(Number.isSafeInteger(store.limits[name]), `limits.${name} is no number`);
    for (const name of CAPABILITIES) {
      assertEqual(typeof store.capabilities[name], "boolean", `type of capabilities.${name}`);
    }
  });
});
