/** Following changes. */
import type { KeyRange } from "./key-range.ts";
import type { KeyValue } from "./key-value.ts";

export interface WatchRequest extends KeyRange {
  /**
   * The first revision of interest, inclusive. Absent or 0: the one after the store's current. In the past:
   * history is replayed from there, without gap or repeat. In the future: silence until then. The compaction
   * point itself is allowed, anything before it is COMPACTED.
   */
  readonly fromRevision?: number | undefined;
  /** Give each event the state before it. Absent on a create, and where compaction has taken it. */
  readonly previous?: boolean | undefined;
  /** Only these events. Default: both. */
  readonly only?: "put" | "delete" | undefined;
}

export interface WatchEvent {
  readonly type: "put" | "delete";
  /** After a delete: the key and the deleting revision, with an empty value, createRevision 0, version 0 and no lease. */
  readonly kv: KeyValue;
  readonly previous?: KeyValue | undefined;
}

/**
 * Events in order of revision, and within one in order of the operations. All events of a revision are in the
 * same batch. A batch without events is a progress mark.
 */
export interface WatchBatch {
  /** Everything up to and including this revision has now been delivered. */
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/**
 * A cursor over the store's history, not a queue: a consumer that does not read costs the store nothing but
 * the cursor. If compaction overtakes the cursor, `next` rejects with COMPACTED; events are never skipped.
 */
export interface Watch {
  /** The store's revision when the watch was established: with no `fromRevision`, the first event has a greater one. */
  readonly startRevision: number;
  /**
   * The next batch; waits where there is none yet. One call at a time.
   * Undefined once `cancel` was called: no other end is silent.
   * @throws {HoldfastError} COMPACTED (details.compactRevision), CLOSED, UNAVAILABLE, CORRUPT, IO; the watch has then ended.
   */
  next(): Promise<WatchBatch | undefined>;
  /** Asks for a progress mark: `next` gives a batch without events as soon as everything before has been delivered. */
  requestProgress(): void;
  /** Ends the watch. A waiting `next` gives undefined. */
  cancel(): void;
}
