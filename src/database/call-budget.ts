/** One caller's signal and time, shared by the several store calls that his one call takes. */
import type { Clock } from "../base/clock.ts";
import type { CallOptions } from "../contract/call-options.ts";
import { HoldfastError } from "../contract/errors.ts";
import { aborted } from "./aborted.ts";

export class CallBudget {
  readonly #call: CallOptions | undefined;
  readonly #clock: Clock;
  readonly #startedMs: number;

  constructor(call: CallOptions | undefined, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
    this.#startedMs = call?.timeoutMs === undefined ? 0 : clock.monotonicMs();
  }

  get signal(): AbortSignal | undefined {
    return this.#call?.signal;
  }

  /**
   * Options for the next store call.
   * @throws {HoldfastError} ABORTED, TIMEOUT where nothing is left to spend
   */
  rest(): CallOptions | undefined {
    const call = this.#call;
    if (call === undefined) return undefined;
    if (call.signal?.aborted) throw aborted(call.signal);
    if (call.timeoutMs === undefined) return call;
    const timeoutMs = call.timeoutMs - (this.#clock.monotonicMs() - this.#startedMs);
    if (timeoutMs > 0) return { signal: call.signal, timeoutMs };
    throw new HoldfastError("TIMEOUT", `not done within ${call.timeoutMs} ms`);
  }
}
