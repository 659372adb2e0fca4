/**
 * The file engine through thousands of seeded schedules of crashes and faults, each checked against a model.
 *
 *     npm run sim                                             the fixed seeds of every test run
 *     HOLDFAST_SIM_RUNS=10000 npm run sim                     that many fresh seeds
 *     HOLDFAST_SIM_SEED=7 HOLDFAST_SIM_RUNS=1 npm run sim     one seed again
 *
 * With HOLDFAST_SIM_TRACE=1 a failure shows every file-system call of all lives, not only the last ones.
 */
import { describe, expect, test } from "vitest";
import { systemRandom } from "../../src/base/random.ts";
import { runSchedule, ScheduleFailure, type ScheduleOptions, type ScheduleReport } from "./durability-run.ts";
import { type FileEngineOptions, fileEngine } from "./file-engine.ts";
import { LIARS, type Liar } from "./lying-file-systems.ts";

const RUNS_BY_DEFAULT = 400;
const TIMEOUT_MS = 24 * 3_600_000;
const REPORT_EVERY = 1_000;

const { HOLDFAST_SIM_RUNS: askedRuns, HOLDFAST_SIM_SEED: askedSeed } = process.env;
const runs = Number(askedRuns ?? RUNS_BY_DEFAULT);
const firstSeed = Number(askedSeed ?? (askedRuns === undefined ? 1 : systemRandom.uint32()));

const VARIANTS: Record<string, { readonly options: FileEngineOptions; readonly share: number }> = {
  "lose nothing and invent nothing": { options: {}, share: 1 },
  "that forget history keep what they should": { options: { revisionsMin: 60 }, share: 0.25 },
  "with buffered writes lose from the end alone": { options: { durability: "buffered" }, share: 0.25 },
};

describe.each(Object.keys(VARIANTS))("schedules %s", (name) => {
  const { options, share } = VARIANTS[name]!;
  const count = Math.ceil(runs * share);

  test(`${count} from seed ${firstSeed}`, { timeout: TIMEOUT_MS }, async () => {
    const total: Record<string, number> = {};
    for (let at = 0; at < count; at++) {
      add(total, await runSchedule({ seed: firstSeed + at, engine: fileEngine(options) }));
      if ((at + 1) % REPORT_EVERY === 0) console.log(`${at + 1} schedules: ${JSON.stringify(total)}`);
    }
    console.log(`${count} schedules from seed ${firstSeed}: ${JSON.stringify(total)}`);
  });
});

const isReplay = askedSeed !== undefined;

test.skipIf(isReplay)("the same seed is the same schedule", async () => {
  for (const seed of [11, 12, 13]) {
    const first = await runSchedule({ seed, engine: fileEngine() });
    expect(await runSchedule({ seed, engine: fileEngine() })).toEqual(first);
  }
});

test.skipIf(isReplay).each(Object.keys(LIARS) as Liar[])("a disk that %s is caught", async (liar) => {
  const failure = await untilCaught({ engine: fileEngine(), wrap: LIARS[liar] });
  expect(failure).toBeInstanceOf(ScheduleFailure);
});

async function untilCaught(options: Omit<ScheduleOptions, "seed">): Promise<unknown> {
  for (let seed = 1; seed <= 400; seed++) {
    try {
      await runSchedule({ ...options, seed });
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

function add(total: Record<string, number>, { flips, ...counts }: ScheduleReport): void {
  for (const [name, count] of [...Object.entries(counts), ...Object.entries(flips)]) {
    total[name] = (total[name] ?? 0) + count;
  }
}
