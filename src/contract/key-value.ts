/** One stored pair as of one revision. */
import type { ByteString } from "../base/byte-string.ts";

/** Not leased. Lease ids are bigint because etcd draws them from 63 random bits. */
export const NO_LEASE = 0n;

export interface KeyValue {
  readonly key: ByteString;
  /** Empty where the request was keys-only. */
  readonly value: ByteString;
  /** The revision of the write that made this state. */
  readonly revision: number;
  /** The revision at which the key last came into being. */
  readonly createRevision: number;
  /** Writes since it came into being, this one included: 1 after a create. A delete ends the count. */
  readonly version: number;
  /** The lease that the key dies with, or {@link NO_LEASE}. */
  readonly leaseId: bigint;
}
