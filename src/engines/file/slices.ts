/** Work in the background that never holds up the foreground: a slice at a time, then everybody else's turn. */
import type { Clock } from "../../base/clock.ts";
import type { Defer } from "../../base/defer.ts";

/** However slow the clock: no slice is longer than so many steps. */
const STEPS_MAX = 4_096;

export class Slices {
  readonly #clock: Clock;
  readonly #defer: Defer;
  /** How long a slice may take. */
  budgetMs: number;
  #startMs: number;
  #steps = 0;

  constructor(clock: Clock, defer: Defer, budgetMs: number) {
    this.#clock = clock;
    this.#defer = defer;
    this.budgetMs = budgetMs;
    this.#startMs = clock.monotonicMs();
  }

  /** Whether the slice is used up, `steps` of work after the last time of asking. */
  isOver(steps: number): boolean {
    this.#steps += steps;
    return this.#steps >= STEPS_MAX || this.#clock.monotonicMs() - this.#startMs >= this.budgetMs;
  }

  /** Lets everything run that is ready, then starts the next slice. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => this.#defer(resolve));
    this.restart();
  }

  /** Starts a slice: after a wait for the disk, say. */
  restart(): void {
    this.#steps = 0;
    this.#startMs = this.#clock.monotonicMs();
  }
}
