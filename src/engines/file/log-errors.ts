/** How writing the log goes wrong: a full disk, after which it goes on, and everything else, after which it does not. */
import { HoldfastError } from "../../contract/errors.ts";
import { ioError } from "../../disk/io-error.ts";

/** How a write ended that kept nothing: the disk was full. Everything else that fails is final. */
export class NothingKept extends Error {
  override readonly name = "NothingKept";
}

/** A write that failed, told from a sync that did: after the first, what was written can be taken back. */
export class WriteFailed extends Error {
  override readonly name = "WriteFailed";

  constructor(cause: unknown) {
    super("a write failed", { cause });
  }
}

/** The error that ends a store's writing. */
export function storeFailed(error: unknown): HoldfastError {
  const cause = error instanceof WriteFailed ? error.cause : error;
  const { message } = ioError(cause, "write the log");
  return new HoldfastError("STORE_FAILED", `${message}; the store takes no more writes`, {
    cause,
    outcome: "unknown",
  });
}
