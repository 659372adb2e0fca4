/** Writing one key. */
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, get, put, raw, write } from "./kit/requests.ts";

export const putBehaviour = behaviour("put", (test) => {
  test("answers with the revision that it made, which is the key's (P01)", async ({ store }) => {
    const { revision, responses } = await write(store, put("a", "one"));
    assertEqual([revision, responses], [2, [{ type: "put", revision: 2, previous: undefined }]]);
    const kv = { key: "a", value: "one", revision: 2, createRevision: 2, version: 1, leaseId: 0n };
    assertEqual(await get(store, "a"), kv);
  });

  test("over an existing key keeps its creation and counts its version", async ({ store }) => {
    await write(store, put("a", "one"));
    await write(store, put("a", "two"));
    assertEqual(await get(store, "a"), { value: "two", revision: 3, createRevision: 2, version: 2 });
  });

  test("of the same value is a write like any other (P06)", async ({ store }) => {
    await write(store, put("a", "same"));
    assertEqual(await write(store, put("a", "same")), { revision: 3 });
    assertEqual(await get(store, "a"), { revision: 3, version: 2 });
  });

  test("after a delete begins a new life of the key (H07)", async ({ store }) => {
    await write(store, put("a", "one"));
    await write(store, put("a", "two"));
    await write(store, del("a"));
    await write(store, put("a", "three"));
    assertEqual(await get(store, "a"), { value: "three", revision: 5, createRevision: 5, version: 1 });
  });

  test("gives the previous pair where asked, and only there (P02)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    const first = await write(store, put("a", "one", { leaseId: id, previous: true }));
    assertEqual(first.responses, [{ previous: undefined }]);
    const second = await write(store, put("a", "two", { previous: true }));
    const before = { key: "a", value: "one", revision: 2, createRevision: 2, version: 1, leaseId: id };
    assertEqual(second.responses, [{ type: "put", revision: 3, previous: before }]);
    const third = await write(store, put("a", "three"));
    assertEqual(third.responses, [{ type: "put", revision: 4, previous: undefined }]);
  });

  test("keeps the value where told to ignore the given one (P04)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("a", "one"));
    await write(store, put("a", "", { ignoreValue: true, leaseId: id }));
    assertEqual(await get(store, "a"), { value: "one", revision: 3, version: 2, leaseId: id });
  });

  test("keeps the lease where told to ignore it (P04)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("a", "one", { leaseId: id }));
    await write(store, put("a", "two", { ignoreLease: true }));
    assertEqual(await get(store, "a"), { value: "two", version: 2, leaseId: id });
    await write(store, put("a", "", { ignoreValue: true, ignoreLease: true }));
    assertEqual(await get(store, "a"), { value: "two", version: 3, leaseId: id });
  });

  test("that would keep the value or lease of an absent key is KEY_NOT_FOUND (P04)", async ({ store }) => {
    await write(store, put("gone"));
    await write(store, del("gone"));
    for (const key of ["never", "gone"]) {
      await assertRejects(write(store, put(key, "", { ignoreValue: true })), "KEY_NOT_FOUND");
      await assertRejects(write(store, put(key, "x", { ignoreLease: true })), "KEY_NOT_FOUND");
    }
    assertEqual(store.revision, 3);
  });

  test("that gives what it wants ignored is INVALID_ARGUMENT, also on an absent key (P03)", async ({
    store,
    ttlMs,
  }) => {
    const { id } = await store.grantLease({ ttlMs });
    const valueToo = put("a", "x", { ignoreValue: true });
    const leaseToo = put("a", "x", { ignoreLease: true, leaseId: id });
    for (const wrong of [valueToo, leaseToo]) await assertRejects(write(store, wrong), "INVALID_ARGUMENT");
    await write(store, put("a", "one"));
    for (const wrong of [valueToo, leaseToo]) await assertRejects(write(store, wrong), "INVALID_ARGUMENT");
    assertEqual(store.revision, 2);
  });

  test("takes values of any size up to the limit", async ({ store }) => {
    const largest = Math.min(store.limits.valueBytesMax, store.limits.txnBytesMax - 1_000, 2 ** 22);
    for (const size of [1, 1_000, 4_096, 65_536, 1_000_003, largest]) {
      if (size > largest) continue;
      await write(store, put("big", "v".repeat(size)));
      assertEqual((await get(store, "big"))?.value.length, size);
    }
    await write(store, put("big", "small again"));
    const sizes = (await store.range({ key: raw("big"), revision: 3 })).kvs.map((kv) => kv.value.length);
    assertEqual(sizes, [1_000]);
  });
});
