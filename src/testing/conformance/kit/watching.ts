/** Reading from watches without ever hanging. */
import { EVERYTHING } from "../../../contract/key-range.ts";
import type { Store } from "../../../contract/store.ts";
import type { Watch, WatchBatch, WatchEvent, WatchRequest } from "../../../contract/watch.ts";
import { plainEvent } from "../../plain.ts";
import { assertTrue, inTime } from "./assert.ts";

/** Follows every key. */
export function watchAll(store: Store, rest: Partial<WatchRequest> = {}): Promise<Watch> {
  return store.watch({ ...EVERYTHING, ...rest });
}

export async function nextBatch(watch: Watch): Promise<WatchBatch> {
  const batch = await inTime(watch.next(), "the next batch");
  assertTrue(batch !== undefined, "the watch ended");
  return { revision: batch.revision, events: batch.events.map(plainEvent) };
}

/** The next batch that is no progress mark. */
export async function nextEvents(watch: Watch): Promise<WatchBatch> {
  for (;;) {
    const batch = await nextBatch(watch);
    if (batch.events.length > 0) return batch;
  }
}

/** Batches with events, up to and including the one that reaches this revision. */
export async function batchesUpTo(watch: Watch, revision: number): Promise<readonly WatchBatch[]> {
  const batches: WatchBatch[] = [];
  for (;;) {
    watch.requestProgress();
    const batch = await nextBatch(watch);
    if (batch.events.length > 0) batches.push(batch);
    if (batch.revision >= revision) return batches;
  }
}

/** Everything that the watch has to say about the revisions so far. */
export async function eventsUpTo(watch: Watch, revision: number): Promise<readonly WatchEvent[]> {
  return (await batchesUpTo(watch, revision)).flatMap((batch) => batch.events);
}

/** `"put a@5"`, `"delete b@6"`. */
export function brief(events: readonly WatchEvent[]): readonly string[] {
  return events.map(({ type, kv }) => `${type} ${kv.key}@${kv.revision}`);
}
