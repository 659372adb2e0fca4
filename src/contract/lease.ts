/** Leases: a promise of life with a deadline. Keys bound to a lease are deleted, in one revision, when it ends. */
import type { ByteString } from "../base/byte-string.ts";

export interface LeaseGrantRequest {
  /** How long the lease lives without a keep-alive. Within the store's limits. */
  readonly ttlMs: number;
  /** An id of the caller's choice: any 64-bit integer, negative ones too; LEASE_EXISTS if taken. Absent or 0n: the store draws one. */
  readonly id?: bigint | undefined;
}

export interface LeaseGrant {
  readonly id: bigint;
  /** What was granted; an engine that counts in seconds rounds up. */
  readonly ttlMs: number;
}

export interface LeaseStatus {
  readonly id: bigint;
  /** What each keep-alive renews to. */
  readonly ttlMs: number;
  readonly remainingMs: number;
  /** Keys bound to it, ascending; only where asked for. */
  readonly keys?: readonly ByteString[] | undefined;
}
