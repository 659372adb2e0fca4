/**
 * One seeded schedule: a few lives of one store on one simulated disk. Each life opens the store on what the last
 * one left, is checked against everything that was promised before, works until it is crashed or closed, with
 * faults on the way; the last one has no faults. The same seed runs the same schedule, call by call.
 */
import { below, type Random, seededRandom } from "../../src/base/random.ts";
import { HoldfastError, isHoldfastError } from "../../src/contract/errors.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { Store } from "../../src/contract/store.ts";
import type { FileSystem } from "../../src/disk/fs-port.ts";
import { Clients, type Session } from "./clients.ts";
import { drawFaults, later } from "./faults.ts";
import { HistoryOracle } from "./history-oracle.ts";
import { checkImage, type FlipOutcome } from "./image-check.ts";
import { LeaseBook, Violation } from "./lease-book.ts";
import { checkRecovered } from "./recovery-check.ts";
import { Scheduler, SimulatedProcess } from "./scheduler.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { Workload } from "./workload.ts";
import { DIRECTORY, type EngineUnderTest } from "./world.ts";

export interface ScheduleOptions {
  readonly seed: number;
  readonly engine: EngineUnderTest;
  /** Puts something between the engine and the disk, such as a disk that lies. */
  readonly wrap?: (fileSystem: FileSystem) => FileSystem;
}

/** What happened, to tell whether the schedules get anywhere. */
export interface ScheduleReport {
  lives: number;
  crashes: number;
  crashesInOpen: number;
  revisions: number;
  calls: number;
  failedStores: number;
  spaceFreed: number;
  flips: Record<FlipOutcome, number>;
}

/** A schedule that found something wrong; says how to see it again. */
export class ScheduleFailure extends Error {
  override readonly name = "ScheduleFailure";
}

const TRACE_LINES = 40;
const LONG_AFTER_ALL_LEASES_MS = 60_000;
const CRASHED = Symbol("crashed");

export async function runSchedule(options: ScheduleOptions): Promise<ScheduleReport> {
  const schedule = new Schedule(options);
  // In a real process that nobody catches it would be the end.
  const onUnhandled = (error: unknown): void => schedule.fail(error);
  process.on("unhandledRejection", onUnhandled);
  try {
    return await schedule.run();
  } catch (error) {
    const reason = error instanceof Violation ? error.message : (error as Error).stack;
    const replay = `HOLDFAST_SIM_SEED=${options.seed} HOLDFAST_SIM_RUNS=1 npm run sim`;
    const message = `seed ${options.seed}, life ${schedule.report.lives}: ${reason}\n  again: ${replay}`;
    throw new ScheduleFailure(`${message}\n  the last calls:\n${schedule.trace}`, { cause: error });
  } finally {
    process.off("unhandledRejection", onUnhandled);
  }
}

