/** Granting, renewing and ending leases. */
import type { Store } from "../../contract/store.ts";
import { assertEqual, assertRejects, assertTrue } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { everything, get, put, write } from "./kit/requests.ts";
import { brief, eventsUpTo, nextEvents, watchAll } from "./kit/watching.ts";

/** No store of a test has it, unless the test grants it. */
const ABSENT = 123_456_789n;

async function isGone(store: Store, id: bigint): Promise<boolean> {
  return (await store.leaseStatus(id)) === undefined;
}

export const leases = behaviour("leases", (test) => {
  test("a grant draws an id that nothing else has (L01)", async ({ store, ttlMs }) => {
    const grants = await Promise.all(Array.from({ length: 20 }, () => store.grantLease({ ttlMs })));
    const ids = new Set(grants.map((grant) => grant.id));
    assertEqual([ids.size, ids.has(0n)], [20, false]);
    assertTrue(
      grants.every((grant) => grant.id > 0n && grant.id < 2n ** 63n),
      "ids are positive 64-bit numbers",
    );
    assertEqual((await store.leases()).length, 20);
  });

  test("a grant takes an id of the caller's choice, of 64 bits with sign (L01)", async ({ store, ttlMs }) => {
    for (const id of [1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -5n]) {
      assertEqual((await store.grantLease({ ttlMs, id })).id, id);
      assertEqual(await store.leaseStatus(id), { id });
    }
    assertTrue((await store.grantLease({ ttlMs, id: 0n })).id !== 0n, "0n draws an id");
  });

  test("an id that is taken is LEASE_EXISTS, until it ends (L01)", async ({ store, ttlMs }) => {
    await store.grantLease({ ttlMs, id: 7n });
    await assertRejects(store.grantLease({ ttlMs, id: 7n }), "LEASE_EXISTS");
    await store.revokeLease(7n);
    assertEqual((await store.grantLease({ ttlMs, id: 7n })).id, 7n);
  });

  test("a grant gives what was asked, rounded up at most to whole seconds (L02)", async ({
    store,
    ttlMs,
  }) => {
    const asked = ttlMs + 123;
    const granted = (await store.grantLease({ ttlMs: asked })).ttlMs;
    if (store.capabilities.millisecondLeases) assertEqual(granted, asked);
    else assertTrue(granted >= asked && granted < asked + 1_000, `granted ${granted} for ${asked}`);
  });

  test("the status tells what is left, and that there is none (L08)", async ({ store, ttlMs, passTime }) => {
    const { id, ttlMs: granted } = await store.grantLease({ ttlMs });
    const fresh = await store.leaseStatus(id);
    assertEqual(fresh, { id, ttlMs: granted, keys: undefined });
    assertTrue(
      fresh!.remainingMs <= granted && fresh!.remainingMs > granted / 2,
      `${fresh!.remainingMs} left`,
    );
    await passTime(granted / 2);
    const later = (await store.leaseStatus(id))!.remainingMs;
    assertTrue(later <= granted / 2 && later > 0, `${later} left of ${granted} after half of it`);
    assertEqual(await store.leaseStatus(ABSENT), undefined);
  });

  test("the list has the one that ends first in front (L09)", async ({ store, ttlMs }) => {
    for (const [id, times] of [
      [1n, 30],
      [2n, 10],
      [3n, 20],
    ] as const) {
      await store.grantLease({ id, ttlMs: ttlMs * times });
    }
    assertEqual(await store.leases(), [{ id: 2n }, { id: 3n }, { id: 1n }]);
    assertEqual((await store.status()).leases, 3);
    await store.revokeLease(2n);
    assertEqual(await store.leases(), [{ id: 3n }, { id: 1n }]);
  });

  test("an ended lease takes its keys with it, in one revision by key (L10, L12, W29)", async ({
    store,
    ttlMs,
    outlive,
    eventually,
  }) => {
    const { id, ttlMs: granted } = await store.grantLease({ ttlMs });
    await write(store, put("c", "", { leaseId: id }), put("other"));
    await write(store, put("a", "", { leaseId: id }), put("b", "", { leaseId: id }));
    const watch = await watchAll(store);
    await outlive(granted);
    await eventually("the end of the lease", () => isGone(store, id));
    const { events, revision } = await nextEvents(watch);
    assertEqual([revision, brief(events)], [4, ["delete a@4", "delete b@4", "delete c@4"]]);
    assertEqual(await everything(store), [{ key: "other" }]);
    assertEqual(await everything(store, 3), [{ key: "a" }, { key: "b" }, { key: "c" }, { key: "other" }]);
    assertEqual(await store.leases(), []);
  });

  test("a lease does not end early (L10)", async ({ store, ttlMs, passTime }) => {
    const { id, ttlMs: granted } = await store.grantLease({ ttlMs });
    await write(store, put("a", "", { leaseId: id }));
    await passTime(granted * 0.8);
    assertEqual([await get(store, "a"), await store.leaseStatus(id)], [{ leaseId: id }, { id }]);
  });

  test("an ended lease without keys makes no revision (H03)", async ({
    store,
    ttlMs,
    outlive,
    eventually,
  }) => {
    const { id, ttlMs: granted } = await store.grantLease({ ttlMs });
    await outlive(granted);
    await eventually("the end of the lease", () => isGone(store, id));
    assertEqual([store.revision, (await write(store, put("a"))).revision], [1, 2]);
  });

  test("a keep-alive renews to the full time (L05)", async ({
    store,
    ttlMs,
    passTime,
    outlive,
    eventually,
  }) => {
    const { id, ttlMs: granted } = await store.grantLease({ ttlMs });
    await write(store, put("a", "", { leaseId: id }));
    for (let round = 0; round < 4; round++) {
      await passTime(granted * 0.6);
      assertEqual(await store.keepAliveLease(id), { id, ttlMs: granted });
    }
    assertTrue((await store.leaseStatus(id))!.remainingMs > granted / 2, "renewed to the full time");
    assertEqual(await get(store, "a"), { leaseId: id, version: 1 });
    await outlive(granted);
    await eventually("the end of the lease", () => isGone(store, id));
    assertEqual(await get(store, "a"), undefined);
  });

  test("several leases end one by one, each in its own revision and time", async ({
    store,
    ttlMs,
    outlive,
    eventually,
  }) => {
    const short = await store.grantLease({ ttlMs });
    const long = await store.grantLease({ ttlMs: ttlMs * 3 });
    await write(store, put("l", "", { leaseId: long.id }), put("s", "", { leaseId: short.id }));
    const watch = await watchAll(store);
    await outlive(short.ttlMs);
    await eventually("the end of the short lease", () => isGone(store, short.id));
    assertEqual(await everything(store), [{ key: "l" }]);
    await outlive(long.ttlMs - short.ttlMs);
    await eventually("the end of the long lease", () => isGone(store, long.id));
    assertEqual(brief(await eventsUpTo(watch, store.revision)), ["delete s@3", "delete l@4"]);
  });

  test("an ended lease is LEASE_NOT_FOUND everywhere", async ({ store, ttlMs, outlive, eventually }) => {
    const { id, ttlMs: granted } = await store.grantLease({ ttlMs });
    await outlive(granted);
    await eventually("the end of the lease", () => isGone(store, id));
    for (const gone of [id, ABSENT]) {
      await assertRejects(store.keepAliveLease(gone), "LEASE_NOT_FOUND");
      await assertRejects(store.revokeLease(gone), "LEASE_NOT_FOUND");
      await assertRejects(write(store, put("a", "", { leaseId: gone })), "LEASE_NOT_FOUND");
    }
    assertEqual(await everything(store), []);
  });

  test("revoking deletes the keys in one revision and says how many (L04)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("b", "", { leaseId: id }), put("a", "", { leaseId: id }), put("free"));
    const watch = await watchAll(store, { previous: true });
    assertEqual(await store.revokeLease(id), { revision: 3, deleted: 2 });
    const events = [
      { type: "delete", kv: { key: "a", revision: 3 }, previous: { key: "a", leaseId: id } },
      { type: "delete", kv: { key: "b", revision: 3 }, previous: { key: "b", leaseId: id } },
    ];
    assertEqual((await nextEvents(watch)).events, events);
    assertEqual([await everything(store), await store.leaseStatus(id)], [[{ key: "free" }], undefined]);
  });

  test("revoking a lease without keys makes no revision (L04)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("a"));
    assertEqual(await store.revokeLease(id), { revision: 2, deleted: 0 });
    assertEqual(store.revision, 2);
    await assertRejects(store.revokeLease(id), "LEASE_NOT_FOUND");
  });

  test("who is told that a lease is gone finds none of its keys", async ({ store, ttlMs }) => {
    for (let round = 0; round < 10; round++) {
      const { id } = await store.grantLease({ ttlMs });
      await write(store, put("a", "", { leaseId: id }));
      const revoking = store.revokeLease(id);
      if (await isGone(store, id)) assertEqual(await get(store, "a"), undefined);
      await revoking;
    }
  });

  test("a revoked lease does not end again", async ({ store, ttlMs, outlive }) => {
    const { ttlMs: granted } = await store.grantLease({ ttlMs, id: 5n });
    await store.revokeLease(5n);
    await store.grantLease({ ttlMs: ttlMs * 5, id: 5n });
    await write(store, put("a", "", { leaseId: 5n }));
    await outlive(granted);
    assertEqual([await get(store, "a"), await store.leaseStatus(5n)], [{ leaseId: 5n }, { id: 5n }]);
  });

  test("a time to live outside the limits is LIMIT_EXCEEDED", async ({ store }) => {
    const { leaseTtlMaxMs, leaseTtlMinMs } = store.limits;
    await assertRejects(store.grantLease({ ttlMs: leaseTtlMaxMs + 1 }), "LIMIT_EXCEEDED");
    if (leaseTtlMinMs > 1)
      await assertRejects(store.grantLease({ ttlMs: leaseTtlMinMs - 1 }), "LIMIT_EXCEEDED");
    await assertRejects(store.grantLease({ ttlMs: 0 }), "LIMIT_EXCEEDED", "INVALID_ARGUMENT");
    assertEqual(await store.leases(), []);
  });

  test("the longest time to live is granted and kept", async ({ store, passTime }) => {
    const { leaseTtlMaxMs } = store.limits;
    const { id } = await store.grantLease({ ttlMs: leaseTtlMaxMs });
    await passTime(50);
    assertTrue((await store.leaseStatus(id))!.remainingMs > leaseTtlMaxMs / 2, "still nearly all of it left");
  });
});
