/** What an engine can do beyond the contract's core, as data. The conformance suite is driven by it; nothing is an optional method. */
export interface Capabilities {
  /** Acknowledged writes survive the death of the process. */
  readonly durable: boolean;
  /** `merge` and `append` run inside the store: no retry loop, whatever the contention. */
  readonly nativeMerge: boolean;
  /** Several merges of one key, or appends to one sequence, may share a transaction. */
  readonly repeatedMerge: boolean;
  /** Leases are timed in milliseconds; where false, in whole seconds, rounded up. */
  readonly millisecondLeases: boolean;
  /** `snapshot()` gives a stream that `restore` takes. */
  readonly snapshot: boolean;
  /** A write whose answer was lost is applied at most once when sent again. */
  readonly exactlyOnceRetry: boolean;
}
