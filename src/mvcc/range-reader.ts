/** Answers range queries from the key index, at one revision. */
import { EMPTY } from "../base/byte-string.ts";
import type { KeyValue } from "../contract/key-value.ts";
import type { RangeQuery, SortTarget } from "../contract/range.ts";
import type { KeyIndex } from "./key-index.ts";
import type { ValueSource } from "./spilled-values.ts";
import { type Version, versionAt } from "./version.ts";

export interface RangeAnswer {
  readonly kvs: readonly KeyValue[];
  readonly count: number;
  readonly more: boolean;
}

const NOTHING: RangeAnswer = { kvs: [], count: 0, more: false };

/** Reads as of `revision`, which the caller has checked to be retained. Values may be spilled: see Version. */
export function readRange(
  index: KeyIndex,
  query: RangeQuery,
  revision: number,
  values: ValueSource,
): RangeAnswer {
  if (query.end === undefined && !hasRevisionBounds(query)) return readKey(index, query, revision);
  if (query.countOnly === true) return { kvs: [], count: countRange(index, query, revision), more: false };
  if (query.sortBy !== undefined && query.sortBy !== "key") return readSorted(index, query, revision, values);
  return readInKeyOrder(index, query, revision);
}

function readKey(index: KeyIndex, query: RangeQuery, revision: number): RangeAnswer {
  const version = versionAt(index.get(query.key)?.head, revision);
  if (version === undefined) return NOTHING;
  return { kvs: query.countOnly === true ? [] : [give(version, query)], count: 1, more: false };
}

function countRange(index: KeyIndex, query: RangeQuery, revision: number): number {
  let count = 0;
  index.visit(query, (record) => {
    if (versionAt(record.head, revision) !== undefined) count++;
    return undefined;
  });
  return count;
}

function readInKeyOrder(index: KeyIndex, query: RangeQuery, revision: number): RangeAnswer {
  const kvs: KeyValue[] = [];
  const filtered = hasRevisionBounds(query);
  const limit = query.limit === undefined || query.limit <= 0 ? Number.POSITIVE_INFINITY : query.limit;
  let bytesLeft = query.bytesMax ?? Number.POSITIVE_INFINITY;
  let count = 0;
  let more = false;
  const visit = (record: { readonly head: Version }): boolean => {
    const version = versionAt(record.head, revision);
    if (version === undefined) return false;
    count++;
    if (more || (filtered && !withinBounds(version, query))) return false;
    if (kvs.length >= limit || (bytesLeft <= 0 && kvs.length > 0)) {
      more = true;
      return query.skipCount === true;
    }
    bytesLeft -= version.key.length + (query.keysOnly === true ? 0 : version.valueBytes);
    kvs.push(give(version, query));
    return false;
  };
  if (query.order === "descending") index.visitReversed(query, visit);
  else index.visit(query, visit);
  return { kvs, count: more && query.skipCount === true ? kvs.length : count, more };
}

function readSorted(index: KeyIndex, query: RangeQuery, revision: number, values: ValueSource): RangeAnswer {
  const found: Version[] = [];
  let count = 0;
  index.visit(query, (record) => {
    const version = versionAt(record.head, revision);
    if (version === undefined) return undefined;
    count++;
    if (withinBounds(version, query)) found.push(version);
    return undefined;
  });
  const target = query.sortBy as SortTarget;
  if (target === "value") values.require(found);
  const rank = (version: Version): string | number =>
    target === "value" ? values.of(version) : version[target as Exclude<SortTarget, "value">];
  const sign = query.order === "descending" ? -1 : 1;
  found.sort((a, b) => {
    const x = rank(a);
    const y = rank(b);
    return x < y ? -sign : x > y ? sign : a.key < b.key ? -1 : 1;
  });
  return cut(found, query, count);
}

function cut(found: readonly Version[], query: RangeQuery, count: number): RangeAnswer {
  const kvs: KeyValue[] = [];
  const limit = query.limit === undefined || query.limit <= 0 ? found.length : query.limit;
  let bytesLeft = query.bytesMax ?? Number.POSITIVE_INFINITY;
  for (const version of found) {
    if (kvs.length >= limit || (bytesLeft <= 0 && kvs.length > 0)) break;
    bytesLeft -= version.key.length + (query.keysOnly === true ? 0 : version.valueBytes);
    kvs.push(give(version, query));
  }
  return { kvs, count, more: kvs.length < found.length };
}

function give(version: Version, query: RangeQuery): KeyValue {
  return query.keysOnly === true ? withoutValue(version) : version;
}

/** A copy, so that neither a spilled value is loaded nor a held one given. */
function withoutValue({ key, revision, createRevision, version, leaseId }: Version): KeyValue {
  return { key, value: EMPTY, revision, createRevision, version, leaseId };
}

function hasRevisionBounds(query: RangeQuery): boolean {
  return (
    (query.minRevision ?? 0) > 0 ||
    (query.maxRevision ?? 0) > 0 ||
    (query.minCreateRevision ?? 0) > 0 ||
    (query.maxCreateRevision ?? 0) > 0
  );
}

function withinBounds(version: Version, query: RangeQuery): boolean {
  const { minRevision = 0, maxRevision = 0, minCreateRevision = 0, maxCreateRevision = 0 } = query;
  return (
    version.revision >= minRevision &&
    (maxRevision <= 0 || version.revision <= maxRevision) &&
    version.createRevision >= minCreateRevision &&
    (maxCreateRevision <= 0 || version.createRevision <= maxCreateRevision)
  );
}
