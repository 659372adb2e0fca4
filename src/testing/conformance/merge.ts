/** Combining bytes in place. */
import type { MergeWidth } from "../../contract/txn.ts";
import { assertEqual, assertRejects } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { append, get, integer, merge, nested, put, read, when, write } from "./kit/requests.ts";

const WIDTHS: readonly MergeWidth[] = [1, 2, 4, 8];

const largest = (width: MergeWidth): bigint =>
  width === 8 ? BigInt(Number.MAX_SAFE_INTEGER) : 2n ** BigInt(width * 8 - 1) - 1n;
const smallest = (width: MergeWidth): bigint =>
  width === 8 ? BigInt(Number.MIN_SAFE_INTEGER) : -(2n ** BigInt(width * 8 - 1));

export const mergeBehaviour = behaviour("merge", (test) => {
  test("answers with the elements before and after, and writes like a put", async ({ store }) => {
    await write(store, put("a", integer(5)));
    const { revision, responses } = await write(store, merge("a", integer(-7), { fn: "add", width: 8 }));
    assertEqual(revision, 3);
    assertEqual(responses, [{ type: "merge", revision: 3, before: integer(5), after: integer(-2) }]);
    assertEqual(await get(store, "a"), { value: integer(-2), revision: 3, createRevision: 2, version: 2 });
  });

  test("an absent key reads as empty and is created", async ({ store }) => {
    const { responses } = await write(store, merge("a", "\x05", { fn: "add" }));
    assertEqual(responses, [{ before: "\0", after: "\x05" }]);
    assertEqual(await get(store, "a"), { value: "\x05", createRevision: 2, version: 1, leaseId: 0n });
  });

  test("that changes no byte takes a revision all the same", async ({ store }) => {
    await write(store, put("a", "\x07"));
    assertEqual(await write(store, merge("a", "\0", { fn: "add" })), { revision: 3 });
    assertEqual(await get(store, "a"), { value: "\x07", version: 2 });
  });

  for (const width of WIDTHS) {
    test(`add counts up to the edges of ${width} bytes and no further`, async ({ store }) => {
      const add = (by: bigint) => write(store, merge("a", integer(by, width), { fn: "add", width }));
      await add(largest(width) - 1n);
      await add(1n);
      await assertRejects(add(1n), "OUT_OF_RANGE");
      assertEqual(await get(store, "a"), { value: integer(largest(width), width), revision: 3 });
      await write(store, put("a", integer(0, width)));
      await add(smallest(width));
      await assertRejects(add(-1n), "OUT_OF_RANGE");
      assertEqual(await get(store, "a"), { value: integer(smallest(width), width), revision: 5 });
      await add(-smallest(width) - 1n);
      assertEqual(await get(store, "a"), { value: integer(-1, width) });
    });
  }

  test("add carries over all bytes, also across the middle of eight", async ({ store }) => {
    const steps = [2n ** 32n - 1n, 1n, 2n ** 40n, -(2n ** 33n), -(2n ** 41n), 123_456_789_012n];
    let sum = 0n;
    for (const step of steps) {
      sum += step;
      await write(store, merge("a", integer(step), { fn: "add", width: 8 }));
      assertEqual(await get(store, "a"), { value: integer(sum) });
    }
  });

  test("add to bytes that are no safe integer is exact or OUT_OF_RANGE", async ({ store }) => {
    const add = (by: bigint) => write(store, merge("a", integer(by), { fn: "add", width: 8 }));
    await write(store, put("a", integer(2n ** 53n + 1n)));
    await assertRejects(add(-1n), "OUT_OF_RANGE");
    await add(-2n);
    assertEqual(await get(store, "a"), { value: integer(2n ** 53n - 1n) });
    await write(store, put("a", integer(-(2n ** 63n))));
    await assertRejects(add(-1n), "OUT_OF_RANGE");
    await add(2n ** 63n - 1n);
    assertEqual(await get(store, "a"), { value: integer(-1) });
  });

  test("max keeps the larger as unsigned numbers", async ({ store }) => {
    for (const width of WIDTHS) {
      const key = `w${width}`;
      const max = (bytes: string) =>
        write(store, merge(key, bytes.padEnd(width, "\0"), { fn: "max", width }));
      const top = `${"\0".repeat(width - 1)}\x80`;
      await max("\x05");
      await max("\x03");
      assertEqual(await get(store, key), { value: "\x05".padEnd(width, "\0") });
      await max(top);
      await max("\xff".repeat(width - 1));
      assertEqual(await get(store, key), { value: top }, `max at width ${width}`);
    }
  });

  test("or sets bits", async ({ store }) => {
    await write(store, put("a", "\x01\xf0\x00"));
    const { responses } = await write(store, merge("a", "\x82\x0f\x00\x01", { fn: "or" }));
    assertEqual(responses, [{ before: "\x01\xf0\x00\x00", after: "\x83\xff\x00\x01" }]);
    assertEqual(await get(store, "a"), { value: "\x83\xff\x00\x01" });
  });

  test("set replaces the bytes that the operand covers", async ({ store }) => {
    await write(store, put("a", "abcdef"));
    const { responses } = await write(store, merge("a", "XY", { offset: 2 }));
    assertEqual(responses, [{ before: "cd", after: "XY" }]);
    assertEqual(await get(store, "a"), { value: "abXYef" });
  });

  test("works element by element, each with its own carry", async ({ store }) => {
    await write(store, put("a", integer(255, 2) + integer(-1, 2) + integer(7, 2)));
    const operand = integer(1, 2) + integer(1, 2) + integer(-8, 2);
    await write(store, merge("a", operand, { fn: "add", width: 2 }));
    assertEqual(await get(store, "a"), { value: integer(256, 2) + integer(0, 2) + integer(-1, 2) });
  });

  test("one element out of range changes no element", async ({ store }) => {
    await write(store, put("a", "\x01\x7f\x01"));
    await assertRejects(write(store, merge("a", "\x01\x01\x01", { fn: "add" })), "OUT_OF_RANGE");
    assertEqual(await get(store, "a"), { value: "\x01\x7f\x01", version: 1 });
  });

  test("a value that is too short grows by zero bytes", async ({ store }) => {
    await write(store, put("a", "ab"));
    const { responses } = await write(store, merge("a", "\x05", { fn: "add", offset: 5 }));
    assertEqual(responses, [{ before: "\0", after: "\x05" }]);
    assertEqual(await get(store, "a"), { value: "ab\0\0\0\x05" });
    await write(store, merge("a", integer(3, 4), { fn: "add", width: 4, offset: 4 }));
    assertEqual(await get(store, "a"), { value: `ab\0\0${integer(0x503, 4)}` });
  });

  test("the offset need not be a multiple of the width", async ({ store }) => {
    await write(store, put("a", `x${integer(500, 4)}y`));
    await write(store, merge("a", integer(-1, 4), { fn: "add", width: 4, offset: 1 }));
    assertEqual(await get(store, "a"), { value: `x${integer(499, 4)}y` });
  });

  test("keeps the lease, or binds and unbinds as told", async ({ store, ttlMs }) => {
    const first = (await store.grantLease({ ttlMs })).id;
    const second = (await store.grantLease({ ttlMs })).id;
    await write(store, put("a", "x", { leaseId: first }));
    await write(store, merge("a", "y"));
    assertEqual(await get(store, "a"), { value: "y", leaseId: first });
    await write(store, merge("a", "z", { leaseId: second }));
    assertEqual(await get(store, "a"), { leaseId: second });
    await write(store, merge("a", "z", { leaseId: 0n }));
    assertEqual(await get(store, "a"), { leaseId: 0n });
    await assertRejects(write(store, merge("a", "q", { leaseId: first ^ second ^ 1n })), "LEASE_NOT_FOUND");
  });

  test("several of one key in a transaction count as one write, where the store takes them", async ({
    store,
  }) => {
    await write(store, put("a", integer(1)));
    const add = (by: number) => merge("a", integer(by), { fn: "add", width: 8 });
    const attempt = write(
      store,
      add(2),
      read("a"),
      nested({ success: [add(3)] }),
      merge("a", "!", { offset: 8 }),
    );
    if (!store.capabilities.repeatedMerge) {
      await assertRejects(attempt, "UNSUPPORTED", "DUPLICATE_KEY");
      return;
    }
    assertEqual((await attempt).responses, [
      { before: integer(1), after: integer(3) },
      { kvs: [{ value: integer(3), version: 2 }] },
      { responses: [{ before: integer(3), after: integer(6) }] },
      { before: "\0", after: "!" },
    ]);
    assertEqual(await get(store, "a"), { value: `${integer(6)}!`, revision: 3, version: 2 });
  });

  test("its result can be a condition and can be read at every revision", async ({ store }) => {
    for (let count = 1; count <= 5; count++)
      await write(store, merge("n", integer(1), { fn: "add", width: 8 }));
    assertEqual(
      (await store.txn({ conditions: [when("value", "n", "=", integer(5))], success: [], failure: [] }))
        .succeeded,
      true,
    );
    for (let revision = 2; revision <= 6; revision++) {
      assertEqual(await get(store, "n", revision), { value: integer(revision - 1), version: revision - 1 });
    }
  });

  test("a sequence that was counted by hand goes on from there", async ({ store }) => {
    await write(store, merge("q#", integer(41), { fn: "add", width: 8 }));
    assertEqual((await write(store, append("q", "x"))).responses, [{ number: 42 }]);
  });
});
