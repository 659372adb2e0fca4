/**
 * The model's whole idea: a store is the list of its states, one for each revision, each complete. Any question
 * about any revision is answered by looking at that state; nothing is derived, shared or dropped.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { type KeyRange, rangeHas } from "../../contract/key-range.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import type { WatchEvent } from "../../contract/watch.ts";

export interface State {
  readonly revision: number;
  readonly kvs: ReadonlyMap<ByteString, KeyValue>;
  /** What the write of this revision did, in the order of its operations, each with the state before. */
  readonly events: readonly WatchEvent[];
}

export const FRESH: State = { revision: 1, kvs: new Map(), events: [] };

/** The pairs of a range, ascending by key. */
export function pairsIn(kvs: ReadonlyMap<ByteString, KeyValue>, range: KeyRange): KeyValue[] {
  const found = [...kvs.values()].filter((kv) => rangeHas(range, kv.key));
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}
