/** Reading the past. */
import { EVERYTHING } from "../../contract/key-range.ts";
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, everything, get, interval, put, write } from "./kit/requests.ts";

export const rangeRevisions = behaviour("range-revisions", (test) => {
  test("gives every key as it was then, deleted ones included (R06)", async ({ store }) => {
    await write(store, put("a", "1"), put("b", "1")); // 2
    await write(store, put("a", "2")); // 3
    await write(store, del("b")); // 4
    await write(store, put("b", "new"), put("c", "1")); // 5
    const a1 = { key: "a", value: "1", revision: 2, createRevision: 2, version: 1 };
    const a2 = { key: "a", value: "2", revision: 3, createRevision: 2, version: 2 };
    const b1 = { key: "b", value: "1", revision: 2, createRevision: 2, version: 1 };
    const b2 = { key: "b", value: "new", revision: 5, createRevision: 5, version: 1 };
    const c = { key: "c", value: "1", revision: 5, createRevision: 5, version: 1 };
    assertEqual(await everything(store, 1), []);
    assertEqual(await everything(store, 2), [a1, b1]);
    assertEqual(await everything(store, 3), [a2, b1]);
    assertEqual(await everything(store, 4), [a2]);
    assertEqual(await everything(store, 5), [a2, b2, c]);
  });

  test("revision 0 and none mean now", async ({ store }) => {
    await write(store, put("a", "1"));
    await write(store, put("a", "2"));
    assertEqual(await get(store, "a", 0), { value: "2" });
    assertEqual(await get(store, "a"), { value: "2" });
  });

  test("answers with the store's revision, not with the one asked for (H04)", async ({ store }) => {
    await write(store, put("a", "1"));
    await write(store, put("a", "2"));
    assertEqual(await store.range({ ...interval("a"), revision: 2 }), { revision: 3, kvs: [{ value: "1" }] });
  });

  test("counts the keys of that revision", async ({ store }) => {
    await write(store, put("a"), put("b"));
    await write(store, del("a"));
    assertEqual(await store.range({ ...EVERYTHING, revision: 2, countOnly: true }), { count: 2, kvs: [] });
    assertEqual(await store.range({ ...EVERYTHING, countOnly: true }), { count: 1, kvs: [] });
  });

  test("gives one key through many writes as of each of them", async ({ store }) => {
    for (let value = 2; value <= 60; value++) await write(store, put("a", String(value)));
    for (let revision = 2; revision <= 60; revision++) {
      assertEqual(await get(store, "a", revision), {
        value: String(revision),
        revision,
        version: revision - 1,
      });
    }
  });

  test("sorts, limits and filters the past like the present", async ({ store }) => {
    await write(store, put("a", "3"));
    await write(store, put("b", "1"));
    await write(store, put("c", "2"));
    await write(store, del("\0", "\0"));
    const past = { ...EVERYTHING, revision: 4 } as const;
    assertEqual((await store.range({ ...past, sortBy: "value", limit: 2 })).kvs, [
      { key: "b" },
      { key: "c" },
    ]);
    assertEqual((await store.range({ ...past, minRevision: 3 })).kvs, [{ key: "b" }, { key: "c" }]);
    assertEqual((await store.range({ ...past, keysOnly: true })).kvs[0], { key: "a", value: "" });
  });

  test("a revision to come is FUTURE_REVISION (R05)", async ({ store }) => {
    await write(store, put("a"));
    await assertRejects(store.range({ ...interval("a"), revision: 3 }), "FUTURE_REVISION");
    await assertRejects(store.range({ ...interval("a"), revision: 2 ** 50 }), "FUTURE_REVISION");
  });
});
