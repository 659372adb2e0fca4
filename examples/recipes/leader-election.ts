/**
 * Leader election: whoever creates the key leads, until it resigns, dies or loses its lease.
 *
 * The same three traps as with a lock: the candidacy carries a lease, the wait for the next chance starts at an
 * observed revision, and resigning deletes only this leader's own term, also when the signal that ended it is
 * aborted. A leader hears through its own signal when it has lost the lead, and must stop then.
 */
import { type Database, open } from "holdfast";
import { type HeldLock, tryLock } from "./lock.ts";
import { untilAbsent } from "./lock-with-watch.ts";

export interface Candidate {
  readonly id: string;
  /** How long the others wait for a leader that died. */
  readonly ttlMs: number;
  /** Leads until `signal` is aborted: by the lead being lost, or by the caller. Returning early resigns. */
  lead(term: HeldLock, signal: AbortSignal): Promise<void>;
}

/** Stands for election again and again until `signal` is aborted. */
export async function runForLeader(
  db: Database,
  key: string,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const term = await tryLock(db, key, { owner: candidate.id, ttlMs: candidate.ttlMs, signal });
      if (term === undefined) await untilAbsent(db, key, signal);
      else await serve(term, candidate, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

async function serve(term: HeldLock, candidate: Candidate, signal: AbortSignal): Promise<void> {
  try {
    await candidate.lead(term, AbortSignal.any([signal, term.signal]));
  } finally {
    await term.release();
  }
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  const stop = new AbortController();
  let terms = 0;
  const candidate = (id: string): Candidate => ({
    id,
    ttlMs: 10_000,
    lead: async (term) => {
      console.log(`${id} leads, term ${term.fence}`);
      if (++terms === 4) stop.abort();
    },
  });
  await Promise.all(
    ["a", "b", "c"].map((id) => runForLeader(db, "/election/my-service", candidate(id), stop.signal)),
  );
  await db.close();
}
