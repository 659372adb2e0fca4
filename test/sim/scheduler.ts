/**
 * The order in which things happen, and the time, drawn from a seed. Whatever is deferred waits in one list; each
 * turn runs a random one of them, then lets all promises that it settled run dry. Time moves a little now and
 * then, and to the next timer when nothing else is left. No real time, no real input or output.
 */
import type { Clock, Timer } from "../../src/base/clock.ts";
import { type Defer, systemDefer } from "../../src/base/defer.ts";
import { below, type Random } from "../../src/base/random.ts";

interface SetTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** One turn in so many lets time pass. */
const TURNS_PER_STEP = 20;
const STEP_MAX_MS = 8;

export class Scheduler implements Clock {
  readonly #random: Random;
  readonly #timers = new Set<SetTimer>();
  #ready: (() => void)[] = [];
  #elapsedMs = 0;
  readonly #startMs: number;

  constructor(random: Random, startMs = Date.UTC(2025, 0, 1)) {
    this.#random = random;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Lets time pass; timers that are due become ready. */
  advance(ms: number): void {
    this.#elapsedMs += ms;
    for (const timer of this.#timers) {
      if (timer.dueMs > this.#elapsedMs) continue;
      this.#timers.delete(timer);
      this.#ready.push(timer.callback);
    }
  }

  readonly defer: Defer = (callback) => {
    this.#ready.push(callback);
  };

  /** How long something takes, in turns. */
  drawTurns(): number {
    return below(this.#random, 3);
  }

  /**
   * Runs turns until `isDone`.
   * @throws {Error} when nothing is left to run, or after `turnsMax`: something waits for what never comes.
   */
  async runUntil(isDone: () => boolean, turnsMax = 200_000): Promise<void> {
    await settled();
    for (let turn = 0; !isDone(); turn++) {
      if (turn === turnsMax) throw new Error(`not done after ${turnsMax} turns`);
      if (this.#ready.length === 0) this.#jump();
      if (this.#ready.length === 0) throw new Error("stuck: nothing is left to run");
      await this.#turn();
    }
  }

  /** Runs to the end of a promise, which must come by turns alone. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    promise.then(done, done);
    await this.runUntil(() => isDone);
    return promise;
  }

  /** To the next timer. */
  #jump(): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#timers) nextMs = Math.min(nextMs, dueMs);
    if (nextMs < Number.POSITIVE_INFINITY) this.advance(Math.max(0, nextMs - this.#elapsedMs));
  }

  async #turn(): Promise<void> {
    if (below(this.#random, TURNS_PER_STEP) === 0) this.advance(1 + below(this.#random, STEP_MAX_MS));
    const at = below(this.#random, this.#ready.length);
    const callback = this.#ready[at]!;
    this.#ready[at] = this.#ready.at(-1)!;
    this.#ready.pop();
    callback();
    await settled();
  }
}

/** The clock and defer of one simulated process: when it dies, nothing of it runs any more. */
export class SimulatedProcess implements Clock {
  readonly #scheduler: Scheduler;
  #isDead = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  readonly defer: Defer = (callback) => this.#scheduler.defer(this.#whileAlive(callback));

  readonly pause = async (): Promise<void> => {
    const turns = this.#scheduler.drawTurns();
    for (let turn = 0; turn < turns; turn++) await new Promise<void>(this.defer);
  };

  nowMs(): number {
    return this.#scheduler.nowMs();
  }

  monotonicMs(): number {
    return this.#scheduler.monotonicMs();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#scheduler.setTimer(delayMs, this.#whileAlive(callback));
  }

  kill(): void {
    this.#isDead = true;
  }

  #whileAlive(callback: () => void): () => void {
    return () => {
      if (!this.#isDead) callback();
    };
  }
}

/** After every promise that can settle has. */
function settled(): Promise<void> {
  return new Promise(systemDefer);
}
