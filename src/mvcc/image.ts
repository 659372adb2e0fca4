/** The whole state as plain data: what a checkpoint or snapshot holds, and what a state is loaded from. */
import type { TimeSample } from "./time-index.ts";
import type { Version } from "./version.ts";

export interface LeaseImage {
  readonly id: bigint;
  readonly ttlMs: number;
  readonly remainingMs: number;
}

export interface StateImage {
  readonly revision: number;
  readonly compactRevision: number;
  /**
   * The newest version of every key, ascending by key, each with its chain of `previous` versions as far back
   * as `compactRevision` needs. A tombstone may be a head while history holds it.
   */
  readonly heads: readonly Version[];
  readonly leases: readonly LeaseImage[];
  readonly times: readonly TimeSample[];
}
