/**
 * A lock that is waited for without asking: a watch says when it is free.
 *
 * The trap is the moment between the attempt that failed and the start of the watch: a holder that releases just then
 * is never heard of, and the waiter waits for ever. So the watch starts at a revision that was *observed*: note the
 * store's revision, read the key, and watch from the revision after. A release before the read is seen by the read, a
 * later one by the watch. (Not from the revision of the key itself: that may be so old that its history is gone.)
 *
 * The watch is on the one key, not on a prefix, so a lock with a longer name wakes nobody; and it is closed on every
 * way out.
 */
import { type Database, open } from "holdfast";
import { type HeldLock, type LockOptions, tryLock } from "./lock.ts";

/** The lock, once it is free. Rejects with ABORTED once `signal` is aborted. */
export async function lockWithWatch(db: Database, key: string, options: LockOptions): Promise<HeldLock> {
  for (;;) {
    const held = await tryLock(db, key, options);
    if (held !== undefined) return held;
    await untilAbsent(db, key, options.signal);
  }
}

/** Resolves once the key was seen to be absent, though it may be there again by then. */
export async function untilAbsent(db: Database, key: string, signal?: AbortSignal): Promise<void> {
  const observed = db.currentRevision;
  const kv = await db.get(key, { signal });
  if (kv === undefined) return;
  const fromRevision = Math.max(observed, kv.revision) + 1;
  await using watch = await db.watch({ key, fromRevision, only: "delete", signal });
  for await (const _deletion of watch) return;
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  const work = async (owner: string): Promise<void> => {
    const held = await lockWithWatch(db, "/locks/my-resource", { owner, ttlMs: 30_000 });
    console.log(`${owner} holds the lock, fence ${held.fence}`);
    await held.release();
  };
  await Promise.all(["one", "two", "three"].map(work));
  await db.close();
}
