/** When a condition holds. */
import type { Condition } from "../../contract/txn.ts";
import { assertEqual } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, holds, put, when, write } from "./kit/requests.ts";

const OPERATORS = ["=", "!=", ">", "<"] as const;
const NUMBERS = ["revision", "createRevision", "version"] as const;
const BELOW_EQUAL_ABOVE = {
  "=": [false, true, false],
  "!=": [true, false, true],
  ">": [true, false, false],
  "<": [false, false, true],
} as const;

export const txnConditions = behaviour("txn-conditions", (test) => {
  test("numbers compare under every operator (T03)", async ({ store }) => {
    await write(store, put("a")); // created at 2
    await write(store, put("other"));
    await write(store, put("a")); // revision 4, version 2
    const actual = { revision: 4, createRevision: 2, version: 2 };
    for (const target of NUMBERS) {
      for (const is of OPERATORS) {
        const held: boolean[] = [];
        for (const step of [-1, 0, 1])
          held.push(await holds(store, when(target, "a", is, actual[target] + step)));
        assertEqual(held, BELOW_EQUAL_ABOVE[is], `${target} ${is} its number −1, +0, +1`);
      }
    }
  });

  test("values compare as unsigned bytes, the shorter of two with one start below (T03)", async ({
    store,
  }) => {
    await write(store, put("a", "m\x80"));
    const [below, equal, above] = ["m\x7f\xff", "m\x80", "m\x80\0"] as const;
    for (const is of OPERATORS) {
      const held: boolean[] = [];
      for (const to of [below, equal, above]) held.push(await holds(store, when("value", "a", is, to)));
      assertEqual(held, BELOW_EQUAL_ABOVE[is], `value ${is}`);
    }
  });

  test("leases compare as numbers, none as zero", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("leased", "", { leaseId: id }), put("free"));
    assertEqual(await holds(store, when("lease", "leased", "=", id)), true);
    assertEqual(await holds(store, when("lease", "leased", "!=", 0n)), true);
    assertEqual(await holds(store, when("lease", "leased", "=", 0n)), false);
    assertEqual(await holds(store, when("lease", "free", "=", 0n)), true);
    assertEqual(await holds(store, when("lease", "free", "!=", id)), true);
    assertEqual(
      await holds(store, when("lease", "leased", ">", id - 1n), when("lease", "leased", "<", id + 1n)),
      true,
    );
  });

  test("an absent key compares as zero in every number and as no lease (T02)", async ({ store }) => {
    await write(store, put("gone"));
    await write(store, del("gone"));
    for (const key of ["never", "gone"]) {
      for (const target of NUMBERS) {
        assertEqual(await holds(store, when(target, key, "=", 0)), true, `${target} of ${key} = 0`);
        assertEqual(await holds(store, when(target, key, "!=", 0)), false);
        assertEqual(await holds(store, when(target, key, ">", 0)), false);
        assertEqual(await holds(store, when(target, key, "<", 1)), true);
      }
      assertEqual(await holds(store, when("lease", key, "=", 0n)), true);
      assertEqual(await holds(store, when("lease", key, "!=", 0n)), false);
    }
  });

  test("an absent key fails against a value under every operator, also != (T02)", async ({ store }) => {
    await write(store, put("gone", "x"));
    await write(store, del("gone"));
    for (const key of ["never", "gone"]) {
      for (const is of OPERATORS) {
        for (const to of ["", "x"]) assertEqual(await holds(store, when("value", key, is, to)), false);
      }
    }
  });

  test("an empty value is a value", async ({ store }) => {
    await write(store, put("a", ""));
    assertEqual(await holds(store, when("value", "a", "=", "")), true);
    assertEqual(await holds(store, when("value", "a", "<", "\0")), true);
  });

  test("on a range holds where it holds for every existing key (T04)", async ({ store }) => {
    await write(store, put("a", "same"), put("b", "same"));
    await write(store, put("c", "other"));
    const cases: readonly (readonly [Condition, boolean])[] = [
      [when("value", ["a", "c"], "=", "same"), true],
      [when("value", ["a", "d"], "=", "same"), false],
      [when("value", ["a", "\0"], "!=", "else"), true],
      [when("createRevision", ["a", "c"], "=", 2), true],
      [when("createRevision", ["a", "z"], "<", 3), false],
      [when("revision", ["\0", "\0"], "<", 4), true],
      [when("version", ["a", "z"], "=", 1), true],
      [when("lease", ["a", "z"], "=", 0n), true],
    ];
    for (const [condition, expected] of cases) {
      assertEqual(
        await holds(store, condition),
        expected,
        JSON.stringify({ ...condition, to: `${condition.to}` }),
      );
    }
  });

  test("an empty range compares as an absent key (T04)", async ({ store }) => {
    await write(store, put("a", "x"));
    for (const range of [
      ["b", "c"],
      ["c", "b"],
      ["a", "a"],
    ] as const) {
      assertEqual(await holds(store, when("version", range, "=", 0)), true);
      assertEqual(await holds(store, when("revision", range, ">", 0)), false);
      assertEqual(await holds(store, when("lease", range, "=", 0n)), true);
      for (const is of OPERATORS) assertEqual(await holds(store, when("value", range, is, "x")), false);
    }
  });

  test("all must hold, and none at all holds (T01)", async ({ store }) => {
    await write(store, put("a", "x"));
    const yes = when("value", "a", "=", "x");
    const no = when("value", "a", "=", "y");
    assertEqual(await holds(store), true);
    assertEqual(await holds(store, yes, yes), true);
    assertEqual(await holds(store, yes, no), false);
    assertEqual(await holds(store, no, yes), false);
  });

  test("may be compared with numbers that no key can have", async ({ store }) => {
    await write(store, put("a"));
    assertEqual(await holds(store, when("version", "a", ">", -1)), true);
    assertEqual(await holds(store, when("revision", "a", "<", Number.MAX_SAFE_INTEGER)), true);
  });
});
