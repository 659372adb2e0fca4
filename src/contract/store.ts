/** What a store is. Engines implement it, wrappers wrap it, primitives and doors speak nothing else. */
import type { CallOptions } from "./call-options.ts";
import type { Capabilities } from "./capabilities.ts";
import type { LeaseGrant, LeaseGrantRequest, LeaseStatus } from "./lease.ts";
import type { Limits } from "./limits.ts";
import type { RangeRequest, RangeResult } from "./range.ts";
import type { TxnRequest, TxnResult } from "./txn.ts";
import type { Watch, WatchRequest } from "./watch.ts";

export interface StoreStatus {
  /** `"memory"`, `"file"`, … */
  readonly engine: string;
  /** Names this line of history. A store restored from a snapshot or branched off gets a new one, so clients can tell. */
  readonly historyId: string;
  readonly revision: number;
  readonly compactRevision: number;
  /** Keys that exist now. */
  readonly keys: number;
  readonly leases: number;
  readonly watches: number;
  /** What the store keeps on disk; 0 for memory. */
  readonly diskBytes: number;
  /** True for the one that takes writes; with a single process, always. */
  readonly isLeader: boolean;
  /** Set once the store has stopped taking writes: why. */
  readonly failure?: string | undefined;
}

/** The whole store as of one revision, as one stream of bytes (docs/FORMATS.md, "Snapshot"). */
export interface StoreSnapshot extends AsyncIterable<Uint8Array> {
  readonly revision: number;
}

export interface RevokeResult {
  /** The revision that deleted the keys; the store's current one where there were none. */
  readonly revision: number;
  readonly deleted: number;
}

export interface Store {
  readonly limits: Limits;
  readonly capabilities: Capabilities;

  /** The newest revision that this client knows to be committed (on local engines: durable). 1 on a fresh store. */
  readonly revision: number;
  /** Reads and watches before this revision are COMPACTED. 0 where nothing was ever compacted. */
  readonly compactRevision: number;

  /**
   * Reads one key or an interval.
   * @throws {HoldfastError} COMPACTED (details.compactRevision), FUTURE_REVISION, INVALID_ARGUMENT, CORRUPT
   */
  range(request: RangeRequest, options?: CallOptions): Promise<RangeResult>;

  /**
   * Runs a transaction. Resolves once its writes are as durable as the store promises.
   * @throws {HoldfastError} INVALID_ARGUMENT, LIMIT_EXCEEDED, DUPLICATE_KEY, KEY_NOT_FOUND, LEASE_NOT_FOUND, OUT_OF_RANGE,
   *   COMPACTED, FUTURE_REVISION, READ_ONLY, NO_SPACE: nothing changed. STORE_FAILED, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED: see `outcome`.
   */
  txn(request: TxnRequest, options?: CallOptions): Promise<TxnResult>;

  /**
   * Follows one key or an interval. Registered when the promise resolves: no later write is missed.
   * @throws {HoldfastError} COMPACTED (details.compactRevision), INVALID_ARGUMENT
   */
  watch(request: WatchRequest, options?: CallOptions): Promise<Watch>;

  /** Resolves once this client sees the revision: reads then include it. Waits for a future one. */
  waitForRevision(revision: number, options?: CallOptions): Promise<void>;

  /** @throws {HoldfastError} LEASE_EXISTS, INVALID_ARGUMENT, LIMIT_EXCEEDED */
  grantLease(request: LeaseGrantRequest, options?: CallOptions): Promise<LeaseGrant>;
  /** Renews to the full time to live. @throws {HoldfastError} LEASE_NOT_FOUND */
  keepAliveLease(id: bigint, options?: CallOptions): Promise<LeaseGrant>;
  /** Ends the lease and deletes its keys in one revision. @throws {HoldfastError} LEASE_NOT_FOUND */
  revokeLease(id: bigint, options?: CallOptions): Promise<RevokeResult>;
  /** Undefined where there is no such lease. */
  leaseStatus(
    id: bigint,
    options?: CallOptions & { readonly keys?: boolean },
  ): Promise<LeaseStatus | undefined>;
  /** All leases, the one that ends first in front. */
  leases(options?: CallOptions): Promise<readonly LeaseStatus[]>;

  /**
   * Forgets history before `revision`: the newest state of every key as of it stays.
   * @throws {HoldfastError} COMPACTED where it is at or before the compaction point, FUTURE_REVISION
   */
  compact(revision: number, options?: CallOptions): Promise<void>;

  status(options?: CallOptions): Promise<StoreStatus>;

  /** A consistent copy, taken while writes go on. @throws {HoldfastError} UNSUPPORTED */
  snapshot(options?: CallOptions): Promise<StoreSnapshot>;

  /** Waits for writes under way, then lets go of everything. Later calls: CLOSED. Closing twice is fine. */
  close(): Promise<void>;
}
