/** Forgets history that nobody asked to keep, a little at a time, so that a store left alone does not grow. */
import type { Clock, Timer } from "../../base/clock.ts";
import { invalid } from "../../contract/validate.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";

/** How much history to keep. `"forever"`: until `compact` is called. */
export type HistoryRetention =
  | "forever"
  | {
      /** Younger revisions are kept. Default: an hour. */
      readonly ageMs?: number | undefined;
      /** The newest so many revisions are kept whatever their age. Default: 10 000. */
      readonly revisionsMin?: number | undefined;
      /** Above this much memory for superseded states, age no longer protects: an hour at full speed would not fit. Default: 256 MiB. */
      readonly bytesMax?: number | undefined;
    };

export const DEFAULT_HISTORY = { ageMs: 3_600_000, revisionsMin: 10_000, bytesMax: 256 * 2 ** 20 };

/** Revisions forgotten at a time; two are forgotten for one that is published, until the bounds hold. */
const STEP = 256;
const CHECK_EVERY_MS = 10_000;

export function checkHistory(history: HistoryRetention | undefined): void {
  if (history === undefined || history === "forever") return;
  if (typeof history !== "object" || history === null) {
    throw invalid(`history must be "forever" or { ageMs, revisionsMin, bytesMax }`);
  }
  for (const name of ["ageMs", "revisionsMin", "bytesMax"] as const) {
    const value = history[name];
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      throw invalid(`history.${name} is ${String(value)}; it must be a number, 0 or more`);
    }
  }
}

export class HistoryKeeper {
  readonly #state: MvccState;
  readonly #clock: Clock;
  readonly #wallMs: () => number;
  readonly #bounds:
    | { readonly ageMs: number; readonly revisionsMin: number; readonly bytesMax: number }
    | undefined;
  #timer: Timer | undefined;

  /** @param wallMs wall time that does not jump */
  constructor(state: MvccState, retention: HistoryRetention | undefined, clock: Clock, wallMs: () => number) {
    this.#state = state;
    this.#clock = clock;
    this.#wallMs = wallMs;
    if (retention !== "forever") {
      this.#bounds = {
        ageMs: retention?.ageMs ?? DEFAULT_HISTORY.ageMs,
        revisionsMin: retention?.revisionsMin ?? DEFAULT_HISTORY.revisionsMin,
        bytesMax: retention?.bytesMax ?? DEFAULT_HISTORY.bytesMax,
      };
      this.#arm();
    }
  }

  /** Called after `published` revisions more have become visible. */
  afterPublish(published: number): void {
    if (this.#bounds === undefined) return;
    const { first, end } = this.#state.history;
    if (end - first <= this.#bounds.revisionsMin + STEP) return;
    this.#trim(2 * published + STEP);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(CHECK_EVERY_MS, () => {
      this.#trim(Number.POSITIVE_INFINITY);
      this.#arm();
    });
  }

  /** Forgets at most `budget` revisions. */
  #trim(budget: number): void {
    const { revisionsMin, ageMs, bytesMax } = this.#bounds!;
    const state = this.#state;
    const newestToForget = state.durableRevision - Math.max(1, revisionsMin);
    const old = Math.min(newestToForget, state.times.lastBefore(this.#wallMs() - ageMs));
    let left = budget;
    while (left > 0) {
      const first = state.history.first;
      const limit = state.historyBytes > bytesMax ? newestToForget : old;
      const target = Math.min(limit + 1, first + STEP);
      if (target <= first) return;
      left -= target - first;
      state.compact(target);
    }
  }
}
