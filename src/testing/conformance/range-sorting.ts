/** The order of a range's pairs. */
import { EVERYTHING } from "../../contract/key-range.ts";
import type { RangeQuery } from "../../contract/range.ts";
import type { Store } from "../../contract/store.ts";
import { assertEqual } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { keysIn, put, write } from "./kit/requests.ts";

/**
 * | key | value | create | revision | version |
 * |-----|-------|--------|----------|---------|
 * | a   | m     | 2      | 6        | 2       |
 * | b   | z     | 3      | 3        | 1       |
 * | c   | k     | 4      | 7        | 3       |
 * | d   | \xff  | 2      | 2        | 1       |
 */
async function fill(store: Store): Promise<void> {
  await write(store, put("a", "x"), put("d", "\xff"));
  await write(store, put("b", "z"));
  await write(store, put("c", "x"));
  await write(store, put("c", "x"));
  await write(store, put("a", "m"));
  await write(store, put("c", "k"));
}

const order = (store: Store, query: Partial<RangeQuery>) => keysIn(store, { ...EVERYTHING, ...query });

export const rangeSorting = behaviour("range-sorting", (test) => {
  test("is by ascending key unless asked otherwise (R11)", async ({ store }) => {
    await fill(store);
    assertEqual(await order(store, {}), ["a", "b", "c", "d"]);
    assertEqual(await order(store, { order: "descending" }), ["d", "c", "b", "a"]);
    assertEqual(await order(store, { sortBy: "key", order: "descending" }), ["d", "c", "b", "a"]);
  });

  test("sorts by value as unsigned bytes", async ({ store }) => {
    await fill(store);
    assertEqual(await order(store, { sortBy: "value" }), ["c", "a", "b", "d"]);
    assertEqual(await order(store, { sortBy: "value", order: "descending" }), ["d", "b", "a", "c"]);
  });

  test("sorts by revision", async ({ store }) => {
    await fill(store);
    assertEqual(await order(store, { sortBy: "revision" }), ["d", "b", "a", "c"]);
    assertEqual(await order(store, { sortBy: "revision", order: "descending" }), ["c", "a", "b", "d"]);
  });

  test("sorts by creation, ties by ascending key in both directions (R14)", async ({ store }) => {
    await fill(store);
    assertEqual(await order(store, { sortBy: "createRevision" }), ["a", "d", "b", "c"]);
    assertEqual(await order(store, { sortBy: "createRevision", order: "descending" }), ["c", "b", "a", "d"]);
  });

  test("sorts by version as a number", async ({ store }) => {
    await fill(store);
    for (let round = 0; round < 9; round++) await write(store, put("b", "z"));
    assertEqual(await order(store, { sortBy: "version" }), ["d", "a", "c", "b"]);
    assertEqual(await order(store, { sortBy: "version", order: "descending" }), ["b", "c", "a", "d"]);
  });

  test("sorts the whole interval before the limit cuts (R12)", async ({ store }) => {
    await fill(store);
    const oldest = { sortBy: "createRevision", order: "descending", limit: 1 } as const;
    assertEqual(await order(store, oldest), ["c"]);
    assertEqual(await order(store, { order: "descending", limit: 2 }), ["d", "c"]);
    assertEqual(await order(store, { sortBy: "value", limit: 3 }), ["c", "a", "b"]);
  });

  test("sorts by the value also where only keys are asked for", async ({ store }) => {
    await fill(store);
    assertEqual(await order(store, { sortBy: "value", keysOnly: true }), ["c", "a", "b", "d"]);
  });
});
