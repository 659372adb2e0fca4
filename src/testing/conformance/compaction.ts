/** Forgetting history. */
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { branches, del, everything, get, interval, put, read, when, write } from "./kit/requests.ts";

export const compaction = behaviour("compaction", (test) => {
  test("reads before the point are COMPACTED, at and after it are right (R05, C02)", async ({ store }) => {
    await write(store, put("a", "2"), put("b", "2"));
    await write(store, put("a", "3"));
    await write(store, del("b"));
    await write(store, put("a", "5"));
    await store.compact(3);
    assertEqual(store.compactRevision, 3);
    for (const revision of [1, 2]) {
      const error = await assertRejects(store.range({ ...interval("a"), revision }), "COMPACTED");
      assertEqual(error.details, { compactRevision: 3 });
    }
    const b = { key: "b", value: "2", revision: 2, createRevision: 2, version: 1 };
    assertEqual(await everything(store, 3), [{ key: "a", value: "3", createRevision: 2, version: 2 }, b]);
    assertEqual(await everything(store, 4), [{ key: "a", value: "3" }]);
    assertEqual(await everything(store), [{ key: "a", value: "5", createRevision: 2, version: 3 }]);
  });

  test("at the present revision leaves the present alone (C01)", async ({ store }) => {
    await write(store, put("a", "1"), put("b", "1"));
    await write(store, del("b"));
    await store.compact(3);
    assertEqual(await everything(store), [{ key: "a", value: "1", revision: 2 }]);
    assertEqual(await everything(store, 3), [{ key: "a" }]);
    assertEqual(store.revision, 3);
  });

  test("works on a fresh store", async ({ store }) => {
    await store.compact(1);
    assertEqual([store.compactRevision, await everything(store, 1)], [1, []]);
    assertEqual((await write(store, put("a"))).revision, 2);
  });

  test("at or before the point is COMPACTED, beyond the present FUTURE_REVISION (C01)", async ({ store }) => {
    for (let at = 0; at < 5; at++) await write(store, put("a", String(at)));
    await store.compact(4);
    for (const revision of [1, 3, 4]) {
      const error = await assertRejects(store.compact(revision), "COMPACTED");
      assertEqual(error.details, { compactRevision: 4 });
    }
    await assertRejects(store.compact(7), "FUTURE_REVISION");
    await store.compact(5);
    assertEqual(store.compactRevision, 5);
  });

  test("takes no revision and shows in the status", async ({ store }) => {
    await write(store, put("a"));
    await store.compact(2);
    assertEqual(await store.status(), { revision: 2, compactRevision: 2, keys: 1 });
  });

  test("keys that were never written again stay, with all they are", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("old", "x", { leaseId: id }));
    await write(store, put("old", "y", { ignoreLease: true }));
    for (let at = 0; at < 20; at++) await write(store, put("busy", String(at)));
    await store.compact(store.revision);
    const old = { value: "y", revision: 3, createRevision: 2, version: 2, leaseId: id };
    assertEqual(await get(store, "old"), old);
    assertEqual(await get(store, "old", store.revision), old);
    await store.revokeLease(id);
    assertEqual(await get(store, "old"), undefined);
  });

  test("versions, creations and conditions go on as before", async ({ store }) => {
    await write(store, put("a"));
    await write(store, put("a"));
    await write(store, put("gone"));
    await write(store, del("gone"));
    await store.compact(store.revision);
    await write(store, put("a"));
    assertEqual(await get(store, "a"), { version: 3, createRevision: 2, revision: 6 });
    const unchanged = [when("version", "gone", "=", 0), when("createRevision", "a", "=", 2)];
    assertEqual(
      (await store.txn(branches({ conditions: unchanged, success: [put("gone")] }))).succeeded,
      true,
    );
    assertEqual(await get(store, "gone"), { version: 1, createRevision: 7 });
  });

  test("a transaction that reads before the point is COMPACTED and writes nothing (T10)", async ({
    store,
  }) => {
    await write(store, put("a"));
    await write(store, put("a"));
    await store.compact(3);
    await assertRejects(write(store, put("b"), read("a", undefined, { revision: 2 })), "COMPACTED");
    assertEqual((await write(store, read("a", undefined, { revision: 3 }))).responses, [{ count: 1 }]);
    assertEqual(await get(store, "b"), undefined);
  });

  test("again and again, while writes go on", async ({ store }) => {
    for (let round = 0; round < 20; round++) {
      const writes = Array.from({ length: 10 }, (_, at) => write(store, put(`k${at}`, String(round))));
      await Promise.all([...writes, round > 0 ? store.compact(store.revision) : undefined]);
    }
    assertEqual(
      (await everything(store)).map((kv) => [kv.value, kv.version]),
      Array.from({ length: 10 }, () => ["19", 20]),
    );
  });
});
