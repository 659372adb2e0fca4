/** Many callers at once: every answer is as if the calls had come one after the other. */
import type { Store } from "../../contract/store.ts";
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

/** Reads the number and writes the next one where nobody came between; true where it was written. */
async function increment(store: Store, key: string): Promise<boolean> {
  const present = await get(store, key);
  const next = Number(present?.value ?? 0) + 1;
  const { succeeded } = await store.txn(
    branches({
      conditions: [when("revision", key, "=", present?.revision ?? 0)],
      success: [put(key, String(next))],
    }),
  );
  return succeeded;
}

export const concurrency = behaviour("concurrency", (test) => {
  test("of fifty compare-and-swaps of one revision, one wins", async ({ store }) => {
    await write(store, put("a", "start"));
    const attempts = Array.from({ length: 50 }, (_, at) =>
      store.txn(
        branches({
          conditions: [when("revision", "a", "=", 2)],
          success: [put("a", `winner ${at}`)],
          failure: [read("a")],
        }),
      ),
    );
    const results = await Promise.all(attempts);
    const winners = results.flatMap((result, at) => (result.succeeded ? [at] : []));
    assertEqual(winners.length, 1);
    const value = `winner ${winners[0]}`;
    for (const { succeeded, responses } of results) {
      if (!succeeded) assertEqual(responses, [{ kvs: [{ value, revision: 3 }] }]);
    }
    assertEqual(await everything(store), [{ value, revision: 3, version: 2 }]);
  });

  test("of fifty creates of one key, one wins", async ({ store }) => {
    const create = branches({ conditions: [when("version", "a", "=", 0)], success: [put("a")] });
    const results = await Promise.all(Array.from({ length: 50 }, () => store.txn(create)));
    assertEqual([results.filter((result) => result.succeeded).length, store.revision], [1, 2]);
  });

  test("no increment by compare-and-swap is lost", async ({ store }) => {
    const increments = Array.from({ length: 8 }, async () => {
      for (let done = 0; done < 25; ) if (await increment(store, "n")) done++;
    });
    await Promise.all(increments);
    assertEqual(await get(store, "n"), { value: "200", version: 200 });
  });

  test("no increment by merge is lost, and each sees its own", async ({ store }) => {
    const add = merge("n", integer(1), { fn: "add", width: 8 });
    const results = await Promise.all(Array.from({ length: 200 }, () => write(store, add)));
    const after = new Set(results.map(({ responses }) => (responses[0] as { after: string }).after));
    assertEqual([after.size, await get(store, "n")], [200, { value: integer(200), version: 200 }]);
  });

  test("an item is taken once, by one of many", async ({ store }) => {
    await write(store, put("queue/1", "item"));
    const take = (worker: number) =>
      branches({
        conditions: [when("version", "queue/1", ">", 0)],
        success: [del("queue/1"), put(`taken/${worker}`, "item")],
      });
    const results = await Promise.all(Array.from({ length: 20 }, (_, worker) => store.txn(take(worker))));
    assertEqual(results.filter((result) => result.succeeded).length, 1);
    assertEqual((await everything(store)).length, 1);
  });

  test("money moves and none is made (snapshot reads are of one moment)", async ({ store }) => {
    const accounts = ["a", "b", "c", "d"];
    await write(store, ...accounts.map((key) => put(key, "100")));
    const total = async () =>
      (await store.range(interval("a", "e"))).kvs.reduce((sum, kv) => sum + Number(kv.value), 0);
    const mover = async (from: string, to: string) => {
      for (let moved = 0; moved < 15; ) {
        const [source, target] = [(await get(store, from))!, (await get(store, to))!];
        const { succeeded } = await store.txn(
          branches({
            conditions: [
              when("revision", from, "=", source.revision),
              when("revision", to, "=", target.revision),
            ],
            success: [put(from, String(Number(source.value) - 1)), put(to, String(Number(target.value) + 1))],
          }),
        );
        if (succeeded) moved++;
      }
    };
    const auditor = async () => {
      for (let look = 0; look < 40; look++) assertEqual(await total(), 400);
    };
    await Promise.all([
      mover("a", "b"),
      mover("b", "c"),
      mover("c", "a"),
      mover("d", "a"),
      auditor(),
      auditor(),
    ]);
    assertEqual(await total(), 400);
  });

  test("a read sees every write that was answered before it began", async ({ store }) => {
    const writer = async (key: string) => {
      for (let value = 1; value <= 40; value++) {
        const { revision } = await write(store, put(key, String(value)));
        const seen = await store.range(interval(key));
        assertEqual(seen.kvs, [{ value: String(value), revision }]);
        assertTrue(seen.revision >= revision, `read at ${seen.revision} after a write at ${revision}`);
      }
    };
    await Promise.all(["a", "b", "c", "d", "e"].map(writer));
  });

  test("revisions are unique, and grow from each answer to the next call", async ({ store }) => {
    const seen = new Set<number>();
    const writer = async (key: string) => {
      let last = store.revision;
      for (let count = 0; count < 40; count++) {
        const { revision } = await write(store, count % 5 === 4 ? append("q", key) : put(key));
        assertTrue(revision > last && !seen.has(revision), `revision ${revision} after ${last}`);
        seen.add(revision);
        last = revision;
      }
    };
    await Promise.all(["a", "b", "c", "d", "e"].map(writer));
    assertEqual([seen.size, store.revision], [200, 201]);
  });
});
