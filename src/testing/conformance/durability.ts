/** What a store that calls itself durable still knows after it was closed and opened again. */
import type { Store } from "../../contract/store.ts";
import { runDifferential } from "./differential/differential-run.ts";
import { assertEqual, assertRejects, assertTrue } from "./kit/assert.ts";
import { behaviour, type TestBody } from "./kit/behaviour.ts";
import { append, del, everything, get, integer, merge, put, write } from "./kit/requests.ts";
import { brief, eventsUpTo, nextEvents, watchAll } from "./kit/watching.ts";

const RUNS = 3;

async function fill(store: Store): Promise<void> {
  await write(store, put("a", "1"), put("b", "1")); // 2
  await write(store, put("a", "2")); // 3
  await write(store, del("b")); // 4
  await write(store, merge("n", integer(5), { fn: "add", width: 8 })); // 5
  await write(store, append("q", "entry"), put("\xff\0", "\0\xff")); // 6
}

export const durability = behaviour("durability", (test) => {
  /** A test of durable stores; of others there is nothing to say. */
  const durable = (title: string, body: TestBody) =>
    test(title, async (context) => {
      if (context.store.capabilities.durable) await body(context);
    });

  durable("pairs, revisions and versions survive", async ({ store, reopen }) => {
    await fill(store);
    const before = await everything(store);
    const again = await reopen(store);
    assertEqual([again.revision, await everything(again)], [6, before]);
    assertEqual((await write(again, append("q", "next"), put("a", "3"))).responses, [
      { number: 2 },
      { revision: 7 },
    ]);
    assertEqual(await get(again, "a"), { version: 3, createRevision: 2 });
  });

  durable("history survives, for reads and for watches", async ({ store, reopen }) => {
    await fill(store);
    const past = await Promise.all([1, 2, 3, 4, 5].map((revision) => everything(store, revision)));
    const events = await eventsUpTo(await watchAll(store, { fromRevision: 1, previous: true }), 6);
    const again = await reopen(store);
    assertEqual(await Promise.all([1, 2, 3, 4, 5].map((revision) => everything(again, revision))), past);
    assertEqual(await eventsUpTo(await watchAll(again, { fromRevision: 1, previous: true }), 6), events);
  });

  durable("a watch resumes where it was", async ({ store, reopen }) => {
    const watch = await watchAll(store);
    await write(store, put("a"));
    const { revision } = await nextEvents(watch);
    await write(store, put("b"));
    const again = await reopen(store);
    const resumed = await watchAll(again, { fromRevision: revision + 1 });
    await write(again, put("c"));
    assertEqual(brief(await eventsUpTo(resumed, 4)), ["put b@3", "put c@4"]);
  });

  durable("the compaction point survives", async ({ store, reopen }) => {
    await fill(store);
    await store.compact(4);
    const again = await reopen(store);
    assertEqual(again.compactRevision, 4);
    await assertRejects(everything(again, 3), "COMPACTED");
    await assertRejects(watchAll(again, { fromRevision: 3 }), "COMPACTED");
    await assertRejects(again.compact(4), "COMPACTED");
    assertEqual(await everything(again, 4), [{ key: "a", value: "2", version: 2 }]);
    assertEqual(brief(await eventsUpTo(await watchAll(again, { fromRevision: 4 }), 4)).slice(0, 1), [
      "delete b@4",
    ]);
  });

  durable("leases survive with their keys and at least the time they had left (L13)", async (context) => {
    const { store, reopen, ttlMs, passTime, outlive, eventually } = context;
    const { id, ttlMs: granted } = await store.grantLease({ ttlMs });
    await write(store, put("b", "", { leaseId: id }), put("a", "", { leaseId: id }), put("free"));
    await passTime(granted / 4);
    const left = (await store.leaseStatus(id))!.remainingMs;
    const again = await reopen(store);
    const found = await again.leaseStatus(id, { keys: true });
    assertEqual(found, { id, ttlMs: granted, keys: ["a", "b"] });
    const { remainingMs } = found!;
    assertTrue(
      remainingMs <= granted && remainingMs > left - granted / 4,
      `${remainingMs} left, it was ${left}`,
    );
    assertEqual((await again.keepAliveLease(id)).ttlMs, granted);
    await outlive(granted);
    await eventually("the end of the lease", async () => (await again.leaseStatus(id)) === undefined);
    assertEqual(await everything(again), [{ key: "free" }]);
  });

  durable("what ended stays ended", async ({ store, reopen, ttlMs }) => {
    const { id } = await store.grantLease({ ttlMs });
    await write(store, put("a", "", { leaseId: id }), put("b"));
    await store.revokeLease(id);
    const again = await reopen(store);
    assertEqual([await again.leaseStatus(id), await everything(again)], [undefined, [{ key: "b" }]]);
    await assertRejects(write(again, put("c", "", { leaseId: id })), "LEASE_NOT_FOUND");
  });

  durable("the history keeps its name", async ({ store, reopen }) => {
    const { historyId, engine } = await store.status();
    assertEqual(await (await reopen(store)).status(), { historyId, engine, revision: 1 });
  });

  durable("every answered write of many at once survives", async ({ store, reopen }) => {
    const writes = Array.from({ length: 300 }, (_, at) => write(store, put(`k${at}`, "v".repeat(at * 10))));
    const revisions = (await Promise.all(writes)).map(({ revision }) => revision);
    const again = await reopen(store);
    for (let at = 0; at < 300; at += 17) {
      assertEqual(await get(again, `k${at}`), { revision: revisions[at], value: "v".repeat(at * 10) });
    }
    assertEqual([again.revision, (await again.status()).keys], [301, 300]);
  });

  durable("large values survive", async ({ store, reopen }) => {
    const size = Math.min(store.limits.valueBytesMax, 2 ** 21);
    const large = "0123456789abcdef".repeat(size / 16);
    await write(store, put("large", large), put("small", "s"));
    await write(store, merge("large", "X", { offset: 3 }));
    const again = await reopen(store);
    assertTrue((await get(again, "large", 2))?.value === large, "the first value is not what was written");
    assertTrue((await get(again, "large"))?.value === `012X${large.slice(4)}`, "the merged value is wrong");
  });

  for (let run = 1; run <= RUNS; run++) {
    durable(
      `random requests with reopening are answered as by the reference store, run ${run}`,
      async (context) => {
        await runDifferential(context, { run, steps: 400, timePasses: false, reopens: true });
      },
    );
  }
});
