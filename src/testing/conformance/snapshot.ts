/** Copies of the whole store. */
import type { Store } from "../../contract/store.ts";
import { assertEqual, assertRejects, assertTrue } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { append, del, everything, get, put, write } from "./kit/requests.ts";

async function* emptyStream(): AsyncGenerator<Uint8Array> {}

async function fill(store: Store, ttlMs: number): Promise<bigint> {
  const { id } = await store.grantLease({ ttlMs });
  await write(store, put("a", "1"), put("gone", ""), put("\xff\0", "\0\xff"));
  await write(store, put("a", "2"), put("leased", "x", { leaseId: id }));
  await write(store, del("gone"), append("q", "entry"));
  return id;
}

export const snapshot = behaviour("snapshot", (test) => {
  test("is UNSUPPORTED where the capabilities say so", async ({ store }) => {
    if (!store.capabilities.snapshot) await assertRejects(store.snapshot(), "UNSUPPORTED");
    else assertEqual((await store.snapshot()).revision, 1);
  });

  test("restores to the same pairs, revisions, versions and leases", async ({ store, ttlMs, restore }) => {
    if (!store.capabilities.snapshot) return;
    const id = await fill(store, ttlMs);
    const copy = await store.snapshot();
    assertEqual(copy.revision, 4);
    const restored = await restore(copy);
    const { revision } = restored;
    assertTrue(revision >= 4, `a copy of revision 4 goes on from ${revision}`);
    assertEqual(await everything(restored), await everything(store));
    assertEqual(await restored.leaseStatus(id, { keys: true }), { id, ttlMs, keys: ["leased"] });
    const next = await write(restored, append("q", "next"));
    assertEqual(next, { revision: revision + 1, responses: [{ number: 2 }] });
    assertEqual(await restored.revokeLease(id), { deleted: 1, revision: revision + 2 });
    assertEqual([store.revision, await get(store, "leased")], [4, { leaseId: id }]);
  });

  test("begins a history of its own", async ({ store, ttlMs, restore }) => {
    if (!store.capabilities.snapshot) return;
    await fill(store, ttlMs);
    const restored = await restore(await store.snapshot());
    const [original, copy] = [await store.status(), await restored.status()];
    assertTrue(original.historyId !== copy.historyId, "the copy has the history id of the original");
  });

  test("is as of one revision, whatever is written while it is read", async ({ store, restore }) => {
    if (!store.capabilities.snapshot) return;
    const keys = Array.from({ length: 400 }, (_, at) => `k${at}`);
    await write(store, ...keys.map((key) => put(key, "before".repeat(100))));
    const copy = await store.snapshot();
    const disturbed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of copy) {
        assertTrue(chunk instanceof Uint8Array, "a snapshot is made of Uint8Arrays");
        await write(store, ...keys.map((key) => put(key, "after")));
        yield chunk;
      }
    };
    const restored = await restore(disturbed());
    assertEqual(copy.revision, 2);
    const values = new Set((await everything(restored)).map((kv) => kv.value));
    assertEqual([...values], ["before".repeat(100)]);
  });

  test("of an empty store restores to an empty store", async ({ store, restore }) => {
    if (!store.capabilities.snapshot) return;
    const restored = await restore(await store.snapshot());
    assertEqual(await everything(restored), []);
    assertEqual((await write(restored, put("a"))).revision, restored.revision);
  });

  test("that is cut short does not restore", async ({ store, ttlMs, restore }) => {
    if (!store.capabilities.snapshot) return;
    await fill(store, ttlMs);
    await assertRejects(restore(emptyStream()), "CORRUPT", "INVALID_ARGUMENT");
    const cut = async function* (): AsyncGenerator<Uint8Array> {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await store.snapshot()) chunks.push(chunk);
      const last = chunks.pop()!;
      yield* chunks;
      yield last.subarray(0, last.length - 1);
    };
    await assertRejects(restore(cut()), "CORRUPT", "INVALID_ARGUMENT");
  });
});
