/**
 * Move an item from one place to another: it is never in both and never in neither.
 *
 * The delete and the put share a revision, so no reader sees the moment between them; the condition on the source's
 * revision lets only one of several workers have it. `deletedKeys` proves that it was this transaction that took it.
 */
import { type Database, open } from "holdfast";

export interface Task {
  readonly name: string;
  readonly data: Uint8Array;
}

/**
 * Moves a pending task to the ones being processed. Undefined where another worker has it, or there is no such task.
 */
export async function takeTask(db: Database, name: string): Promise<Task | undefined> {
  const source = `/queue/pending/${name}`;
  const kv = await db.get(source);
  if (kv === undefined) return undefined;
  const { succeeded, deletedKeys } = await db.txn({
    conditions: [{ key: source, target: "revision", is: "=", to: kv.revision }],
    success: [
      { type: "delete", key: source },
      { type: "put", key: `/queue/processing/${name}`, value: kv.value },
    ],
  });
  return succeeded && deletedKeys.has(source) ? { name, data: kv.value } : undefined;
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  await db.put("/queue/pending/task-7", "resize photo.jpg");
  const attempts = await Promise.all(Array.from({ length: 5 }, () => takeTask(db, "task-7")));
  console.log(`${attempts.filter((task) => task !== undefined).length} of 5 workers got task-7`);
  for (const kv of await db.list("/queue/")) console.log(`it is now at ${kv.key}`);
  await db.close();
}
