/** The error for a caller who gave up. */
import { HoldfastError } from "../contract/errors.ts";

export function aborted(signal: AbortSignal): HoldfastError {
  return new HoldfastError("ABORTED", "the caller's signal was aborted", { cause: signal.reason });
}