class Schedule {
  readonly report: ScheduleReport = {
    ...{ lives: 0, crashes: 0, crashesInOpen: 0, revisions: 0, calls: 0, failedStores: 0, spaceFreed: 0 },
    flips: { harmless: 0, reported: 0, "last group cut": 0 },
  };
  readonly #options: ScheduleOptions;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #oracle: HistoryOracle;
  readonly #leases = new LeaseBook();
  readonly #workload: Workload;
  readonly #lives: number;
  /** The calls of the longest life so far: faults are to strike while there is something to strike. */
  #callsMost = 40;
  /** Calls of the lives before this one. */
  readonly #earlier: string[] = [];
  #stray: unknown;
  #disk: SimulatedDisk;
  #process: SimulatedProcess;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    // Apart from each other, so that a change of one does not turn the whole schedule upside down.
    const seeds = seededRandom(options.seed);
    const fork = (): Random => seededRandom(seeds.uint32());
    this.#random = fork();
    this.#scheduler = new Scheduler(fork());
    this.#oracle = new HistoryOracle({
      leases: this.#leases,
      nowMs: () => this.#scheduler.nowMs(),
      forgetsHistory: options.engine.forgetsHistory ?? false,
    });
    this.#workload = new Workload({
      random: fork(),
      leases: () => this.#leases.usable(),
      largeOneIn: 3 + below(this.#random, 20),
      largeBytes: 1_000 + below(this.#random, 3_000),
    });
    this.#lives = 3 + below(this.#random, 4);
    this.#process = new SimulatedProcess(this.#scheduler);
    this.#disk = new SimulatedDisk({ random: fork(), pause: this.#process.pause });
  }

  /** Something went wrong where nobody waits for it. */
  fail(error: unknown): void {
    if (!this.#disk.isCrashed) this.#stray ??= error ?? new Error("unhandled rejection");
  }

  /** The last calls; with HOLDFAST_SIM_TRACE set, those of all lives. */
  get trace(): string {
    const { HOLDFAST_SIM_TRACE } = process.env;
    const lines = HOLDFAST_SIM_TRACE
      ? [...this.#earlier, ...this.#disk.trace]
      : this.#disk.trace.slice(-TRACE_LINES);
    return lines.map((line) => `    ${line}`).join("\n");
  }

  async run(): Promise<ScheduleReport> {
    for (let life = 1; life <= this.#lives; life++) await this.#live(life, life < this.#lives);
    this.report.revisions = this.#oracle.seenRevision - 1;
    return this.report;
  }

  async #live(life: number, isTroubled: boolean): Promise<void> {
    this.report.lives = life;
    this.#earlier.push(...this.#disk.trace, `life ${life}`);
    this.#process.kill();
    this.#process = new SimulatedProcess(this.#scheduler);
    const faults = isTroubled ? drawFaults(this.#random, this.#callsMost) : {};
    // One in four strikes while the store is being opened, the others once it is in use.
    const strikesInOpen = below(this.#random, 4) === 0;
    this.#sleep();
    this.#disk = this.#disk.reboot({ pause: this.#process.pause, faults: strikesInOpen ? faults : {} });
    const isShortOfSpace = isTroubled && below(this.#random, 6) === 0;
    if (isShortOfSpace) this.#disk.capacityBytes = this.#disk.usedBytes + 512 * below(this.#random, 60);
    const image = below(this.#random, 3) === 0 ? this.#disk.copy() : undefined;
    const store = await this.#open(isShortOfSpace);
    const isKnown = store !== undefined && (await this.#check(store));
    if (isKnown && image !== undefined) await this.#openCopies(image);
    if (isKnown && !strikesInOpen) this.#disk.faults = later(faults, this.#disk.calls);
    if (isKnown) await this.#use(life, store, isShortOfSpace);
    if (this.#disk.isCrashed) this.report.crashes++;
    this.report.calls += this.#disk.calls;
    this.#callsMost = Math.max(this.#callsMost, Math.min(this.#disk.calls, 1_000));
    if (!isTroubled && store === undefined) throw new Violation("the last life did not open");
  }

  /** Sometimes it takes a while until somebody starts the store again. */
  #sleep(): void {
    if (below(this.#random, 4) > 0) return;
    const ms = below(this.#random, 30_000);
    this.#leases.slept(this.#scheduler.nowMs(), ms);
    this.#scheduler.advance(ms);
  }

  /** Undefined where that did not work out, for a reason that is fine. */
  async #open(isShortOfSpace: boolean): Promise<Store | undefined> {
    const { engine, wrap } = this.#options;
    const fileSystem = wrap === undefined ? this.#disk : wrap(this.#disk);
    const random = seededRandom(this.#random.uint32());
    const { clock, defer } = { clock: this.#process, defer: this.#process.defer };
    try {
      const store = await this.#await(
        engine.open({ fileSystem, directory: DIRECTORY, clock, random, defer }),
      );
      if (store !== CRASHED) return store;
      this.report.crashesInOpen++;
      return undefined;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code === "CORRUPT") throw error;
      if (isShortOfSpace && error.code === "NO_SPACE") return undefined;
      const isIo = error.code === "IO" || error.code === "STORE_FAILED";
      if (isIo && this.#disk.struck.size > 0) return undefined;
      throw error;
    }
  }

  /** False where the process died of it, or could not read. */
  async #check(store: Store): Promise<boolean> {
    const { random, oracle, leases } = { random: this.#random, oracle: this.#oracle, leases: this.#leases };
    const nowMs = (): number => this.#scheduler.nowMs();
    const { mayLoseRecent = false } = this.#options.engine;
    try {
      const checked = checkRecovered({ store, oracle, leases, random, nowMs, mayLoseRecent });
      return (await this.#await(checked)) !== CRASHED;
    } catch (error) {
      const isIo = isHoldfastError(error, "IO") || isHoldfastError(error, "STORE_FAILED");
      if (isIo && this.#disk.struck.size > 0) return false;
      throw error;
    }
  }

  async #openCopies(image: SimulatedDisk): Promise<void> {
    const [random, oracle] = [this.#random, this.#oracle];
    const check = { engine: this.#options.engine, scheduler: this.#scheduler, oracle, random };
    for (const outcome of await checkImage(image, check)) this.report.flips[outcome]++;
  }

  async #use(life: number, store: Store, isShortOfSpace: boolean): Promise<void> {
    const { random, oracle, leases, disk, process, workload } = {
      ...{ random: this.#random, oracle: this.#oracle, leases: this.#leases },
      ...{ disk: this.#disk, process: this.#process, workload: this.#workload },
    };
    const session: Session = {
      ...{ life, store, disk, process, oracle, leases, workload, random, isShortOfSpace },
      mayCrash: life < this.#lives,
    };
    const clients = new Clients(session);
    clients.start();
    await this.#until(clients, () => clients.areDone);
    if (clients.hasFailed && !disk.isCrashed) await this.#checkReadsGoOn(store);
    if (isShortOfSpace && !session.isShortOfSpace) this.report.spaceFreed++;
    if (disk.isCrashed) return;
    // Readers go on, whatever became of the writers; and the watcher misses nothing that was published.
    await this.#until(clients, () => oracle.seenRevision >= store.revision);
    if (disk.isCrashed) return;
    if (disk.struck.size === 0) await this.#await(oracle.checkSeenEverything());
    if (life === this.#lives) await this.#checkLeasesEnd(store, clients);
    if (below(random, 2) === 0) await this.#close(store, clients.hasFailed || session.isShortOfSpace);
  }

  /** A store that takes no more writes still shows what is durable: the next life will tell whether it was. */
  async #checkReadsGoOn(store: Store): Promise<void> {
    this.report.failedStores++;
    const { answeredRevision } = this.#oracle;
    const result = await this.#await(store.range(EVERYTHING));
    if (result !== CRASHED) this.#oracle.readSeen(EVERYTHING, result, answeredRevision);
  }

  /** Nobody keeps them alive any more. */
  async #checkLeasesEnd(store: Store, clients: Clients): Promise<void> {
    let isLater = false;
    this.#process.setTimer(LONG_AFTER_ALL_LEASES_MS, () => {
      isLater = true;
    });
    await this.#until(clients, () => isLater);
    await this.#until(clients, () => this.#oracle.seenRevision >= store.revision);
    for (const id of this.#leases.known()) {
      const status = await this.#await(store.leaseStatus(id));
      if (status !== undefined) throw new Violation(`lease ${id} never ends`);
    }
  }

  /** @param mayFail what was to be done at last may fail: the store is broken, or the disk full */
  async #close(store: Store, mayFail: boolean): Promise<void> {
    try {
      await this.#await(store.close());
    } catch (error) {
      if (!(error instanceof HoldfastError) || !(mayFail || this.#disk.struck.size > 0)) throw error;
    }
  }

  /** Lets things happen until something is so, or the process is dead. */
  async #until(clients: Clients, isSo: () => boolean): Promise<void> {
    const isOver = (): boolean =>
      this.#disk.isCrashed || clients.violation !== undefined || this.#stray !== undefined;
    await this.#scheduler.runUntil(() => isSo() || isOver());
    if (this.#disk.isCrashed) return;
    if (clients.violation !== undefined) throw clients.violation;
    if (this.#stray !== undefined) throw new Violation(`unhandled: ${(this.#stray as Error).stack}`);
  }

  async #await<T>(promise: Promise<T>): Promise<T | typeof CRASHED> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await this.#scheduler.runUntil(() => isSettled || this.#disk.isCrashed);
    return this.#disk.isCrashed ? CRASHED : promise;
  }
}
