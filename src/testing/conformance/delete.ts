/** Deleting a key or a range of keys. */
import { assertEqual } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, everything, get, put, write } from "./kit/requests.ts";

export const deleteBehaviour = behaviour("delete", (test) => {
  test("removes the key and takes a revision", async ({ store }) => {
    await write(store, put("a"), put("b"));
    const { revision, responses } = await write(store, del("a"));
    assertEqual(
      [revision, responses],
      [3, [{ type: "delete", revision: 3, deleted: 1, previous: undefined }]],
    );
    assertEqual(await everything(store), [{ key: "b" }]);
  });

  test("that finds nothing changes nothing and takes no revision (D01)", async ({ store }) => {
    await write(store, put("b"));
    for (const nothing of [del("a"), del("c", "d"), del("c", "a"), del("b", "b")]) {
      const { revision, responses } = await write(store, nothing);
      assertEqual([revision, responses], [2, [{ type: "delete", revision: 2, deleted: 0 }]]);
    }
    assertEqual([store.revision, await everything(store)], [2, [{ key: "b" }]]);
  });

  test("of a range removes all its keys in one revision (D02)", async ({ store }) => {
    await write(store, put("a"), put("b"), put("c"), put("d"));
    assertEqual(await write(store, del("b", "d")), { revision: 3, responses: [{ deleted: 2 }] });
    assertEqual(await everything(store), [{ key: "a" }, { key: "d" }]);
  });

  test("without an upper bound removes everything from a key on", async ({ store }) => {
    await write(store, put("a"), put("b"), put("\xff\xff"));
    assertEqual((await write(store, del("b", "\0"))).responses, [{ deleted: 2 }]);
    assertEqual((await write(store, del("\0", "\0"))).responses, [{ deleted: 1 }]);
    assertEqual(await everything(store), []);
  });

  test("gives what it removed, ascending by key, where asked (D02)", async ({ store }) => {
    await write(store, put("b", "2"));
    await write(store, put("a", "1"));
    await write(store, put("b", "3"));
    const { responses } = await write(store, del("a", "z", { previous: true }));
    const previous = [
      { key: "a", value: "1", revision: 3, createRevision: 3, version: 1 },
      { key: "b", value: "3", revision: 4, createRevision: 2, version: 2 },
    ];
    assertEqual(responses, [{ deleted: 2, previous }]);
    assertEqual((await write(store, del("a", "z", { previous: true }))).responses, [
      { deleted: 0, previous: [] },
    ]);
  });

  test("leaves the past readable (D03)", async ({ store }) => {
    await write(store, put("a", "one"));
    await write(store, del("a"));
    assertEqual(await get(store, "a", 2), { value: "one" });
    assertEqual(await get(store, "a", 3), undefined);
  });

  test("of a key that was deleted before finds nothing", async ({ store }) => {
    await write(store, put("a"));
    await write(store, del("a"));
    assertEqual(await write(store, del("a")), { revision: 3, responses: [{ deleted: 0 }] });
  });
});
