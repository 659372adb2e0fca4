/** Readers that are slow, or never read. */
import { assertEqual } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import { del, interval, put, write } from "./kit/requests.ts";
import { brief, eventsUpTo, nextEvents, watchAll } from "./kit/watching.ts";

export const watchBackpressure = behaviour("watch-backpressure", (test) => {
  test("a reader that comes late gets everything (W30)", async ({ store }) => {
    const watch = await watchAll(store);
    for (let at = 0; at < 500; at++) await write(store, put("a", String(at)));
    const values = (await eventsUpTo(watch, store.revision)).map((event) => event.kv.value);
    assertEqual(
      values,
      Array.from({ length: 500 }, (_, at) => String(at)),
    );
  });

  test("one that never reads stops neither writers nor other watches (W30)", async ({ store }) => {
    const stalled = await watchAll(store);
    const brisk = await watchAll(store);
    for (let at = 0; at < 200; at++) {
      await write(store, put(`k${at}`));
      assertEqual(brief((await nextEvents(brisk)).events), [`put k${at}@${at + 2}`]);
    }
    assertEqual((await eventsUpTo(stalled, store.revision)).length, 200);
  });

  test("a reader that pauses in the middle goes on where it was", async ({ store }) => {
    const watch = await store.watch({ ...interval("a"), previous: true });
    await write(store, put("a", "1"));
    assertEqual(brief((await nextEvents(watch)).events), ["put a@2"]);
    for (let at = 2; at <= 100; at++) await write(store, put("a", String(at)));
    await write(store, del("a"));
    const events = await eventsUpTo(watch, store.revision);
    assertEqual(events.length, 100);
    assertEqual(events[0], { kv: { value: "2" }, previous: { value: "1" } });
    assertEqual(events.at(-1), { type: "delete", previous: { value: "100" } });
  });

  test("many that never read are let go with the store", async ({ store }) => {
    for (let at = 0; at < 100; at++) await watchAll(store);
    for (let at = 0; at < 100; at++) await write(store, put("a", "x".repeat(1_000)));
    assertEqual((await store.status()).watches, 100);
  });
});
