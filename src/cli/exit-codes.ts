/** What the command line's exit code says. Few, so that scripts can tell apart what they can act on. */
import type { ErrorCode } from "../contract/errors.ts";

export const EXIT = {
  /** Done. */
  ok: 0,
  /** Understood and answered, and the answer is no: not there, a condition did not hold, damage was found. */
  no: 1,
  /** The command line or the request is wrong; nothing was done. */
  usage: 2,
  /** The store could not do it: locked, damaged, out of space, not there. */
  failed: 3,
  /** Ended by SIGINT (128 + 2), for what cannot simply stop in the middle. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const ANSWERS: ReadonlySet<ErrorCode> = new Set([
  "ALREADY_EXISTS",
  "KEY_NOT_FOUND",
  "LEASE_NOT_FOUND",
  "LEASE_EXISTS",
  "COMPACTED",
  "FUTURE_REVISION",
]);

const MISTAKES: ReadonlySet<ErrorCode> = new Set([
  "INVALID_ARGUMENT",
  "OUT_OF_RANGE",
  "LIMIT_EXCEEDED",
  "DUPLICATE_KEY",
  "UNSUPPORTED",
]);

/** The exit code for an error that ends a command. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  if (code === "ABORTED") return EXIT.interrupted;
  if (ANSWERS.has(code)) return EXIT.no;
  return MISTAKES.has(code) ? EXIT.usage : EXIT.failed;
}
