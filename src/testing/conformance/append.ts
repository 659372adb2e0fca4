/** Taking the next number of a sequence. */
import { prefixRange } from "../../contract/key-range.ts";
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { append, del, everything, get, integer, keysIn, put, raw, write } from "./kit/requests.ts";

export const appendBehaviour = behaviour("append", (test) => {
  test("puts under the prefix and the number in sixteen digits, from 1 on", async ({ store }) => {
    const first = await write(store, append("q/", "one"));
    const second = await write(store, append("q/", "two"));
    assertEqual(first, {
      revision: 2,
      responses: [{ type: "append", revision: 2, number: 1, key: "q/0000000000000001" }],
    });
    assertEqual(second.responses, [{ number: 2, key: "q/0000000000000002" }]);
    assertEqual(await get(store, "q/0000000000000002"), {
      value: "two",
      revision: 3,
      createRevision: 3,
      version: 1,
    });
  });

  test("counts in the sequence key, as eight bytes little-endian", async ({ store }) => {
    for (let count = 1; count <= 3; count++) await write(store, append("q", "x"));
    assertEqual(await get(store, "q#"), { value: integer(3), version: 3, createRevision: 2, revision: 4 });
  });

  test("keys are in the order of their numbers", async ({ store }) => {
    for (let count = 1; count <= 12; count++)
      await write(store, append("q/", String(count), { sequence: raw("s") }));
    const values = (await store.range(prefixRange(raw("q/")))).kvs.map((kv) => kv.value);
    assertEqual(
      values,
      Array.from({ length: 12 }, (_, at) => String(at + 1)),
    );
  });

  test("never gives a number twice, whatever is deleted", async ({ store }) => {
    await write(store, append("q", "x"), append("q", "y"));
    await write(store, del("q0000000000000000", "q9999999999999999"));
    assertEqual((await write(store, append("q", "z"))).responses, [{ number: 3 }]);
  });

  test("several in one transaction take consecutive numbers and one revision", async ({ store }) => {
    const { revision, responses } = await write(store, append("q", "a"), append("q", "b"), append("r", "c"));
    assertEqual([revision, responses], [2, [{ number: 1 }, { number: 2 }, { number: 1 }]]);
    const keys = await keysIn(store, { key: raw("q"), end: raw("s") });
    assertEqual(keys, ["q#", "q0000000000000001", "q0000000000000002", "r#", "r0000000000000001"]);
  });

  test("sequences with different prefixes may share one counter", async ({ store }) => {
    const sequence = raw("all");
    const { responses } = await write(store, append("a/", "", { sequence }), append("b/", "", { sequence }));
    assertEqual(responses, [{ key: "a/0000000000000001" }, { key: "b/0000000000000002" }]);
  });

  test("binds its new key to a lease, never the counter", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, append("q", "x", { leaseId: id }));
    assertEqual(await everything(store), [
      { key: "q#", leaseId: 0n },
      { key: "q0000000000000001", leaseId: id },
    ]);
    await store.revokeLease(id);
    assertEqual((await write(store, append("q", "y"))).responses, [{ number: 2 }]);
    await assertRejects(write(store, append("q", "z", { leaseId: id })), "LEASE_NOT_FOUND");
  });

  test("a failed transaction gives its number back", async ({ store }) => {
    await assertRejects(write(store, append("q", "x"), put("a", "", { ignoreValue: true })), "KEY_NOT_FOUND");
    assertEqual((await write(store, append("q", "x"))).responses, [{ number: 1 }]);
  });

  test("an exhausted sequence is OUT_OF_RANGE", async ({ store }) => {
    await write(store, put("q#", integer(Number.MAX_SAFE_INTEGER - 1)));
    assertEqual((await write(store, append("q", "last"))).responses, [
      { key: `q${Number.MAX_SAFE_INTEGER}` },
    ]);
    await assertRejects(write(store, append("q", "more")), "OUT_OF_RANGE");
    assertEqual(store.revision, 3);
  });

  test("a counter that was set below zero is OUT_OF_RANGE: numbers start at 1", async ({ store }) => {
    await write(store, put("q#", integer(-2)));
    await assertRejects(write(store, append("q", "x")), "OUT_OF_RANGE");
    await write(store, put("q#", integer(-1)));
    await assertRejects(write(store, append("q", "x")), "OUT_OF_RANGE");
    assertEqual(store.revision, 3);
  });

  test("writers at once get all numbers, each once", async ({ store }) => {
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, at) => write(store, append("q", String(at)))),
    );
    const numbers = results.flatMap(({ responses }) =>
      responses.map((response) => (response.type === "append" ? response.number : 0)),
    );
    assertEqual(
      numbers.sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, at) => at + 1),
    );
  });
});
