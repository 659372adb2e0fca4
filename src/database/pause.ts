/** Waiting between attempts: in the background, or for a caller whose script must not end in the middle of it. */
import type { Clock } from "../base/clock.ts";
import { below, type Random } from "../base/random.ts";
import { aborted } from "./aborted.ts";

export interface Timing {
  readonly clock: Clock;
  readonly random: Random;
}

export interface PauseOptions {
  /** Ends the pause by throwing ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** Keep the process alive meanwhile. Default false. */
  readonly holdProcess?: boolean | undefined;
}

/** Resolves after `delayMs`. @throws {HoldfastError} ABORTED */
export function pause(clock: Clock, delayMs: number, options: PauseOptions = {}): Promise<void> {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(aborted(signal));
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      end();
      reject(aborted(signal!));
    };
    const fire = (): void => {
      end();
      resolve();
    };
    const timer = clock.setTimer(delayMs, fire, { holdsProcess: options.holdProcess === true });
    signal?.addEventListener("abort", onAbort);
  });
}

/** A random delay below a bound that doubles with each attempt, from `firstMs` up to `maxMs`. */
export function backoffMs(
  random: Random,
  attempt: number,
  { firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number },
): number {
  const bound = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return 1 + below(random, Math.ceil(bound));
}
