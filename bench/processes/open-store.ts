/** Opens a store that is there and tells how long it took and what memory it keeps. */
import { type Database, open } from "holdfast";
import { answer } from "../harness/child.ts";
import { keyAt, values } from "../harness/data.ts";
import { usedBytes } from "../harness/memory.ts";

export interface OpenQuestion {
  readonly directory: string;
  readonly keys: number;
}

export interface OpenAnswer {
  readonly seconds: number;
  readonly usedBytes: number;
  readonly residentBytes: number;
}

answer(async ({ directory, keys }: OpenQuestion): Promise<OpenAnswer> => {
  const usedBefore = usedBytes();
  const residentBefore = process.memoryUsage.rss();
  const startedMs = performance.now();
  const db = await open(`file:${directory}`);
  const seconds = (performance.now() - startedMs) / 1000;
  const used = usedBytes() - usedBefore;
  const resident = process.memoryUsage.rss() - residentBefore;
  await check(db, keys);
  await db.close();
  return { seconds, usedBytes: used, residentBytes: resident };
});

async function check(db: Database, keys: number): Promise<void> {
  const count = await db.count("/bench/key/");
  if (count !== keys) throw new Error(`${count} keys came back, not ${keys}`);
  for (const index of [0, keys >> 1, keys - 1]) {
    const found = await db.get(keyAt(index));
    if (found?.text() !== values[index % values.length]) throw new Error(`${keyAt(index)} came back changed`);
  }
}
