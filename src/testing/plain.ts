/**
 * Answers reduced to what the contract names, in a fixed order of fields: an engine's objects may carry more,
 * and a missing field is the same as an undefined one.
 */
import type { KeyValue } from "../contract/key-value.ts";
import type { RangeResult } from "../contract/range.ts";
import type { OperationResult, TxnResult } from "../contract/txn.ts";
import type { WatchEvent } from "../contract/watch.ts";

export function plainPair({ key, value, revision, createRevision, version, leaseId }: KeyValue): KeyValue {
  return { key, value, revision, createRevision, version, leaseId };
}

export function plainEvent({ type, kv, previous }: WatchEvent): WatchEvent {
  return { type, kv: plainPair(kv), previous: previous === undefined ? undefined : plainPair(previous) };
}

export function plainRange({ revision, kvs, count, more }: RangeResult): RangeResult {
  return { revision, kvs: kvs.map(plainPair), count, more };
}

export function plainTxn({ succeeded, revision, responses }: TxnResult): TxnResult {
  return { succeeded, revision, responses: responses.map(plainResponse) };
}

function plainResponse(response: OperationResult): OperationResult {
  const { type } = response;
  switch (type) {
    case "put": {
      const { revision, previous } = response;
      return { type, revision, previous: previous === undefined ? undefined : plainPair(previous) };
    }
    case "delete": {
      const { revision, deleted, previous } = response;
      return { type, revision, deleted, previous: previous?.map(plainPair) };
    }
    case "range":
      return { type, ...plainRange(response) };
    case "merge": {
      const { revision, before, after } = response;
      return { type, revision, before, after };
    }
    case "append": {
      const { revision, key, number } = response;
      return { type, revision, key, number };
    }
    case "txn": {
      const { succeeded, responses } = response;
      return { type, succeeded, responses: responses.map(plainResponse) };
    }
  }
}

/** A text that is the same for equal plain values: for comparing and for messages. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? `${inner}n` : inner));
}
