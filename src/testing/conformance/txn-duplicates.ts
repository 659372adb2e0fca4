/** A transaction writes a key once. */
import type { Operation } from "../../contract/txn.ts";
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { append, branches, del, everything, merge, nested, put, read, when, write } from "./kit/requests.ts";

/** Every list of these is DUPLICATE_KEY, in whatever order. */
const CLASHES: Readonly<Record<string, readonly [Operation, Operation]>> = {
  "two puts": [put("a", "1"), put("a", "2")],
  "a put and its delete": [put("a"), del("a")],
  "a put and a delete of a range around it": [put("b"), del("a", "c")],
  "a put and a delete of everything": [put("a"), del("\0", "\0")],
  "a put and a merge": [put("a"), merge("a", "x")],
  "a merge and its delete": [merge("a", "x"), del("a")],
  "a put and a put in a nested transaction": [put("a"), nested({ success: [put("a")] })],
  "a put and a put in a nested branch that will not run": [put("a"), nested({ failure: [put("a")] })],
  "puts in two nested transactions": [nested({ success: [put("a")] }), nested({ failure: [put("a")] })],
  "a delete and a put in a nested transaction": [
    del("a", "c"),
    nested({ success: [nested({ success: [put("b")] })] }),
  ],
  "an append and a put of its sequence": [append("q", "x"), put("q#")],
  "an append and a put of its entry": [append("q", "x"), put("q0000000000000001")],
  "an append and a delete around its entry": [append("q", "x"), del("q0", "q1")],
};

export const txnDuplicates = behaviour("txn-duplicates", (test) => {
  for (const [what, [first, second]] of Object.entries(CLASHES)) {
    test(`${what} are DUPLICATE_KEY in either order, and nothing changes (T08)`, async ({ store }) => {
      await write(store, put("a", "kept"), put("b", "kept"));
      await assertRejects(write(store, first, second), "DUPLICATE_KEY");
      await assertRejects(write(store, second, first), "DUPLICATE_KEY");
      await assertRejects(write(store, nested({ success: [first, second] })), "DUPLICATE_KEY");
      const kept = [
        { key: "a", value: "kept" },
        { key: "b", value: "kept" },
      ];
      assertEqual([store.revision, await everything(store)], [2, kept]);
    });
  }

  test("are refused also in the branch not taken (T07)", async ({ store }) => {
    await assertRejects(store.txn(branches({ failure: [put("a"), put("a")] })), "DUPLICATE_KEY");
  });

  test("the two branches may write the same key (T08)", async ({ store }) => {
    const txn = branches({
      conditions: [when("version", "a", ">", 0)],
      success: [put("a", "again")],
      failure: [put("a", "first")],
    });
    await store.txn(txn);
    await store.txn(txn);
    assertEqual(await everything(store), [{ key: "a", value: "again" }]);
  });

  test("the two branches of a nested transaction may write the same key (T08)", async ({ store }) => {
    await write(store, nested({ success: [put("a", "yes")], failure: [put("a", "no")] }));
    assertEqual(await everything(store), [{ key: "a", value: "yes" }]);
  });

  test("deletes may overlap, and a key is deleted once (T08)", async ({ store }) => {
    await write(store, put("a"), put("b"), put("c"));
    const { responses } = await write(store, del("b"), del("a", "c"), del("a", "\0"), del("b"));
    assertEqual(
      responses.map((response) => response.type === "delete" && response.deleted),
      [1, 1, 1, 0],
    );
  });

  test("reads of written keys are free", async ({ store }) => {
    await write(store, read("a"), put("a"), read("a"), read("\0", "\0"));
    assertEqual(store.revision, 2);
  });

  test("neighbours of a deleted range may be written", async ({ store }) => {
    await write(store, put("b"));
    await write(store, del("b", "c"), put("a\xff"), put("c"), put("c\0"));
    assertEqual(await everything(store), [{ key: "a\xff" }, { key: "c" }, { key: "c\0" }]);
  });

  test("an empty interval deletes nothing and clashes with nothing", async ({ store }) => {
    await write(store, put("b"), del("b", "b"), del("c", "a"));
    assertEqual(await everything(store), [{ key: "b" }]);
  });
});
