/**
 * The one error class and the closed table of its codes. Callers branch on `code`, `retryable` and `outcome`;
 * messages are for people and may change in any release.
 *
 * A programming mistake inside Holdfast itself is a plain `Error`; whatever a caller or the world can cause is
 * a HoldfastError.
 */

export type ErrorKind = "invalid" | "server" | "transport";

interface ErrorCodeFacts {
  readonly kind: ErrorKind;
  /** True where the same call may succeed later without the caller changing anything. */
  readonly retryable: boolean;
  readonly meaning: string;
}

export const ERROR_CODES = {
  INVALID_ARGUMENT: {
    kind: "invalid",
    retryable: false,
    meaning: "An argument has the wrong type, shape or value.",
  },
  OUT_OF_RANGE: {
    kind: "invalid",
    retryable: false,
    meaning:
      "A number would leave the safe integers (±(2^53 − 1)) or its element width; nothing was changed.",
  },
  LIMIT_EXCEEDED: {
    kind: "invalid",
    retryable: false,
    meaning: "A key, value, transaction or watch is over a limit of this store.",
  },
  ALREADY_EXISTS: { kind: "invalid", retryable: false, meaning: "The key to be created exists." },
  KEY_NOT_FOUND: {
    kind: "invalid",
    retryable: false,
    meaning: "The operation needs the key to exist, and it does not.",
  },
  DUPLICATE_KEY: {
    kind: "invalid",
    retryable: false,
    meaning: "One transaction would write the same key twice.",
  },
  CONFLICT: {
    kind: "server",
    retryable: true,
    meaning: "Other writers kept changing what this transaction read.",
  },
  LEASE_NOT_FOUND: {
    kind: "invalid",
    retryable: false,
    meaning: "The lease was never granted, has expired or was revoked.",
  },
  LEASE_EXISTS: { kind: "invalid", retryable: false, meaning: "A lease with this id exists." },
  COMPACTED: {
    kind: "invalid",
    retryable: false,
    meaning: "The revision lies before the compaction point; its history is gone.",
  },
  FUTURE_REVISION: { kind: "invalid", retryable: false, meaning: "The revision has not happened yet." },
  CODEC: {
    kind: "invalid",
    retryable: false,
    meaning: "A stored value does not decode as what was asked for.",
  },
  UNSUPPORTED: {
    kind: "invalid",
    retryable: false,
    meaning: "This engine cannot do that; its capabilities say so.",
  },
  READ_ONLY: { kind: "invalid", retryable: false, meaning: "The store was opened for reading only." },
  NOT_FOUND: { kind: "invalid", retryable: false, meaning: "There is no store at the place named." },
  LOCKED: { kind: "server", retryable: true, meaning: "Another live process owns the data directory." },
  NO_SPACE: { kind: "server", retryable: true, meaning: "The disk is full; nothing of this write was kept." },
  CORRUPT: { kind: "server", retryable: false, meaning: "Stored data is damaged." },
  UNKNOWN_FORMAT: { kind: "server", retryable: false, meaning: "The data was written by a newer release." },
  IO: { kind: "server", retryable: false, meaning: "The file system refused an operation." },
  STORE_FAILED: {
    kind: "server",
    retryable: false,
    meaning: "An earlier write or sync failed; the store takes no more writes until it is opened again.",
  },
  UNAVAILABLE: { kind: "transport", retryable: true, meaning: "The store cannot be reached now." },
  TIMEOUT: { kind: "transport", retryable: true, meaning: "The call's time ran out." },
  ABORTED: { kind: "transport", retryable: false, meaning: "The caller's signal was aborted." },
  CLOSED: { kind: "transport", retryable: false, meaning: "The store or handle has been closed." },
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * What became of a write that failed: `"not-applied"` = certainly nothing changed; `"unknown"` = it may or may
 * not have been applied, only a later read can tell.
 */
export type WriteOutcome = "not-applied" | "unknown";

export interface HoldfastErrorOptions {
  readonly cause?: unknown;
  /** Defaults to `"not-applied"`: an error after which the write may stand must say so. */
  readonly outcome?: WriteOutcome;
  /** Facts for programs: the limit that was crossed, the pid that owns a directory, the offset of damage. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export class HoldfastError extends Error {
  override readonly name = "HoldfastError";
  readonly code: ErrorCode;
  readonly outcome: WriteOutcome;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.outcome = options.outcome ?? "not-applied";
    this.details = options.details ?? {};
  }

  get kind(): ErrorKind {
    return ERROR_CODES[this.code].kind;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** True for a HoldfastError, with this code where one is named. */
export function isHoldfastError(error: unknown, code?: ErrorCode): error is HoldfastError {
  return error instanceof HoldfastError && (code === undefined || error.code === code);
}
