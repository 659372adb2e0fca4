/** What is over a limit is LIMIT_EXCEEDED, what is at it is not. */
import type { Operation } from "../../contract/txn.ts";
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import {
  append,
  branches,
  everything,
  get,
  interval,
  merge,
  nested,
  put,
  raw,
  read,
  when,
  write,
} from "./kit/requests.ts";

/** Values of more bytes than this are not really written, to spare the machine. */
const WRITTEN_BYTES_MAX = 2 ** 24;

export const limits = behaviour("limits", (test) => {
  test("keys may be as long as the limit and no longer", async ({ store }) => {
    const { keyBytesMax } = store.limits;
    if (keyBytesMax > WRITTEN_BYTES_MAX) return;
    const longest = "k".repeat(keyBytesMax);
    await write(store, put(longest, "x"));
    assertEqual(await get(store, longest), { value: "x" });
    assertEqual((await store.range(interval(longest, `${longest}\0`))).count, 1);
    const tooLong = `${longest}k`;
    const [sequence, prefix] = [raw(tooLong), raw("k".repeat(keyBytesMax - 15))];
    const wrong: readonly Operation[] = [put(tooLong), merge(tooLong, "x"), append("q", "", { sequence })];
    for (const operation of [...wrong, append("q", "", { sequence: raw("s"), prefix } as object)]) {
      await assertRejects(write(store, operation), "LIMIT_EXCEEDED");
      await assertRejects(store.txn(branches({ failure: [operation] })), "LIMIT_EXCEEDED");
    }
    assertEqual(store.revision, 2);
  });

  test("values may be as large as the limit and no larger", async ({ store }) => {
    const { valueBytesMax, txnBytesMax } = store.limits;
    const tooLarge = "v".repeat(Math.min(valueBytesMax, txnBytesMax) + 1);
    await assertRejects(write(store, put("a", tooLarge)), "LIMIT_EXCEEDED");
    await assertRejects(write(store, append("q", tooLarge)), "LIMIT_EXCEEDED");
    await assertRejects(write(store, merge("a", "x", { offset: valueBytesMax })), "LIMIT_EXCEEDED");
    await assertRejects(write(store, merge("a", "x", { offset: Number.MAX_SAFE_INTEGER })), "LIMIT_EXCEEDED");
    assertEqual([store.revision, await everything(store)], [1, []]);
    if (valueBytesMax > WRITTEN_BYTES_MAX || txnBytesMax < valueBytesMax + 1_000) return;
    await write(store, put("a", "v".repeat(valueBytesMax)));
    assertEqual((await get(store, "a"))?.value.length, valueBytesMax);
  });

  test("lists may be as long as the limit and no longer", async ({ store }) => {
    const { txnOperationsMax } = store.limits;
    const conditions = Array.from({ length: txnOperationsMax }, () => when("version", "a", "=", 0));
    const operations = Array.from({ length: txnOperationsMax }, () =>
      read("a", undefined, { countOnly: true }),
    );
    const longest = branches({ conditions, success: operations, failure: operations });
    assertEqual((await store.txn(longest)).responses.length, txnOperationsMax);
    for (const tooLong of [
      branches({ conditions: [...conditions, when("version", "b", "=", 0)] }),
      branches({ success: [...operations, read("b")] }),
      branches({ failure: [...operations, read("b")] }),
      branches({ success: [nested({ failure: [...operations, read("b")] })] }),
    ]) {
      await assertRejects(store.txn(tooLong), "LIMIT_EXCEEDED");
    }
  });

  test("a transaction may have so many bytes and no more", async ({ store }) => {
    const { txnBytesMax, valueBytesMax } = store.limits;
    const value = "v".repeat(Math.min(valueBytesMax, Math.ceil(txnBytesMax / 2)));
    const count = Math.ceil(txnBytesMax / value.length);
    const operations = Array.from({ length: count }, (_, at) => put(`k${at}`, value));
    const half = Math.ceil(count / 2);
    await assertRejects(write(store, ...operations), "LIMIT_EXCEEDED");
    const bothBranches = branches({ success: operations.slice(0, half), failure: operations.slice(half) });
    await assertRejects(store.txn(bothBranches), "LIMIT_EXCEEDED");
    await assertRejects(
      write(store, ...operations.slice(0, half), nested({ success: operations.slice(half) })),
      "LIMIT_EXCEEDED",
    );
    assertEqual(store.revision, 1);
  });

  test("what is refused for its size does no harm to what comes after", async ({ store }) => {
    await assertRejects(
      write(store, put("a", "kept"), put("k".repeat(store.limits.keyBytesMax + 1))),
      "LIMIT_EXCEEDED",
    );
    assertEqual(await write(store, put("a", "x")), { revision: 2 });
  });
});
