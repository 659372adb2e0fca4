/**
 * Check, then act: write only if what the decision rested on is still so.
 *
 * The read and the write are two steps, and another writer may come between them. The condition on the key's revision
 * closes the gap: if anything has written the key since, the transaction changes nothing and says so, and the caller
 * decides again on fresh facts. `db.transact` does the same for any number of reads and writes, retries included.
 */
import { type Database, open } from "holdfast";

const BALANCE = "/account/balance";

export type Debit = "done" | "no-account" | "too-little" | "raced";

/**
 * Takes `amount` from the balance and notes when. `"raced"`: somebody else wrote the balance in between; try again.
 */
export async function tryDebit(db: Database, amount: number, at: Date): Promise<Debit> {
  const kv = await db.get(BALANCE);
  if (kv === undefined) return "no-account";
  const balance = kv.json<number>();
  if (balance < amount) return "too-little";
  const { succeeded } = await db.txn({
    conditions: [{ key: BALANCE, target: "revision", is: "=", to: kv.revision }],
    success: [
      { type: "put", key: BALANCE, value: String(balance - amount) },
      { type: "put", key: "/audit/last-debit", value: at.toISOString() },
    ],
  });
  return succeeded ? "done" : "raced";
}

/** The same with the retry in it. Only a race is tried again; every other answer is final. */
export async function debit(db: Database, amount: number, at: Date): Promise<Debit> {
  for (;;) {
    const result = await tryDebit(db, amount, at);
    if (result !== "raced") return result;
  }
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  await db.put(BALANCE, "1000");
  const debits = await Promise.all(Array.from({ length: 20 }, () => debit(db, 100, new Date())));
  const done = debits.filter((result) => result === "done").length;
  console.log(`${done} of ${debits.length} debits of 100 went through`);
  console.log(`the balance is ${(await db.get(BALANCE))?.text()}`);
  await db.close();
}
