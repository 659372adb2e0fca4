/**
 * A counter by compare-and-swap: read, add one, write if nobody else has written since, or start again.
 *
 * `update` with an expected revision of 0 means "must be absent", so the first increment needs no special case and
 * cannot overwrite one that came in between. A value that is no number is an error and stays as it is.
 *
 * Each failed attempt means that another writer succeeded, so the loop always gets somewhere, but under heavy
 * contention most attempts are in vain; `addOne` below has no loop at all, because the store itself adds.
 */
import { type Database, HoldfastError, open } from "holdfast";

/**
 * Adds one to the decimal number under `key` (absent: 0) and gives the new value.
 * @throws {HoldfastError} CODEC, OUT_OF_RANGE
 */
export async function increment(db: Database, key: string): Promise<number> {
  for (;;) {
    const kv = await db.get(key);
    const next = (kv === undefined ? 0 : toNumber(key, kv.text())) + 1;
    if (!Number.isSafeInteger(next))
      throw new HoldfastError("OUT_OF_RANGE", `${key} cannot count any further`);
    const { succeeded } = await db.update(key, String(next), kv?.revision ?? 0);
    if (succeeded) return next;
  }
}

function toNumber(key: string, text: string): number {
  if (!/^-?\d{1,16}$/.test(text)) throw new HoldfastError("CODEC", `the value of ${key} is not a number`);
  return Number(text);
}

/** The same for a counter of 8 bytes that only `merge` writes: one round trip, whatever the contention. */
export async function addOne(db: Database, key: string): Promise<number> {
  const { responses } = await db.txn({ success: [{ type: "merge", key, fn: "add", operand: 1 }] });
  return responses[0]!.numbers![0]!;
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  await Promise.all(Array.from({ length: 50 }, () => increment(db, "/counters/visits")));
  console.log(`by compare-and-swap: ${(await db.get("/counters/visits"))?.text()}`);
  const merged = await Promise.all(Array.from({ length: 50 }, () => addOne(db, "/counters/merged")));
  console.log(`by merge: ${Math.max(...merged)}`);
  await db.close();
}
