/**
 * Create if absent, across keys: a claim and the state that goes with it appear together, or not at all.
 *
 * Version 0 is the version of a key that is not there, so `version = 0` is the condition "nobody has it yet". Of any
 * number of workers that try at once, exactly one succeeds.
 */
import { type Database, open } from "holdfast";

/** Claims a job for a worker. False where another one has it; nothing is changed then. */
export async function claimJob(db: Database, job: string, worker: string): Promise<boolean> {
  const { succeeded } = await db.txn({
    conditions: [{ key: `/locks/job-${job}`, target: "version", is: "=", to: 0 }],
    success: [
      { type: "put", key: `/locks/job-${job}`, value: worker },
      { type: "put", key: `/jobs/${job}/status`, value: "running" },
    ],
  });
  return succeeded;
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  const workers = ["worker-1", "worker-2", "worker-3"];
  const claims = await Promise.all(workers.map((worker) => claimJob(db, "42", worker)));
  for (const [at, worker] of workers.entries()) {
    console.log(`${worker} ${claims[at] ? "runs job 42" : "finds job 42 taken"}`);
  }
  await db.close();
}
