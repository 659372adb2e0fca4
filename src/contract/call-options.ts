/** Every call takes these. One caller's abort never fails another's call. */
export interface CallOptions {
  /** Aborting rejects the call with ABORTED; `outcome` says whether a write may have been applied. */
  readonly signal?: AbortSignal | undefined;
  /** After this many milliseconds the call rejects with TIMEOUT; `outcome` as for an abort. Default: none. */
  readonly timeoutMs?: number | undefined;
}
