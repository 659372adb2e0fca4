/**
 * A lock: whoever creates the key has it.
 *
 * - The key is bound to a lease, so the lock of a holder that dies is free after `ttlMs`. While the holder lives, the
 *   lease is kept alive in the background.
 * - Releasing deletes the key only at the revision that this holder created. A holder that lost the lock without
 *   noticing cannot delete its successor's.
 * - Releasing takes no signal: the usual moment to release is just after the caller's own signal was aborted.
 * - `signal` aborts when the lock is lost. Work that must not be done by two at a time also carries `guard` as a
 *   condition of its transactions: the store then refuses whatever a former holder still sends.
 */
import { type Database, isHoldfastError, open, type TxnCondition } from "holdfast";

export interface LockOptions {
  /** Written into the key, for people who look. */
  readonly owner: string;
  /** How long the lock outlives a holder that dies. */
  readonly ttlMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HeldLock {
  /** Greater than that of every holder before. */
  readonly fence: number;
  /** Aborted once the lock is lost or released. */
  readonly signal: AbortSignal;
  /** Holds as long as the lock is held: a condition for transactions. */
  readonly guard: TxnCondition;
  /** False where it was lost before. */
  release(): Promise<boolean>;
}

/** The lock, or undefined where somebody has it. */
export async function tryLock(
  db: Database,
  key: string,
  options: LockOptions,
): Promise<HeldLock | undefined> {
  const { owner, ttlMs, signal } = options;
  // Not under the signal: an abort in the middle of it would leave a lease that nobody ends.
  const lease = await db.lease({ ttlMs });
  try {
    const { revision } = await db.create(key, owner, { leaseId: lease.id, signal });
    return {
      fence: revision,
      signal: lease.signal,
      guard: { key, target: "createRevision", is: "=", to: revision },
      release: async () => {
        const { succeeded } = await db.deleteIfRevision(key, revision);
        await lease.close();
        return succeeded;
      },
    };
  } catch (error) {
    // Ends the lease, and with it a key whose creation we were not told about.
    await lease.close();
    if (isHoldfastError(error, "ALREADY_EXISTS")) return undefined;
    throw error;
  }
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  const first = await tryLock(db, "/locks/my-resource", { owner: "one", ttlMs: 30_000 });
  const second = await tryLock(db, "/locks/my-resource", { owner: "two", ttlMs: 30_000 });
  console.log(`one ${first ? `holds the lock, fence ${first.fence}` : "has to wait"}`);
  console.log(`two ${second ? `holds the lock, fence ${second.fence}` : "has to wait"}`);
  await first?.release();
  const third = await tryLock(db, "/locks/my-resource", { owner: "two", ttlMs: 30_000 });
  console.log(`two ${third ? `holds the lock, fence ${third.fence}` : "has to wait"}`);
  await third?.release();
  await db.close();
}
