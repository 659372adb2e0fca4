/** Waiting until a write is seen. */
import { assertEqual, inTime } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { get, put, write } from "./kit/requests.ts";

export const waitForRevision = behaviour("wait-for-revision", (test) => {
  test("a revision that was reached answers at once", async ({ store }) => {
    await write(store, put("a"));
    for (const revision of [0, 1, 2]) await inTime(store.waitForRevision(revision), `revision ${revision}`);
  });

  test("a future revision is waited for, and reads then show it", async ({ store }) => {
    const seen = store.waitForRevision(4).then(() => get(store, "c"));
    for (const key of ["a", "b", "c"]) await write(store, put(key));
    assertEqual(await inTime(seen, "revision 4"), { key: "c", revision: 4 });
  });

  test("does not answer before the revision has come", async ({ store }) => {
    const seen: number[] = [];
    const waits = [5, 3, 4].map(async (revision) => {
      await store.waitForRevision(revision);
      assertEqual(
        store.revision >= revision,
        true,
        `revision ${store.revision} when ${revision} was announced`,
      );
      seen.push(revision);
    });
    await write(store, put("a"));
    assertEqual(seen, []);
    for (let at = 0; at < 3; at++) await write(store, put("a"));
    await inTime(Promise.all(waits), "all revisions");
    assertEqual(seen.toSorted(), [3, 4, 5]);
  });

  test("wakes many at once", async ({ store }) => {
    const waits = Array.from({ length: 300 }, (_, at) => store.waitForRevision(2 + (at % 10)));
    for (let at = 0; at < 10; at++) await write(store, put("a"));
    await inTime(Promise.all(waits), "all revisions");
  });

  test("the revision of a write that was answered is there", async ({ store }) => {
    const revisions = await Promise.all(
      Array.from({ length: 30 }, async (_, at) => (await write(store, put(`k${at}`))).revision),
    );
    for (const revision of revisions) await inTime(store.waitForRevision(revision), `revision ${revision}`);
  });
});
