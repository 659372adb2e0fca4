/**
 * Time as a port. Nothing in Holdfast calls `Date.now` or `setTimeout` but the system clock below, so that a
 * test moves time by hand and a failing run replays.
 */

export interface Timer {
  cancel(): void;
}

export interface TimerOptions {
  /** Keep the process running until the timer has fired or was cancelled. Default false. */
  readonly holdsProcess?: boolean;
}

export interface Clock {
  /** Wall time in milliseconds since 1970. May jump when the machine's clock is set. */
  nowMs(): number;
  /** Milliseconds that only ever grow, from an arbitrary start. Deadlines are kept in these. */
  monotonicMs(): number;
  /**
   * Calls back once, not before `delayMs` have passed. Any delay works, also beyond 2^31 ms. Background work lets
   * the process end before; a timer that somebody waits for must hold it.
   */
  setTimer(delayMs: number, callback: () => void, options?: TimerOptions): Timer;
}

/** The longest delay that `setTimeout` takes; longer ones fire at once. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: ReturnType<typeof setTimeout> | undefined;
  #remainingMs: number;
  readonly #callback: () => void;
  readonly #holdsProcess: boolean;

  constructor(delayMs: number, callback: () => void, holdsProcess: boolean) {
    this.#remainingMs = Math.max(0, delayMs);
    this.#callback = callback;
    this.#holdsProcess = holdsProcess;
    this.#arm();
  }

  #arm(): void {
    const stepMs = Math.min(this.#remainingMs, TIMEOUT_MAX_MS);
    this.#remainingMs -= stepMs;
    this.#handle = setTimeout(() => (this.#remainingMs > 0 ? this.#arm() : this.#callback()), stepMs);
    if (!this.#holdsProcess) (this.#handle as { unref?: () => void }).unref?.();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, callback, options) =>
    new SystemTimer(delayMs, callback, options?.holdsProcess === true),
};
