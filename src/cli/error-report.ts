/** The one line that an error is to a user, with what to do about it; never a stack, unless HOLDFAST_DEBUG asks for it. */
import { type ErrorCode, HoldfastError } from "../contract/errors.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-codes.ts";
import { OutputFailure } from "./output.ts";

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  LOCKED: "get, list, watch, status, inspect and backup work beside that process; writing does not",
  NOT_FOUND: "name the store with --store file:DIR or in HOLDFAST_STORE; the first write creates it",
  NO_SPACE: "nothing of this was kept; free some space and try again",
  UNKNOWN_FORMAT: "use the release that wrote it, or a newer one",
  COMPACTED: "`holdfast status` tells the oldest revision that is kept",
  FUTURE_REVISION: "`holdfast status` tells the current revision",
  LEASE_NOT_FOUND: "`holdfast lease list` shows the leases that there are",
};

export interface ErrorReportOptions {
  readonly json: boolean;
  readonly debug: boolean;
}

interface Report {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly outcome?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly exitCode: ExitCode;
}

/** Prints the error to standard error, for people or as one JSON object, and says with which code to end. */
export function reportError(error: unknown, diagnostics: Diagnostics, options: ErrorReportOptions): ExitCode {
  const { exitCode, ...report } = describe(error);
  if (options.json) {
    diagnostics.print(JSON.stringify({ error: report }, plainNumbers));
  } else {
    diagnostics.error(report.code, onOneLine(report.message));
    if (report.hint !== undefined) diagnostics.hint(report.hint);
  }
  if (options.debug && error instanceof Error) diagnostics.print(stackOf(error));
  return exitCode;
}

function describe(error: unknown): Report {
  if (error instanceof HoldfastError) {
    const { code, outcome } = error;
    const { hint: given, ...details } = error.details;
    const doubt = outcome === "unknown" ? "; whether it was written can only be told by reading" : "";
    const hint = typeof given === "string" ? given : HINTS[code];
    return { code, message: error.message + doubt, hint, outcome, details, exitCode: exitCodeOf(code) };
  }
  if (error instanceof OutputFailure) return { code: "IO", message: error.message, exitCode: EXIT.failed };
  const message = error instanceof Error ? error.message : String(error);
  const hint = "this is a mistake in holdfast: please report it, with what HOLDFAST_DEBUG=1 shows";
  return { code: "INTERNAL", message, hint, exitCode: EXIT.failed };
}

function onOneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, " ");
}

/** JSON has no bigint: lease ids are strings, as everywhere in the output. */
function plainNumbers(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function stackOf(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
