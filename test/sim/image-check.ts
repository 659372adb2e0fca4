/**
 * A disk at rest, of which the oracle knows everything, and copies of it.
 *
 * Opened for reading alone, a store shows all of it and changes nothing.
 *
 * With one bit flipped, as decay does, allowed is
 *   - that it makes no difference;
 *   - that opening, or reading, fails with CORRUPT, naming a file and an offset;
 *   - that the last acknowledged group is missing, as if torn. Nothing follows it that could vouch for it, so
 *     it cannot be told from one that was never acknowledged. Nothing before it may be missing.
 * Anything else is silent corruption.
 */
import { below, type Random, seededRandom } from "../../src/base/random.ts";
import { type ErrorCode, HoldfastError, isHoldfastError } from "../../src/contract/errors.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { Store } from "../../src/contract/store.ts";
import { canonical, isSame } from "./canonical.ts";
import { byRevision } from "./clients.ts";
import type { HistoryOracle } from "./history-oracle.ts";
import { Violation } from "./lease-book.ts";
import { type Scheduler, SimulatedProcess } from "./scheduler.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { markerKey } from "./workload.ts";
import { DIRECTORY, type EngineUnderTest } from "./world.ts";

/** Calls that change a disk. */
const CHANGES = /^\d+ (write|truncate|rename|remove|link|makeDirectory|open \S+ (create|write))/;

export interface ImageCheck {
  readonly engine: EngineUnderTest;
  readonly scheduler: Scheduler;
  readonly oracle: HistoryOracle;
  readonly random: Random;
}

export type FlipOutcome = "harmless" | "reported" | "last group cut";

/** @returns what came of each flip */
export async function checkImage(image: SimulatedDisk, check: ImageCheck): Promise<FlipOutcome[]> {
  await checkReadOnly(image, check);
  const outcomes: FlipOutcome[] = [];
  for (let count = 1 + below(check.random, 3); count > 0; count--) {
    const flipped = image.copy();
    const flip = flipSomewhere(flipped, check.random);
    if (flip === undefined) break;
    try {
      const { outcome, revision } = await openCopy(flipped, check.engine.open, check);
      if (outcome === "last group cut" && !check.engine.mayLoseRecent) checkCut(image, flip, revision, check);
      outcomes.push(outcome);
    } catch (error) {
      const where = `${flip.path} byte ${flip.offset} bit ${flip.bit}`;
      throw new Violation(`after a flip of ${where}: ${(error as Error).stack}`);
    }
  }
  return outcomes;
}

/** What is missing must lie in the last synced write of the damaged file: by its marker, which is stored as it is. */
function checkCut(image: SimulatedDisk, flip: Flip, revision: number, { oracle }: ImageCheck): void {
  const { file } = image.files().find(({ path }) => path === flip.path)!;
  const lastGroup = Buffer.from(file.durableBytes.subarray(file.lastSyncedFrom));
  for (const id of oracle.answeredBeyond(revision)) {
    if (lastGroup.includes(markerKey(id), 0, "latin1")) continue;
    throw new Violation(`${id} is missing and was not in the last group, from byte ${file.lastSyncedFrom}`);
  }
}

async function checkReadOnly(image: SimulatedDisk, check: ImageCheck): Promise<void> {
  const { openReadOnly } = check.engine;
  if (openReadOnly === undefined) return;
  try {
    const { outcome, trace } = await openCopy(image, openReadOnly, check);
    const change = trace.find((line) => CHANGES.test(line));
    if (outcome !== "harmless") throw new Violation(`opened for reading, a whole store is ${outcome}`);
    if (change !== undefined) throw new Violation(`opened for reading, a store did: ${change}`);
  } catch (error) {
    const isEmpty = check.oracle.seenRevision === 1;
    if (!isEmpty || !isHoldfastError(error, "NOT_FOUND")) throw error;
  }
}

