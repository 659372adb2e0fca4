/** Applies `signal` and `timeoutMs` to a call that is already under way. */
import type { Clock } from "../../base/clock.ts";
import type { CallOptions } from "../../contract/call-options.ts";
import { HoldfastError, type WriteOutcome } from "../../contract/errors.ts";
import { checkCallOptions } from "../../contract/validate.ts";

/** True where there is nothing to watch over: the common case, which must cost nothing. */
export function isUnguarded(options: CallOptions | undefined): boolean {
  return options === undefined || (options.signal === undefined && options.timeoutMs === undefined);
}

/** @throws {HoldfastError} ABORTED where the signal already is, INVALID_ARGUMENT */
export function checkNotAborted(options: CallOptions): void {
  checkCallOptions(options);
  if (options.signal?.aborted === true) throw abortedError(options.signal, "not-applied");
}

export function abortedError(signal: AbortSignal, outcome: WriteOutcome): HoldfastError {
  return new HoldfastError("ABORTED", "the call was aborted", { cause: signal.reason, outcome });
}

function timeoutError(timeoutMs: number, outcome: WriteOutcome): HoldfastError {
  return new HoldfastError("TIMEOUT", `no answer within ${timeoutMs} ms`, { outcome });
}

/**
 * The call's own result, or ABORTED / TIMEOUT if those come first. The call itself goes on; `withdraw` is told
 * so that it can let go of what nobody waits for.
 * @param outcome what to say of a write that is cut off
 */
export function guard<T>(
  call: Promise<T>,
  options: CallOptions,
  context: { readonly clock: Clock; readonly outcome: WriteOutcome; readonly withdraw?: () => void },
): Promise<T> {
  const { signal, timeoutMs } = options;
  return new Promise<T>((resolve, reject) => {
    const giveUp = (error: HoldfastError): void => {
      release();
      reject(error);
      context.withdraw?.();
    };
    const onAbort = (): void => giveUp(abortedError(signal!, context.outcome));
    const timer =
      timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : context.clock.setTimer(timeoutMs, () => giveUp(timeoutError(timeoutMs, context.outcome)), {
            holdsProcess: true,
          });
    const release = (): void => {
      timer?.cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort);
    call.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error);
      },
    );
  });
}
