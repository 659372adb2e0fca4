/**
 * Read what was written, wherever the read is served.
 *
 * Every read is linearizable unless it says otherwise, so on an embedded store a plain `get` already sees every
 * answered write. Where reads are served by a copy that may lag, two ways lead to a fresh one: wait for the revision
 * of the write, which costs nothing if the copy has it already; or ask for a linearizable read, which needs no
 * revision and sees the writes of everybody else as well.
 */
import { type Database, type KeyValue, open } from "holdfast";

/** Writes and reads back through a copy that may lag: never sees a state from before the write. */
export async function putThenRead(db: Database, key: string, value: string): Promise<KeyValue | undefined> {
  const { revision } = await db.put(key, value);
  await db.waitForRevision(revision);
  return db.get(key, { consistency: "local" });
}

/** Reads the newest state, whoever wrote it. */
export function readNewest(db: Database, key: string): Promise<KeyValue | undefined> {
  return db.linearizableGet(key);
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  console.log(`read back: ${(await putThenRead(db, "/data/key", "fresh"))?.text()}`);
  console.log(`newest: ${(await readNewest(db, "/data/key"))?.text()}`);
  await db.close();
}