interface Opened {
  readonly outcome: FlipOutcome;
  /** Of the store; 0 where it did not open. */
  readonly revision: number;
  readonly trace: readonly string[];
}

/** Opens the store on a copy of the disk, in a process of its own, and looks at all of it. */
async function openCopy(
  image: SimulatedDisk,
  open: EngineUnderTest["open"],
  { scheduler, oracle, random }: ImageCheck,
): Promise<Opened> {
  const process = new SimulatedProcess(scheduler);
  const disk = image.copy({ pause: process.pause });
  const world = { fileSystem: disk, directory: DIRECTORY, clock: process, defer: process.defer };
  let revision = 0;
  const probe = async (): Promise<FlipOutcome> => {
    const store = await open({ ...world, random: seededRandom(random.uint32()) }).catch(checkReport);
    if (typeof store === "string") return store;
    revision = store.revision;
    return checkUndamaged(store, oracle, revision);
  };
  try {
    return { outcome: await scheduler.run(probe()), revision, trace: disk.trace };
  } finally {
    process.kill();
  }
}

interface Flip {
  readonly path: string;
  readonly offset: number;
  readonly bit: number;
}

/** Flips a bit of some file. Undefined where the disk holds nothing. */
function flipSomewhere(disk: SimulatedDisk, random: Random): Flip | undefined {
  const files = disk.files().filter(({ file }) => file.size > 0);
  if (files.length === 0) return undefined;
  const { path, file } = files[below(random, files.length)]!;
  const flip = { path, offset: below(random, file.size), bit: below(random, 8) };
  file.flipBit(flip.offset, flip.bit);
  return flip;
}

/** @throws {Violation} where an error does not say what it should */
function checkReport(error: unknown): FlipOutcome {
  const reported: readonly ErrorCode[] = ["CORRUPT", "UNKNOWN_FORMAT"];
  if (!(error instanceof HoldfastError) || !reported.includes(error.code)) throw error;
  const { file, segment, offset } = error.details;
  const hasPlace = (file !== undefined || segment !== undefined) && typeof offset === "number";
  if (error.code === "CORRUPT" && !hasPlace) {
    throw new Violation(`CORRUPT without a place: ${error.message} ${canonical(error.details)}`);
  }
  return "reported";
}

/** Compares all that a store shows with the history that is known; the oracle has seen all of it. */
async function checkUndamaged(store: Store, oracle: HistoryOracle, newest: number): Promise<FlipOutcome> {
  const { states } = oracle.model;
  if (newest > oracle.seenRevision) throw new Violation(`revision ${newest} appeared out of nothing`);
  try {
    const { kvs } = await store.range(EVERYTHING);
    const wanted = [...states[newest - 1]!.kvs.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    if (!isSame(kvs, wanted)) throw new Violation(`the state at revision ${newest} has changed`);
    await checkHistory(store, oracle, newest);
  } catch (error) {
    return checkReport(error);
  }
  return newest === oracle.seenRevision ? "harmless" : "last group cut";
}

async function checkHistory(store: Store, oracle: HistoryOracle, newest: number): Promise<void> {
  const fromRevision = Math.max(2, store.compactRevision);
  if (fromRevision > newest) return;
  const watch = await store.watch({ ...EVERYTHING, fromRevision });
  watch.requestProgress();
  let next = fromRevision;
  while (next <= newest) {
    const batch = (await watch.next())!;
    for (const [revision, events] of byRevision(batch.events)) {
      // A lease may end meanwhile.
      if (revision > newest) break;
      if (revision > next) throw new Violation(`revision ${next} has gone from the history`);
      const wanted = oracle.model.states[revision - 1]!.events.map(({ type, kv }) => ({ type, kv }));
      if (!isSame(events, wanted)) throw new Violation(`revision ${revision} has changed`);
      next = revision + 1;
    }
    if (batch.revision >= newest && next <= newest) throw new Violation(`the history ends before ${newest}`);
  }
  watch.cancel();
}
