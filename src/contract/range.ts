/** Reading: one key or an interval, now or at any retained revision. */
import type { KeyRange } from "./key-range.ts";
import type { KeyValue } from "./key-value.ts";

export type SortTarget = "key" | "version" | "createRevision" | "revision" | "value";

export interface RangeQuery extends KeyRange {
  /** Read the state as of this revision. Absent or 0: now. Must lie from the compaction point to the current revision. */
  readonly revision?: number | undefined;
  /** At most this many pairs. Absent or 0: all. */
  readonly limit?: number | undefined;
  readonly keysOnly?: boolean | undefined;
  /** Answer `count` alone. Wins over `keysOnly` and `limit`. */
  readonly countOnly?: boolean | undefined;
  /** Default `"ascending"`. */
  readonly order?: "ascending" | "descending" | undefined;
  /** Default `"key"`, in byte order. Ties fall back to ascending keys. The whole interval is sorted, then `limit` cuts. */
  readonly sortBy?: SortTarget | undefined;
  /** Inclusive bounds on the pairs' revisions; absent or 0: none. Applied before `limit`, not to `count`. */
  readonly minRevision?: number | undefined;
  readonly maxRevision?: number | undefined;
  readonly minCreateRevision?: number | undefined;
  readonly maxCreateRevision?: number | undefined;
  /** Spare the count where the list is cut: `count` is then only the number of pairs given. Default false: exact. */
  readonly skipCount?: boolean | undefined;
  /** Stop at the latest after the pair with which keys and values reach this many bytes; at least one pair is given. Absent: never. */
  readonly bytesMax?: number | undefined;
}

export interface RangeRequest extends RangeQuery {
  /** May be answered from a local copy that lags. Default false: sees every write answered before the call. */
  readonly serializable?: boolean | undefined;
}

export interface RangeResult {
  /** The store's revision at the time of the read, also where an older one was asked for. */
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  /** Keys in the interval at that revision, whatever `limit` and the revision bounds say (but see `skipCount`). */
  readonly count: number;
  /** True where `limit` or `bytesMax` cut the list. */
  readonly more: boolean;
}
