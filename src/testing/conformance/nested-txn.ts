/** Transactions inside transactions. */
import type { TxnRequest } from "../../contract/txn.ts";
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { append, branches, del, everything, get, nested, put, read, when, write } from "./kit/requests.ts";

/** A put under so many transactions, the outermost included. */
function nest(depth: number): TxnRequest {
  return branches({ success: [depth === 1 ? put("deep", "x") : { type: "txn", ...nest(depth - 1) }] });
}

export const nestedTxn = behaviour("nested-txn", (test) => {
  test("answers with its own branch and responses (T16)", async ({ store }) => {
    await write(store, put("a", "1"));
    const { responses } = await write(
      store,
      nested({ conditions: [when("version", "a", "=", 1)], success: [read("a"), put("b")], failure: [] }),
      nested({ conditions: [when("version", "a", "=", 9)], success: [put("c")], failure: [del("a")] }),
    );
    assertEqual(responses, [
      {
        type: "txn",
        succeeded: true,
        responses: [
          { type: "range", count: 1 },
          { type: "put", revision: 3 },
        ],
      },
      { type: "txn", succeeded: false, responses: [{ type: "delete", deleted: 1, revision: 3 }] },
    ]);
    assertEqual(await everything(store), [{ key: "b" }]);
  });

  test("its conditions are judged by the state before the whole transaction (T11)", async ({ store }) => {
    await write(store, put("a", "old"));
    const { responses } = await write(
      store,
      put("a", "new"),
      put("b", "new"),
      nested({
        conditions: [when("value", "a", "=", "old"), when("version", "b", "=", 0)],
        success: [put("saw-old")],
      }),
      nested({ conditions: [when("value", "a", "=", "new")], success: [put("saw-new")] }),
    );
    assertEqual(responses.slice(2), [{ succeeded: true }, { succeeded: false, responses: [] }]);
    assertEqual(await everything(store), [{ key: "a" }, { key: "b" }, { key: "saw-old" }]);
  });

  test("its operations see those before and around it (T11)", async ({ store }) => {
    const { responses } = await write(
      store,
      put("a", "outer"),
      nested({ success: [read("a"), put("b", "inner"), nested({ success: [read("a", "z")] })] }),
      read("b"),
    );
    assertEqual(responses, [
      {},
      {
        responses: [
          { kvs: [{ value: "outer" }] },
          { type: "put" },
          { responses: [{ kvs: [{ value: "outer" }, { value: "inner" }] }] },
        ],
      },
      { kvs: [{ value: "inner" }] },
    ]);
  });

  test("shares the revision of the whole", async ({ store }) => {
    await write(store, put("a"), nested({ success: [put("b"), nested({ success: [append("q", "x")] })] }));
    assertEqual(
      (await everything(store)).map((kv) => kv.revision),
      [2, 2, 2, 2],
    );
  });

  test("that runs an empty branch changes nothing", async ({ store }) => {
    const idle = nested({ conditions: [when("version", "a", ">", 0)], success: [put("a")] });
    assertEqual(await write(store, idle), { revision: 1, responses: [{ succeeded: false, responses: [] }] });
    assertEqual(store.revision, 1);
  });

  test("a failure inside fails the whole (T10)", async ({ store }) => {
    const doomed = nested({ success: [nested({ success: [put("x", "", { ignoreValue: true })] })] });
    await assertRejects(write(store, put("a"), doomed, put("b")), "KEY_NOT_FOUND");
    assertEqual([store.revision, await everything(store)], [1, []]);
  });

  test("nests as deep as the limits say, and no deeper", async ({ store }) => {
    const { txnDepthMax } = store.limits;
    await store.txn(nest(txnDepthMax));
    assertEqual(await get(store, "deep"), { value: "x" });
    await assertRejects(store.txn(nest(txnDepthMax + 2)), "LIMIT_EXCEEDED");
    assertEqual(store.revision, 2);
  });
});
