/**
 * A lock, tried again and again: simple, and good enough where waiting is rare.
 *
 * It is unfair (whoever asks at the right moment gets the lock) and it asks in vain most of the time. The pauses are
 * spread at random so that those who wait do not all ask at once. `lock-with-watch.ts` waits without asking.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Database, open } from "holdfast";
import { type HeldLock, type LockOptions, tryLock } from "./lock.ts";

export interface RetryingLockOptions extends LockOptions {
  /** The mean pause between two attempts. */
  readonly retryIntervalMs: number;
}

/** The lock, as soon as an attempt finds it free. Rejects once `signal` is aborted. */
export async function lockWithRetry(
  db: Database,
  key: string,
  options: RetryingLockOptions,
): Promise<HeldLock> {
  for (;;) {
    const held = await tryLock(db, key, options);
    if (held !== undefined) return held;
    const pauseMs = options.retryIntervalMs * (0.5 + Math.random());
    await pause(pauseMs, undefined, { signal: options.signal });
  }
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  const work = async (owner: string): Promise<void> => {
    const held = await lockWithRetry(db, "/locks/my-resource", { owner, ttlMs: 30_000, retryIntervalMs: 20 });
    console.log(`${owner} holds the lock, fence ${held.fence}`);
    await held.release();
  };
  await Promise.all(["one", "two", "three"].map(work));
  await db.close();
}
