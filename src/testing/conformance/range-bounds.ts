/** Which keys a range names, and in which order they come. */
import { EVERYTHING, prefixRange } from "../../contract/key-range.ts";
import type { Store } from "../../contract/store.ts";
import { assertEqual } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { interval, keysIn, put, raw, write } from "./kit/requests.ts";

async function fill(store: Store, ...keys: readonly string[]): Promise<void> {
  await write(store, ...keys.map((key) => put(key, `value of ${key}`)));
}

/** In byte order. "\xff" is one byte, no text. */
const ODD_KEYS = [
  "\0\0",
  "\x01",
  "A",
  "a",
  "a\0",
  "a\0\0",
  "a\x01",
  "aa",
  "a\x7f",
  "a\x80",
  "a\xff",
  "b",
  "\x80",
  "\xc3\xa9",
  "\xff",
  "\xff\0",
  "\xff\xff",
];

export const rangeBounds = behaviour("range-bounds", (test) => {
  test("without an end names one key (R01)", async ({ store }) => {
    await fill(store, "a", "ab", "b");
    const { kvs, count, more } = await store.range(interval("a"));
    assertEqual(kvs, [{ key: "a", value: "value of a" }]);
    assertEqual([count, more], [1, false]);
  });

  test("an absent key is an empty answer, no error (R18)", async ({ store }) => {
    await fill(store, "a");
    assertEqual(await store.range(interval("b")), { kvs: [], count: 0, more: false });
  });

  test("on a fresh store is empty", async ({ store }) => {
    assertEqual(await store.range(EVERYTHING), { kvs: [], count: 0, more: false, revision: 1 });
  });

  test("holds its start and not its end (R02)", async ({ store }) => {
    await fill(store, "a", "b", "c", "d");
    assertEqual(await keysIn(store, interval("b", "d")), ["b", "c"]);
  });

  test("starts and ends between keys", async ({ store }) => {
    await fill(store, "a", "c", "e");
    assertEqual(await keysIn(store, interval("b", "d")), ["c"]);
    assertEqual(await keysIn(store, interval("c\0", "e\0")), ["e"]);
  });

  test("with a zero byte as its end has no upper bound (R02)", async ({ store }) => {
    await fill(store, "a", "b", "\xff\xff\xff");
    assertEqual(await keysIn(store, interval("b", "\0")), ["b", "\xff\xff\xff"]);
  });

  test("from a zero byte to a zero byte is the whole store (R02)", async ({ store }) => {
    await fill(store, ...ODD_KEYS);
    assertEqual(await keysIn(store, interval("\0", "\0")), ODD_KEYS);
  });

  test("with its end at or below its start is empty (R03)", async ({ store }) => {
    await fill(store, "a", "b", "c");
    for (const end of ["b", "a", "\x01"]) {
      assertEqual(await store.range(interval("b", end)), { kvs: [], count: 0, more: false });
    }
  });

  test("orders keys by unsigned bytes, the shorter of two with one start in front (R04)", async ({
    store,
  }) => {
    await fill(store, ...ODD_KEYS.toReversed());
    assertEqual(await keysIn(store, EVERYTHING), ODD_KEYS);
  });

  test("a prefix names all keys that start with it and no other", async ({ store }) => {
    await fill(store, ...ODD_KEYS);
    assertEqual(
      await keysIn(store, prefixRange(raw("a"))),
      ODD_KEYS.filter((key) => key.startsWith("a")),
    );
    assertEqual(await keysIn(store, prefixRange(raw("\xff"))), ["\xff", "\xff\0", "\xff\xff"]);
    assertEqual(await keysIn(store, prefixRange(raw(""))), ODD_KEYS);
  });

  test("keeps every byte of keys and values (R04)", async ({ store }) => {
    const allBytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
    await write(store, put(`k${allBytes}`, allBytes), put("empty", ""));
    assertEqual((await store.range(interval(`k${allBytes}`))).kvs, [
      { key: `k${allBytes}`, value: allBytes },
    ]);
    assertEqual((await store.range(interval("empty"))).kvs, [{ value: "" }]);
  });

  test("finds keys among many, whatever the order in which they came", async ({ store, random }) => {
    const keys = Array.from({ length: 500 }, (_, number) => `k${String(number).padStart(3, "0")}`);
    const shuffled = keys
      .map((key) => ({ key, at: random.uint32() }))
      .sort((a, b) => a.at - b.at)
      .map(({ key }) => key);
    await fill(store, ...shuffled.slice(0, 300));
    await fill(store, ...shuffled.slice(300));
    assertEqual(await keysIn(store, EVERYTHING), keys);
    assertEqual(await keysIn(store, interval("k100", "k120")), keys.slice(100, 120));
  });
});
