/** Within a transaction, later operations see earlier ones. */
import { assertEqual } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { append, del, integer, merge, put, read, write } from "./kit/requests.ts";

export const txnReadYourWrites = behaviour("txn-read-your-writes", (test) => {
  test("a range sees the puts before it and not those after (T11)", async ({ store }) => {
    await write(store, put("a", "old"));
    const { responses } = await write(
      store,
      read("a", "z"),
      put("a", "new"),
      read("a", "z"),
      put("b", "more"),
      read("a", "z"),
    );
    const a = { key: "a", value: "new", revision: 3, createRevision: 2, version: 2 };
    const b = { key: "b", value: "more", revision: 3, createRevision: 3, version: 1 };
    assertEqual(responses, [
      { kvs: [{ value: "old", revision: 2 }], revision: 2 },
      {},
      { kvs: [a], revision: 3, count: 1 },
      {},
      { kvs: [a, b], revision: 3, count: 2 },
    ]);
  });

  test("a range sees deletes before it (T17)", async ({ store }) => {
    await write(store, put("a"), put("b"), put("c"));
    const { responses } = await write(
      store,
      del("b"),
      read("a", "z"),
      del("a", "z"),
      read("a", "z"),
      read("a"),
    );
    assertEqual(responses, [
      { deleted: 1 },
      { kvs: [{ key: "a" }, { key: "c" }], count: 2 },
      { deleted: 2 },
      { kvs: [], count: 0 },
      { kvs: [], count: 0 },
    ]);
  });

  test("a range sees merges and appends before it", async ({ store }) => {
    const { responses } = await write(
      store,
      merge("n", integer(5), { fn: "add", width: 8 }),
      read("n"),
      append("q", "entry"),
      read("q", "r"),
    );
    assertEqual(responses[1], { kvs: [{ value: integer(5), version: 1 }] });
    const entries = [
      { key: "q#", value: integer(1) },
      { key: "q0000000000000001", value: "entry" },
    ];
    assertEqual(responses[3], { kvs: entries });
  });

  test("a range of a named revision does not see them, not even of the present one", async ({ store }) => {
    await write(store, put("a", "1"));
    await write(store, put("a", "2"));
    const { responses } = await write(
      store,
      put("a", "3"),
      read("a", undefined, { revision: 2 }),
      read("a", undefined, { revision: 3 }),
    );
    assertEqual(responses.slice(1), [{ kvs: [{ value: "1" }] }, { kvs: [{ value: "2" }] }]);
  });

  test("sorting, limits and bounds apply to what was written", async ({ store }) => {
    await write(store, put("a", "m"), put("b", "z"));
    const { responses } = await write(
      store,
      put("c", "a"),
      read("a", "z", { sortBy: "value", limit: 1 }),
      read("a", "z", { minRevision: 3 }),
      read("a", "z", { order: "descending", keysOnly: true }),
      read("a", "z", { countOnly: true }),
    );
    assertEqual(responses.slice(1), [
      { kvs: [{ key: "c" }], more: true, count: 3 },
      { kvs: [{ key: "c" }], count: 3 },
      { kvs: [{ key: "c", value: "" }, { key: "b" }, { key: "a" }] },
      { kvs: [], count: 3 },
    ]);
  });

  test("what a put or delete gives as previous is the state before", async ({ store }) => {
    await write(store, put("a", "1"), put("b", "1"));
    const { responses } = await write(
      store,
      put("a", "2", { previous: true }),
      del("b", "c", { previous: true }),
    );
    assertEqual(responses, [
      { previous: { value: "1", revision: 2 } },
      { previous: [{ key: "b", value: "1", revision: 2 }] },
    ]);
  });
});
