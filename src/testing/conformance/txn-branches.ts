/** Which branch runs, what it answers, and that it happens as a whole or not at all. */
import type { Store } from "../../contract/store.ts";
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import {
  append,
  branches,
  del,
  everything,
  get,
  integer,
  merge,
  put,
  read,
  when,
  write,
} from "./kit/requests.ts";

const NO_LEASE_HAS_THIS_ID = 4_242n;

/** Rejected operations that pass every check that can be made without looking at the store. */
function doomed(store: Store) {
  return {
    KEY_NOT_FOUND: put("absent", "", { ignoreValue: true }),
    LEASE_NOT_FOUND: put("x", "", { leaseId: NO_LEASE_HAS_THIS_ID }),
    OUT_OF_RANGE: merge("full", integer(1, 1), { fn: "add" }),
    FUTURE_REVISION: read("x", undefined, { revision: store.revision + 1 }),
    COMPACTED: read("x", undefined, { revision: 1 }),
  } as const;
}

export const txnBranches = behaviour("txn-branches", (test) => {
  test("runs success where the conditions hold and failure where not (T01)", async ({ store }) => {
    const createOrRead = branches({
      conditions: [when("version", "a", "=", 0)],
      success: [put("a", "made")],
      failure: [read("a")],
    });
    assertEqual(await store.txn(createOrRead), {
      succeeded: true,
      revision: 2,
      responses: [{ type: "put" }],
    });
    const found = { type: "range", kvs: [{ value: "made" }], count: 1 };
    assertEqual(await store.txn(createOrRead), { succeeded: false, revision: 2, responses: [found] });
  });

  test("answers each operation in its order and by its kind (T01, T13)", async ({ store }) => {
    await write(store, put("b"), put("n", integer(40)));
    const { revision, responses } = await write(
      store,
      read("b"),
      del("nothing"),
      put("a", "1"),
      read("a"),
      del("b"),
      merge("n", integer(2), { fn: "add", width: 8 }),
      append("q", "first"),
      del("nothing more"),
    );
    assertEqual(revision, 3);
    assertEqual(responses, [
      { type: "range", revision: 2, count: 1 },
      { type: "delete", revision: 2, deleted: 0 },
      { type: "put", revision: 3 },
      { type: "range", revision: 3, kvs: [{ value: "1", revision: 3 }] },
      { type: "delete", revision: 3, deleted: 1 },
      { type: "merge", revision: 3, before: integer(40), after: integer(42) },
      { type: "append", revision: 3, number: 1, key: "q0000000000000001" },
      { type: "delete", revision: 3, deleted: 0 },
    ]);
  });

  test("all writes share one revision (T12)", async ({ store }) => {
    await write(store, put("c"));
    await write(store, put("a"), put("b"), del("c"), append("q", ""));
    const revisions = (await everything(store)).map((kv) => kv.revision);
    assertEqual([store.revision, revisions], [3, [3, 3, 3, 3]]);
  });

  test("that changes nothing takes no revision (T12, T15)", async ({ store }) => {
    await write(store, put("a"));
    assertEqual(await write(store), { succeeded: true, revision: 2, responses: [] });
    assertEqual(await write(store, read("a"), read("b", "\0")), { revision: 2 });
    assertEqual(await write(store, del("b"), del("c", "d")), { revision: 2 });
    const elsewhere = branches({ conditions: [when("version", "a", "=", 9)], success: [put("a")] });
    assertEqual(await store.txn(elsewhere), { succeeded: false, revision: 2, responses: [] });
    assertEqual(store.revision, 2);
  });

  test("a failing operation undoes the ones before it (T10)", async ({ store }) => {
    await write(store, put("a", "kept"), put("full", integer(127, 1)));
    await store.compact(2);
    const before = await everything(store);
    for (const [code, operation] of Object.entries(doomed(store))) {
      const attempt = write(store, put("a", "changed"), append("q", "x"), del("b"), operation, put("z"));
      await assertRejects(attempt, code as keyof ReturnType<typeof doomed>);
    }
    assertEqual([store.revision, await everything(store)], [2, before]);
    assertEqual(await write(store, put("a", "after")), { revision: 3 });
    assertEqual(await write(store, append("q", "x")), { responses: [{ number: 1 }] });
  });

  test("what would fail in the branch not taken does no harm (T10)", async ({ store }) => {
    await write(store, put("a"), put("full", integer(127, 1)));
    await store.compact(2);
    for (const operation of Object.values(doomed(store))) {
      const txn = { conditions: [when("version", "a", "=", 1)], success: [read("a")], failure: [operation] };
      assertEqual(await store.txn(txn), { succeeded: true });
    }
  });

  test("a malformed operation is refused also in the branch not taken (T07)", async ({ store }) => {
    const wrong = [put("", "x"), put("a", "x", { ignoreValue: true }), del(""), read(""), merge("a", "")];
    for (const operation of wrong) {
      await assertRejects(store.txn(branches({ failure: [operation] })), "INVALID_ARGUMENT");
    }
    assertEqual(store.revision, 1);
  });

  test("moves a key atomically", async ({ store }) => {
    await write(store, put("from", "load"));
    const move = branches({
      conditions: [when("revision", "from", "=", 2), when("version", "to", "=", 0)],
      success: [del("from"), put("to", "load")],
    });
    assertEqual(await store.txn(move), { succeeded: true, responses: [{ deleted: 1 }, { type: "put" }] });
    assertEqual(await store.txn(move), { succeeded: false });
    assertEqual(
      [await get(store, "from"), await get(store, "to")],
      [undefined, { value: "load", revision: 3 }],
    );
  });

  test("takes long lists of operations", async ({ store }) => {
    const length = Math.min(1_000, store.limits.txnOperationsMax);
    const keys = Array.from({ length }, (_, number) => `k${String(number).padStart(5, "0")}`);
    assertEqual((await write(store, ...keys.map((key) => put(key, key)))).responses.length, length);
    assertEqual(
      (await everything(store)).map((kv) => kv.value),
      keys,
    );
    const conditions = keys.map((key) => when("value", key, "=", key));
    assertEqual((await store.txn(branches({ conditions }))).succeeded, true);
  });
});
