/** What one transaction did, ready to be logged: effects, not requests, so that replaying needs no evaluation. */
import type { MergeOperation } from "../contract/txn.ts";
import type { Version } from "./version.ts";

export interface LeaseRecord {
  readonly id: bigint;
  readonly ttlMs: number;
}

export interface Commit {
  /** The revision that `versions` share; where there are none, the store's revision at the time. */
  readonly revision: number;
  /** Wall time in milliseconds. */
  readonly timeMs: number;
  /** Puts and tombstones in the order of their operations; empty where no revision was taken. */
  readonly versions: readonly Version[];
  /** For versions made by merges alone: the merges, so that a log may keep the change instead of a long result. */
  readonly merges?: ReadonlyMap<Version, readonly MergeOperation[]> | undefined;
  readonly granted?: LeaseRecord | undefined;
  /** A lease that ended; its keys' tombstones are in `versions`. */
  readonly revoked?: bigint | undefined;
  /** History before this revision is forgotten. */
  readonly compacted?: number | undefined;
}
