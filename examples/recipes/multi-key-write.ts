/**
 * Several keys at once: all of them are written, at one revision, or none is.
 *
 * Whoever watches or reads sees both or neither, and the two carry the same revision for ever, so a reader can tell
 * that they belong together.
 */
import { type Database, open } from "holdfast";

/** Sets a balance and the time at which it was set. Gives the revision that both now have. */
export async function setBalance(db: Database, balance: number, at: Date): Promise<number> {
  const { revision } = await db.txn({
    success: [
      { type: "put", key: "/account/balance", value: String(balance) },
      { type: "put", key: "/account/last-updated", value: at.toISOString() },
    ],
  });
  return revision;
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  const revision = await setBalance(db, 1_000, new Date());
  for (const kv of await db.list("/account/")) {
    console.log(`${kv.key} = ${kv.text()} at revision ${kv.revision}, as the transaction was: ${revision}`);
  }
  await db.close();
}
