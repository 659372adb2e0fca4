/** Errors of the file system, told in the product's terms. */
import { type ErrorCode, HoldfastError, type WriteOutcome } from "../contract/errors.ts";

const OUT_OF_SPACE: ReadonlySet<string | undefined> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

export function systemCodeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

/** No room on the disk, over a quota, or over the largest file that is allowed. */
export function isOutOfSpace(error: unknown): boolean {
  return OUT_OF_SPACE.has(systemCodeOf(error));
}

export function isMissing(error: unknown): boolean {
  return systemCodeOf(error) === "ENOENT";
}

function codeFor(error: unknown): ErrorCode {
  if (isOutOfSpace(error)) return "NO_SPACE";
  return systemCodeOf(error) === "EROFS" ? "READ_ONLY" : "IO";
}

/**
 * A HoldfastError for what the file system threw: NO_SPACE, READ_ONLY (a read-only file system) or IO.
 * A HoldfastError is given back as it is.
 * @param doing completes "could not …", with the path
 */
export function ioError(error: unknown, doing: string, outcome: WriteOutcome = "not-applied"): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const system = systemCodeOf(error);
  const reason = error instanceof Error ? error.message : String(error);
  return new HoldfastError(codeFor(error), `could not ${doing}: ${reason}`, {
    cause: error,
    outcome,
    details: system === undefined ? {} : { systemCode: system },
  });
}

/** Runs a piece of file-system work; what it throws comes out as {@link ioError}. */
export async function withIoErrors<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw ioError(error, doing);
  }
}
