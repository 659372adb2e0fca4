/** The schedules pass a store that is right, and catch every bug planted in it. */
import { expect, test } from "vitest";
import { runSchedule, ScheduleFailure, type ScheduleOptions } from "./durability-run.ts";
import { LIARS, type Liar } from "./lying-file-systems.ts";
import { type PlantedBug, standInEngine } from "./stand-in-engine.ts";

test("a store that keeps its promises passes", async () => {
  for (let seed = 1; seed <= 150; seed++) await runSchedule({ seed, engine: standInEngine() });
});

const BUGS: PlantedBug[] = [
  "acknowledges before the sync",
  "never syncs the directory",
  "writes again after a failed sync",
  "goes on after a failed sync",
  "checks no checksum",
  "cuts damage like a torn tail",
  "keeps part of a refused group",
  "undoes a refused group without a sync",
  "splits a transaction",
  "forgets leases",
  "starts leases short",
];

test.each(BUGS)("a store that %s is caught", async (bug) => {
  await expect(untilCaught({ engine: standInEngine(bug) })).resolves.toBeInstanceOf(ScheduleFailure);
});

test.each(Object.keys(LIARS) as Liar[])("a disk that %s is caught", async (liar) => {
  await expect(untilCaught({ engine: standInEngine(), wrap: LIARS[liar] })).resolves.toBeInstanceOf(
    ScheduleFailure,
  );
});

async function untilCaught(options: Omit<ScheduleOptions, "seed">): Promise<unknown> {
  for (let seed = 1; seed <= 1_500; seed++) {
    try {
      await runSchedule({ ...options, seed });
    } catch (error) {
      return error;
    }
  }
  return undefined;
}
