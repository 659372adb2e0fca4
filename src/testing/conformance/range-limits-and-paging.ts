/** Getting less than everything: limits, pages, counts, bounds on revisions. */
import { successor } from "../../base/byte-string.ts";
import { EVERYTHING } from "../../contract/key-range.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import type { RangeQuery } from "../../contract/range.ts";
import type { Store } from "../../contract/store.ts";
import { assertEqual, assertTrue } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { keysIn, put, raw, write } from "./kit/requests.ts";

/** Keys a to e, each with a revision of its own from 2 to 6; b and d are then written again (7, 8). */
async function fill(store: Store): Promise<void> {
  for (const key of ["a", "b", "c", "d", "e"]) await write(store, put(key, "four"));
  await write(store, put("b", "four"));
  await write(store, put("d", "four"));
}

const all = (query: Partial<RangeQuery>): RangeQuery => ({ ...EVERYTHING, ...query });

export const rangeLimitsAndPaging = behaviour("range-limits-and-paging", (test) => {
  test("a limit cuts the list and says so (R08)", async ({ store }) => {
    await fill(store);
    const { kvs, count, more } = await store.range(all({ limit: 2 }));
    assertEqual(kvs, [{ key: "a" }, { key: "b" }]);
    assertEqual([count, more], [5, true]);
  });

  test("a limit that is not reached, or reached exactly, cuts nothing (R08)", async ({ store }) => {
    await fill(store);
    for (const limit of [0, 5, 6, 1_000_000]) {
      const { kvs, more } = await store.range(all({ limit }));
      assertEqual([kvs.length, more], [5, false]);
    }
  });

  test("count-only gives the count alone and wins over keys-only and limit (R09)", async ({ store }) => {
    await fill(store);
    const expected = { kvs: [], count: 5, more: false };
    assertEqual(await store.range(all({ countOnly: true })), expected);
    assertEqual(await store.range(all({ countOnly: true, keysOnly: true, limit: 1 })), expected);
    assertEqual(await store.range({ key: raw("a"), countOnly: true }), { kvs: [], count: 1, more: false });
  });

  test("keys-only leaves out the value and nothing else (R10)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("a", "one", { leaseId: id }));
    const kv = { key: "a", value: "", revision: 2, createRevision: 2, version: 1, leaseId: id };
    assertEqual((await store.range(all({ keysOnly: true }))).kvs, [kv]);
    assertEqual((await store.range({ key: raw("a"), keysOnly: true })).kvs, [kv]);
    assertEqual((await store.range({ key: raw("a") })).kvs, [{ ...kv, value: "one" }]);
  });

  test("bounds on revisions are inclusive, zero is none (R15)", async ({ store }) => {
    await fill(store);
    assertEqual(await keysIn(store, all({ minRevision: 6 })), ["b", "d", "e"]);
    assertEqual(await keysIn(store, all({ maxRevision: 6 })), ["a", "c", "e"]);
    assertEqual(await keysIn(store, all({ minRevision: 4, maxRevision: 7 })), ["b", "c", "e"]);
    assertEqual(await keysIn(store, all({ minCreateRevision: 5 })), ["d", "e"]);
    assertEqual(await keysIn(store, all({ maxCreateRevision: 3 })), ["a", "b"]);
    assertEqual(await keysIn(store, all({ minRevision: 0, maxRevision: 0 })), ["a", "b", "c", "d", "e"]);
    assertEqual(await keysIn(store, { key: raw("a"), minRevision: 3 }), []);
  });

  test("bounds come before the limit and do not change the count (R07, R12)", async ({ store }) => {
    await fill(store);
    const cut = await store.range(all({ minRevision: 6, limit: 2 }));
    assertEqual(cut, { kvs: [{ key: "b" }, { key: "d" }], count: 5, more: true });
    const whole = await store.range(all({ minRevision: 6, limit: 3 }));
    assertEqual(whole, { kvs: [{ key: "b" }, { key: "d" }, { key: "e" }], count: 5, more: false });
  });

  test("pages that are pinned to a revision give every key once, whatever is written between (R19)", async ({
    store,
  }) => {
    const keys = Array.from({ length: 25 }, (_, number) => `k${number + 10}`);
    await write(store, ...keys.map((key) => put(key)));
    const found: KeyValue[] = [];
    let from = EVERYTHING.key;
    let revision: number | undefined;
    for (let more = true; more; ) {
      const page = await store.range({ ...EVERYTHING, key: from, limit: 4, revision });
      revision ??= page.revision;
      found.push(...page.kvs);
      from = successor(page.kvs.at(-1)!.key);
      more = page.more;
      await write(store, put(`k${10 + found.length}x`), put("k10", "changed"));
    }
    assertEqual(
      found.map((kv) => kv.key),
      keys,
    );
  });

  test("a byte limit stops after the pair that reaches it", async ({ store }) => {
    await fill(store); // each pair has five bytes
    const sizes = [
      [5, 1],
      [6, 2],
      [10, 2],
      [24, 5],
    ] as const;
    for (const [bytesMax, pairs] of sizes) {
      const { kvs, more, count } = await store.range(all({ bytesMax }));
      assertEqual([kvs.length, more, count], [pairs, pairs < 5, 5], `with bytesMax ${bytesMax}`);
    }
  });

  test("a byte limit gives at least one pair, and none of it is lost over pages", async ({ store }) => {
    await write(store, put("a", "x".repeat(5_000)), put("b", "y"), put("c", "z".repeat(3_000)));
    const sizes: number[] = [];
    let from = EVERYTHING.key;
    for (let more = true; more; ) {
      const page = await store.range({ ...EVERYTHING, key: from, bytesMax: 1 });
      sizes.push(...page.kvs.map((kv) => kv.value.length));
      from = successor(page.kvs.at(-1)!.key);
      more = page.more;
    }
    assertEqual(sizes, [5_000, 1, 3_000]);
  });

  test("a limit and a byte limit together: whichever comes first", async ({ store }) => {
    await fill(store);
    assertEqual((await store.range(all({ limit: 1, bytesMax: 100 }))).kvs.length, 1);
    assertEqual((await store.range(all({ limit: 4, bytesMax: 6 }))).kvs.length, 2);
  });

  test("may spare the count of a list that was cut", async ({ store }) => {
    await fill(store);
    const cut = await store.range(all({ limit: 2, skipCount: true }));
    assertEqual([cut.kvs.length, cut.more], [2, true]);
    assertTrue(cut.count >= 2 && cut.count <= 5, `count is ${cut.count}`);
    assertEqual(await store.range(all({ limit: 5, skipCount: true })), { count: 5, more: false });
  });

  test("serializable reads answer like others on a store that nobody else writes to (R16)", async ({
    store,
  }) => {
    await fill(store);
    assertEqual(
      (await store.range({ ...EVERYTHING, serializable: true })).kvs.map((kv) => kv.key),
      ["a", "b", "c", "d", "e"],
    );
  });
});
