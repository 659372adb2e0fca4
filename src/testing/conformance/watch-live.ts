/** Following changes as they happen. */
import { assertEqual } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import {
  append,
  branches,
  del,
  integer,
  interval,
  merge,
  nested,
  put,
  read,
  when,
  write,
} from "./kit/requests.ts";
import { brief, eventsUpTo, nextEvents, watchAll } from "./kit/watching.ts";

export const watchLive = behaviour("watch-live", (test) => {
  test("begins after the store's revision and misses nothing from then on (W08)", async ({ store }) => {
    await write(store, put("a", "before"));
    const watch = await store.watch(interval("a"));
    assertEqual(watch.startRevision, 2);
    await write(store, put("a", "after"));
    const kv = { key: "a", value: "after", revision: 3, createRevision: 2, version: 2, leaseId: 0n };
    assertEqual(await nextEvents(watch), { revision: 3, events: [{ type: "put", kv, previous: undefined }] });
  });

  test("a reader that waits is woken by the next write", async ({ store }) => {
    const watch = await watchAll(store);
    const waiting = nextEvents(watch);
    await write(store, put("a"));
    assertEqual(brief((await waiting).events), ["put a@2"]);
  });

  test("a delete gives the key, its revision and nothing else (W12)", async ({ store }) => {
    await write(store, put("a", "x"));
    const watch = await store.watch(interval("a"));
    await write(store, del("a"));
    const kv = { key: "a", value: "", revision: 3, createRevision: 0, version: 0, leaseId: 0n };
    assertEqual((await nextEvents(watch)).events, [{ type: "delete", kv, previous: undefined }]);
  });

  test("follows one key and not its neighbours (W01)", async ({ store }) => {
    const watch = await store.watch(interval("b"));
    for (const key of ["a", "b", "b\0", "bb", "c"]) await write(store, put(key));
    await write(store, del("a", "\0"));
    assertEqual(brief(await eventsUpTo(watch, store.revision)), ["put b@3", "delete b@7"]);
  });

  test("follows an interval, its start included and its end not", async ({ store }) => {
    const watch = await store.watch(interval("b", "d"));
    await write(store, ...["a", "b", "c", "d"].map((key) => put(key)));
    assertEqual(brief((await nextEvents(watch)).events), ["put b@2", "put c@2"]);
  });

  test("follows everything from a key on", async ({ store }) => {
    const watch = await store.watch(interval("b", "\0"));
    await write(store, put("a"), put("b"), put("\xff\xff"));
    assertEqual(brief((await nextEvents(watch)).events), ["put b@2", "put \xff\xff@2"]);
  });

  test("gives the state before each event where asked (W13)", async ({ store, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    const watch = await store.watch({ ...interval("a"), previous: true });
    await write(store, put("a", "one", { leaseId: id }));
    await write(store, put("a", "two"));
    await write(store, del("a"));
    await write(store, put("a", "new"));
    const one = { key: "a", value: "one", revision: 2, createRevision: 2, version: 1, leaseId: id };
    const two = { key: "a", value: "two", revision: 3, createRevision: 2, version: 2, leaseId: 0n };
    assertEqual(await eventsUpTo(watch, 5), [
      { type: "put", kv: one, previous: undefined },
      { type: "put", kv: two, previous: one },
      { type: "delete", kv: { revision: 4 }, previous: two },
      { type: "put", kv: { value: "new" }, previous: undefined },
    ]);
  });

  test("gives puts only or deletes only where asked (W16)", async ({ store }) => {
    const puts = await watchAll(store, { only: "put" });
    const deletes = await watchAll(store, { only: "delete" });
    await write(store, put("a"), put("b"));
    await write(store, del("a"));
    await write(store, del("b"), put("c"));
    assertEqual(brief(await eventsUpTo(puts, 4)), ["put a@2", "put b@2", "put c@4"]);
    assertEqual(brief(await eventsUpTo(deletes, 4)), ["delete a@3", "delete b@4"]);
  });

  test("sees merges and appends as puts", async ({ store }) => {
    const watch = await watchAll(store);
    await write(store, merge("n", integer(1), { fn: "add", width: 8 }));
    await write(store, append("q", "x"));
    const [merged, ...appended] = await eventsUpTo(watch, 3);
    assertEqual(merged, { type: "put", kv: { key: "n", value: integer(1), version: 1 } });
    assertEqual(brief(appended).toSorted(), ["put q#@3", "put q0000000000000001@3"]);
  });

  test("sees nothing of what changes nothing", async ({ store }) => {
    await write(store, put("a"));
    const watch = await watchAll(store);
    await write(store, read("a"), del("b"));
    await store.txn(branches({ conditions: [when("version", "a", "=", 5)], success: [put("a")] }));
    await write(store, put("end"));
    assertEqual(brief(await eventsUpTo(watch, store.revision)), ["put end@3"]);
  });

  test("sees the writes of nested transactions", async ({ store }) => {
    const watch = await watchAll(store);
    await write(store, put("a"), nested({ success: [put("b"), nested({ success: [put("c")] })] }), put("d"));
    assertEqual(brief((await nextEvents(watch)).events), ["put a@2", "put b@2", "put c@2", "put d@2"]);
  });

  test("many watches each see what is theirs", async ({ store }) => {
    const watches = await Promise.all(
      Array.from({ length: 200 }, (_, at) => store.watch(interval(`k${at}`))),
    );
    const ranges = await Promise.all(Array.from({ length: 20 }, () => store.watch(interval("k", "l"))));
    for (let at = 0; at < 200; at++) await write(store, put(`k${at}`));
    for (const [at, watch] of watches.entries()) {
      assertEqual(brief(await eventsUpTo(watch, store.revision)), [`put k${at}@${at + 2}`]);
    }
    for (const watch of ranges) assertEqual((await eventsUpTo(watch, store.revision)).length, 200);
  });
});
