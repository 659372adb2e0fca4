/**
 * Compaction on a schedule, with a margin.
 *
 * Holdfast bounds its history by itself (an hour, unless told otherwise), so this is for those who want another rule.
 * Compacting up to the current revision would cut off every watcher that is a moment behind and every client that
 * reconnects; the margin keeps what they need to go on.
 */
import { setInterval as ticks } from "node:timers/promises";
import { type Database, isHoldfastError, open } from "holdfast";

/** Forgets all but the last `keepRevisions` revisions. Gives the compaction point, moved or not. */
export async function compactKeeping(db: Database, keepRevisions: number): Promise<number> {
  const target = db.currentRevision - keepRevisions;
  if (target <= db.compactRevision) return db.compactRevision;
  try {
    await db.compact(target);
  } catch (error) {
    // Somebody else has compacted further in the meantime, which is just as well.
    if (!isHoldfastError(error, "COMPACTED")) throw error;
  }
  return db.compactRevision;
}

export interface CompactionSchedule {
  readonly intervalMs: number;
  readonly keepRevisions: number;
  readonly signal: AbortSignal;
  /** Told of a compaction that failed; the next one is tried all the same. */
  onError(error: unknown): void;
}

export async function compactPeriodically(db: Database, schedule: CompactionSchedule): Promise<void> {
  const { intervalMs, keepRevisions, signal, onError } = schedule;
  try {
    for await (const _tick of ticks(intervalMs, undefined, { signal })) {
      await compactKeeping(db, keepRevisions).catch(onError);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  for (let at = 0; at < 500; at++) await db.put("/data/key", String(at));
  const point = await compactKeeping(db, 100);
  console.log(`the store is at revision ${db.currentRevision}, history starts at ${point}`);
  const old = await db.get("/data/key", { revision: point });
  console.log(`a hundred revisions ago the key held ${old?.text()}`);
  await db.close();
}
