/** What moves the store's revision, and by how much. */
import { assertEqual, assertTrue } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import {
  append,
  branches,
  del,
  everything,
  get,
  integer,
  interval,
  merge,
  put,
  read,
  when,
  write,
} from "./kit/requests.ts";

export const revisionsAndVersions = behaviour("revisions-and-versions", (test) => {
  test("a fresh store is at revision 1 and the first write makes 2 (H02)", async ({ store }) => {
    assertEqual([store.revision, store.compactRevision], [1, 0]);
    assertEqual((await write(store, put("a"))).revision, 2);
    assertEqual(store.revision, 2);
  });

  test("each write is exactly one step, whatever it writes (H03)", async ({ store }) => {
    await write(store, put("a"));
    await write(store, put("b"), put("c"), del("a"));
    await write(store, merge("n", integer(1), { fn: "add", width: 8 }));
    await write(store, append("q", "x"), append("q", "y"));
    await write(store, del("\0", "\0"));
    assertEqual(store.revision, 6);
  });

  test("nothing but a write is a step (H03)", async ({ store, ttlMs }) => {
    await write(store, put("a"));
    const { id } = await store.grantLease({ ttlMs });
    await store.keepAliveLease(id);
    await store.leaseStatus(id);
    await store.leases();
    await store.revokeLease(id);
    await store.range(interval("a"));
    await write(store, read("a"), del("b"));
    await store.txn(branches({ conditions: [when("version", "a", "=", 7)], success: [put("a")] }));
    await store.status();
    (await store.watch(interval("a"))).cancel();
    await store.compact(2);
    assertEqual([store.revision, (await write(store, put("a"))).revision], [2, 3]);
  });

  test("versions count the writes of one life of a key (H07)", async ({ store }) => {
    const versions: (number | undefined)[] = [];
    const note = async () => versions.push((await get(store, "a"))?.version);
    for (const operation of [
      put("a"),
      put("a"),
      merge("a", "x"),
      put("a", "", { ignoreValue: true }),
      del("a"),
      put("a"),
    ]) {
      await write(store, operation);
      await note();
    }
    assertEqual(versions, [1, 2, 3, 4, undefined, 1]);
  });

  test("the store's revision is what the newest answered write made", async ({ store }) => {
    const results = await Promise.all(Array.from({ length: 40 }, (_, at) => write(store, put(`k${at}`))));
    const revisions = results.map(({ revision }) => revision).sort((a, b) => a - b);
    assertEqual(
      revisions,
      Array.from({ length: 40 }, (_, at) => at + 2),
    );
    assertEqual(store.revision, 41);
    assertTrue(
      (await everything(store)).every((kv) => kv.revision === kv.createRevision),
      "created once each",
    );
  });
});
