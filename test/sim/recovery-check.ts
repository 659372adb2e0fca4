/** A store that has just been opened, before anybody writes to it, against all that the oracle knows. */
import type { Random } from "../../src/base/random.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { Store } from "../../src/contract/store.ts";
import { byRevision } from "./clients.ts";
import type { HistoryOracle } from "./history-oracle.ts";
import { type LeaseBook, Violation } from "./lease-book.ts";

export interface RecoveryCheck {
  readonly store: Store;
  readonly oracle: HistoryOracle;
  readonly leases: LeaseBook;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly mayLoseRecent: boolean;
}

export async function checkRecovered(check: RecoveryCheck): Promise<void> {
  const { store, oracle, leases, random, nowMs } = check;
  if (check.mayLoseRecent) await oracle.rewind(store.revision);
  const promised = Math.max(oracle.answeredRevision, oracle.seenRevision);
  if (store.revision < promised) {
    throw new Violation(
      `revision ${promised} was answered or seen, and the store is back at ${store.revision}`,
    );
  }
  oracle.checkCompaction(store.compactRevision);
  const lastBefore = store.revision;
  await replay(store, oracle);
  await oracle.checkSeenEverything();
  // A lease may have ended meanwhile; what it deleted is the oracle's by now only if it was replayed.
  if (store.revision !== lastBefore) return;
  await oracle.checkState(store, random);
  const { keys } = await store.status();
  const expected = oracle.model.states.at(-1)!.kvs.size;
  // The end of a lease may be on its way to the disk, and is counted already.
  if (keys !== expected && leases.known().length === 0) {
    throw new Violation(`the store counts ${keys} keys instead of ${expected}`);
  }
  const known = new Map<bigint, number>();
  for (const id of leases.known()) {
    const status = await store.leaseStatus(id);
    if (status !== undefined) known.set(id, status.remainingMs);
  }
  leases.check((id) => known.get(id), nowMs());
  (store as { assertValid?: () => void }).assertValid?.();
}

/** All retained history, in order, to the oracle. */
async function replay(store: Store, oracle: HistoryOracle): Promise<void> {
  const newest = store.revision;
  const fromRevision = Math.max(2, store.compactRevision);
  if (fromRevision > newest) return;
  const watch = await store.watch({ ...EVERYTHING, fromRevision, previous: true });
  watch.requestProgress();
  for (;;) {
    const batch = (await watch.next())!;
    for (const [revision, events] of byRevision(batch.events)) await oracle.observe(revision, events, true);
    if (batch.revision >= newest) break;
  }
  watch.cancel();
  if (oracle.seenRevision < newest) throw new Violation(`the history ends before revision ${newest}`);
}
