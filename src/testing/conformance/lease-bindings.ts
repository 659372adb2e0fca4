/** Which lease a key dies with: the last write decides. */
import type { Store } from "../../contract/store.ts";
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { branches, del, everything, get, put, when, write } from "./kit/requests.ts";

async function boundKeys(store: Store, id: bigint): Promise<readonly string[] | undefined> {
  return (await store.leaseStatus(id, { keys: true }))?.keys;
}

async function grantTwo(store: Store, ttlMs: number): Promise<readonly [bigint, bigint]> {
  return [(await store.grantLease({ ttlMs })).id, (await store.grantLease({ ttlMs })).id];
}

export const leaseBindings = behaviour("lease-bindings", (test) => {
  test("a put binds its key, and the pair says so (L11)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("b", "", { leaseId: id }), put("a", "", { leaseId: id }), put("c"));
    assertEqual(await everything(store), [{ leaseId: id }, { leaseId: id }, { leaseId: 0n }]);
    assertEqual(await boundKeys(store, id), ["a", "b"]);
  });

  test("a put without a lease detaches (P05, L11)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    for (const detach of [put("a", "x"), put("a", "x", { leaseId: 0n })]) {
      await write(store, put("a", "", { leaseId: id }));
      await write(store, detach);
      assertEqual([await get(store, "a"), await boundKeys(store, id)], [{ leaseId: 0n }, []]);
    }
    assertEqual((await store.revokeLease(id)).deleted, 0);
    assertEqual(await get(store, "a"), { value: "x" });
  });

  test("a put with another lease moves the key (P05, L11)", async ({ store, ttlMs }) => {
    const [first, second] = await grantTwo(store, ttlMs);
    await write(store, put("a", "", { leaseId: first }), put("b", "", { leaseId: first }));
    await write(store, put("a", "", { leaseId: second }));
    assertEqual([await boundKeys(store, first), await boundKeys(store, second)], [["b"], ["a"]]);
    assertEqual((await store.revokeLease(first)).deleted, 1);
    assertEqual(await everything(store), [{ key: "a", leaseId: second }]);
  });

  test("a delete detaches, and the key's next life is free (D03, L11)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("a", "", { leaseId: id }), put("b", "", { leaseId: id }));
    await write(store, del("a"));
    assertEqual(await boundKeys(store, id), ["b"]);
    await write(store, put("a", "again"));
    await store.revokeLease(id);
    assertEqual(await everything(store), [{ key: "a", value: "again", leaseId: 0n }]);
  });

  test("a key that was detached outlives its old lease (L11)", async ({
    store,
    ttlMs,
    outlive,
    eventually,
  }) => {
    const lease = await store.grantLease({ ttlMs });
    await write(store, put("a", "", { leaseId: lease.id }), put("b", "", { leaseId: lease.id }));
    await write(store, put("a", "kept"));
    await outlive(lease.ttlMs);
    await eventually("the end of the lease", async () => (await store.leaseStatus(lease.id)) === undefined);
    assertEqual(await everything(store), [{ key: "a", value: "kept" }]);
  });

  test("a key that was written again under the same lease dies with it once", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    for (let round = 0; round < 3; round++) await write(store, put("a", "", { leaseId: id }));
    assertEqual(await boundKeys(store, id), ["a"]);
    assertEqual(await store.revokeLease(id), { deleted: 1, revision: 5 });
  });

  test("an unknown lease is LEASE_NOT_FOUND and nothing is written (P05)", async ({ store }) => {
    await write(store, put("a", "kept"));
    await assertRejects(write(store, put("b"), put("a", "x", { leaseId: 99n })), "LEASE_NOT_FOUND");
    assertEqual([store.revision, await everything(store)], [2, [{ key: "a", value: "kept" }]]);
  });

  test("a failed transaction leaves bindings as they were", async ({ store, ttlMs }) => {
    const [first, second] = await grantTwo(store, ttlMs);
    await write(store, put("a", "", { leaseId: first }), put("b", "", { leaseId: first }));
    const doomed = write(store, put("a", "", { leaseId: second }), del("b"), put("x", "", { leaseId: 99n }));
    await assertRejects(doomed, "LEASE_NOT_FOUND");
    assertEqual([await boundKeys(store, first), await boundKeys(store, second)], [["a", "b"], []]);
  });

  test("a condition on the lease guards a write", async ({ store, ttlMs }) => {
    const [mine, other] = await grantTwo(store, ttlMs);
    await write(store, put("lock", "", { leaseId: mine }));
    const guarded = (id: bigint) =>
      branches({ conditions: [when("lease", "lock", "=", id)], success: [put("guarded", String(id))] });
    assertEqual((await store.txn(guarded(other))).succeeded, false);
    assertEqual((await store.txn(guarded(mine))).succeeded, true);
    await store.revokeLease(mine);
    assertEqual((await store.txn(guarded(mine))).succeeded, false);
    assertEqual(await everything(store), [{ key: "guarded", value: String(mine) }]);
  });

  test("keys are told only where asked for (L08)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("a", "", { leaseId: id }));
    assertEqual(await store.leaseStatus(id), { id, keys: undefined });
    assertEqual(await store.leaseStatus(id, { keys: true }), { id, keys: ["a"] });
  });

  test("a lease holds many keys", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    const count = Math.min(1_000, store.limits.txnOperationsMax);
    await write(store, ...Array.from({ length: count }, (_, at) => put(`k${at}`, "", { leaseId: id })));
    assertEqual(await store.revokeLease(id), { deleted: count, revision: 3 });
    assertEqual(await everything(store), []);
  });
});
