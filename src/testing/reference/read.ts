/** The model's range: select, filter, sort, cut, in that order. */
import { EMPTY } from "../../base/byte-string.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import type { RangeQuery, RangeResult } from "../../contract/range.ts";
import { pairsIn, type State } from "./state.ts";

/** @param revision the revision to put into the answer, which is the store's whatever state is read. */
export function readRange(kvs: State["kvs"], query: RangeQuery, revision: number): RangeResult {
  const all = pairsIn(kvs, query);
  if (query.countOnly) return { revision, kvs: [], count: all.length, more: false };
  const wanted = sorted(
    all.filter((kv) => passes(kv, query)),
    query,
  );
  const limited = query.limit ? wanted.slice(0, query.limit) : wanted;
  const shown = limited.map((kv) => (query.keysOnly ? { ...kv, value: EMPTY } : kv));
  const kept = cutByBytes(shown, query.bytesMax);
  return { revision, kvs: kept, count: all.length, more: kept.length < wanted.length };
}

function passes(kv: KeyValue, query: RangeQuery): boolean {
  return (
    kv.revision >= (query.minRevision || 0) &&
    kv.revision <= (query.maxRevision || Infinity) &&
    kv.createRevision >= (query.minCreateRevision || 0) &&
    kv.createRevision <= (query.maxCreateRevision || Infinity)
  );
}

function sorted(kvs: KeyValue[], query: RangeQuery): KeyValue[] {
  const by = query.sortBy ?? "key";
  const sign = query.order === "descending" ? -1 : 1;
  return kvs.sort((a, b) => {
    if (a[by] !== b[by]) return a[by] < b[by] ? -sign : sign;
    return a.key < b.key ? -1 : 1;
  });
}

function cutByBytes(kvs: KeyValue[], bytesMax: number | undefined): KeyValue[] {
  if (bytesMax === undefined) return kvs;
  let bytes = 0;
  const last = kvs.findIndex((kv) => {
    bytes += kv.key.length + kv.value.length;
    return bytes >= bytesMax;
  });
  return last === -1 ? kvs : kvs.slice(0, last + 1);
}
