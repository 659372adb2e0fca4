/**
 * The conformance suite: what every store must do, as tests. An engine's author gives a fixture and a runner:
 *
 *     import { describe, test } from "vitest";
 *     conformance("my engine", { open: () => openMyStore() }, { describe, test });
 *
 * Nothing is skipped but what the store's `capabilities` exclude and what the fixture names with a reason.
 */
import { systemRandom } from "../../base/random.ts";
import { abortAndTimeout } from "./abort-and-timeout.ts";
import { appendBehaviour } from "./append.ts";
import { badInput } from "./bad-input.ts";
import { closeAndLifecycle } from "./close-and-lifecycle.ts";
import { compaction } from "./compaction.ts";
import { concurrency } from "./concurrency.ts";
import { deleteBehaviour } from "./delete.ts";
import { differential } from "./differential.ts";
import { durability } from "./durability.ts";
import type { SkippedTest, StoreFixture, TestRunner } from "./fixture.ts";
import type { Behaviour, ConformanceTest } from "./kit/behaviour.ts";
import { withContext } from "./kit/context.ts";
import { leaseBindings } from "./lease-bindings.ts";
import { leases } from "./leases.ts";
import { limits } from "./limits.ts";
import { mergeBehaviour } from "./merge.ts";
import { nestedTxn } from "./nested-txn.ts";
import { putBehaviour } from "./put.ts";
import { rangeBounds } from "./range-bounds.ts";
import { rangeLimitsAndPaging } from "./range-limits-and-paging.ts";
import { rangeRevisions } from "./range-revisions.ts";
import { rangeSorting } from "./range-sorting.ts";
import { revisionsAndVersions } from "./revisions-and-versions.ts";
import { snapshot } from "./snapshot.ts";
import { status } from "./status.ts";
import { txnBranches } from "./txn-branches.ts";
import { txnConditions } from "./txn-conditions.ts";
import { txnDuplicates } from "./txn-duplicates.ts";
import { txnReadYourWrites } from "./txn-read-your-writes.ts";
import { waitForRevision } from "./wait-for-revision.ts";
import { watchBackpressure } from "./watch-backpressure.ts";
import { watchCancelAndProgress } from "./watch-cancel-and-progress.ts";
import { watchCompaction } from "./watch-compaction.ts";
import { watchHistory } from "./watch-history.ts";
import { watchLive } from "./watch-live.ts";
import { watchOrderAndAtomicity } from "./watch-order-and-atomicity.ts";

export type { OpenOptions, SkippedTest, StoreFixture, TestRunner } from "./fixture.ts";

const BEHAVIOURS: readonly Behaviour[] = [
  rangeBounds,
  rangeRevisions,
  rangeSorting,
  rangeLimitsAndPaging,
  putBehaviour,
  deleteBehaviour,
  txnConditions,
  txnBranches,
  txnDuplicates,
  txnReadYourWrites,
  nestedTxn,
  mergeBehaviour,
  appendBehaviour,
  revisionsAndVersions,
  watchLive,
  watchHistory,
  watchOrderAndAtomicity,
  watchBackpressure,
  watchCompaction,
  watchCancelAndProgress,
  leases,
  leaseBindings,
  compaction,
  snapshot,
  status,
  badInput,
  limits,
  abortAndTimeout,
  closeAndLifecycle,
  waitForRevision,
  concurrency,
  differential,
  durability,
];

/**
 * Registers the whole suite for one kind of store, each behaviour under `"<name> conforms: <behaviour>"`.
 * @throws {RangeError} where the fixture skips a test that does not exist
 */
export function conformance(name: string, fixture: StoreFixture, runner: TestRunner): void {
  const seed = fixture.seed ?? systemRandom.uint32();
  const skipped = new Map((fixture.skip ?? []).map((skip) => [skip.test, skip]));
  checkSkipped(skipped);
  for (const behaviour of BEHAVIOURS) {
    runner.describe(`${name} conforms: ${behaviour.name}`, () => {
      for (const test of behaviour.tests) {
        const skip = skipped.get(fullName(behaviour, test));
        if (skip === undefined) runner.test(test.title, () => run(test, fixture, seed));
        else skipTest(test, skip, runner);
      }
    });
  }
}

function fullName(behaviour: Behaviour, test: ConformanceTest): string {
  return `${behaviour.name} > ${test.title}`;
}

function checkSkipped(skipped: ReadonlyMap<string, SkippedTest>): void {
  const known = new Set(
    BEHAVIOURS.flatMap((behaviour) => behaviour.tests.map((test) => fullName(behaviour, test))),
  );
  for (const test of skipped.keys()) {
    if (!known.has(test)) throw new RangeError(`there is no test to skip named "${test}"`);
  }
}

async function run(test: ConformanceTest, fixture: StoreFixture, seed: number): Promise<void> {
  try {
    await withContext(fixture, seed, test.body);
  } catch (error) {
    if (error instanceof Error) error.message += ` (seed ${seed})`;
    throw error;
  }
}

function skipTest(test: ConformanceTest, { reason }: SkippedTest, runner: TestRunner): void {
  runner.test.skip?.(`${test.title} (skipped: ${reason})`, async () => {});
}
