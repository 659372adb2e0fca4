/**
 * A clock that stands still until a test moves it.
 *
 * `advance` is a promise because what a timer sets off is rarely done when its callback returns: after each
 * timer the clock waits until promises and deferred callbacks have come to rest, so that the next timer meets
 * the world it would have met in real time. Input and output outside the process is not waited for.
 */
import type { Clock, Timer } from "../base/clock.ts";
import { type Defer, systemDefer } from "../base/defer.ts";

export interface FakeClockOptions {
  /** Where wall time starts, in milliseconds since 1970. Default: 2025-01-01T00:00:00Z. */
  readonly nowMs?: number | undefined;
  /** Where monotonic time starts. Default 0. */
  readonly monotonicMs?: number | undefined;
  /** How to wait for what a timer set off. Default: the system's macrotask turns. */
  readonly defer?: Defer | undefined;
}

export interface FakeClock extends Clock {
  /**
   * Moves both times forward and fires what is due, earliest deadline first (equal ones in the order they were
   * set), timers set on the way included. Resolves once everything is at rest; `advance(0)` only waits for
   * that. Calls queue up, so a timer's callback must not wait for one. Rejects where a callback throws.
   * @throws {RangeError} where `ms` is not a number from 0 up
   */
  advance(ms: number): Promise<void>;
  /** Sets wall time alone, as an administrator does: no timer fires and monotonic time stays. */
  setWall(ms: number): void;
  /** Timers that are neither fired nor cancelled. */
  readonly pendingTimers: number;
}

const DEFAULT_NOW_MS = Date.UTC(2025, 0, 1);
/** At rest: this many turns in a row in which no timer was set or cancelled. */
const QUIET_TURNS = 8;
/** A loop that sets timers for ever must not hang the test. */
const TURNS_MAX = 1_000;

interface PendingTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

class SteppedClock implements FakeClock {
  #nowMs: number;
  #monotonicMs: number;
  readonly #defer: Defer;
  /** In the order they were set. */
  readonly #timers = new Set<PendingTimer>();
  /** Grows whenever a timer is set or cancelled: the sign that something is still going on. */
  #activity = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: FakeClockOptions) {
    this.#nowMs = options.nowMs ?? DEFAULT_NOW_MS;
    this.#monotonicMs = options.monotonicMs ?? 0;
    this.#defer = options.defer ?? systemDefer;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: PendingTimer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    this.#activity++;
    return {
      cancel: () => {
        if (this.#timers.delete(timer)) this.#activity++;
      },
    };
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  setWall(ms: number): void {
    this.#nowMs = ms;
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`a clock cannot advance by ${ms} ms`);
    const done = this.#queue.then(() => this.#advanceTo(this.#monotonicMs + ms));
    this.#queue = done.catch(() => {});
    return done;
  }

  async #advanceTo(targetMs: number): Promise<void> {
    await this.#settle();
    for (
      let timer = this.#earliest();
      timer !== undefined && timer.dueMs <= targetMs;
      timer = this.#earliest()
    ) {
      this.#timers.delete(timer);
      this.#moveTo(Math.max(timer.dueMs, this.#monotonicMs));
      timer.callback();
      await this.#settle();
    }
    this.#moveTo(targetMs);
    await this.#settle();
  }

  #moveTo(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #earliest(): PendingTimer | undefined {
    let earliest: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer;
    }
    return earliest;
  }

  async #settle(): Promise<void> {
    for (let turn = 0, quiet = 0; turn < TURNS_MAX && quiet < QUIET_TURNS; turn++) {
      const before = this.#activity;
      await new Promise<void>((resolve) => this.#defer(resolve));
      quiet = this.#activity === before ? quiet + 1 : 0;
    }
  }
}

/** A clock for one test. Everything that is given it sees the same time. */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  return new SteppedClock(options);
}
