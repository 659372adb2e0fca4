/** A transaction as users write it, and its result as they read it. */
import type { CallOptions } from "../contract/call-options.ts";
import type { Comparison, MergeFunction, MergeWidth } from "../contract/txn.ts";
import type { Key, KeyChoice, KeySelector, RangeChoice, Value } from "./arguments.ts";
import type { KeyValue } from "./key-value.ts";

/**
 * True where the comparison holds for every existing key that it selects. An absent key, or an empty range, compares
 * as 0 in every number and as no lease (`0n`); against a value it is false under every operator, `!=` too.
 */
export type TxnCondition = KeySelector & { readonly is: Comparison } & (
    | { readonly target: "revision" | "createRevision" | "version"; readonly to: number }
    | { readonly target: "value"; readonly to: Value }
    | { readonly target: "lease"; readonly to: bigint }
  );

export interface TxnPut {
  readonly type: "put";
  readonly key: Key;
  readonly value: Value;
  /** The lease that the key dies with. Absent or 0n: none, and an earlier binding ends. */
  readonly leaseId?: bigint | undefined;
  /** Keep the lease that the key has; KEY_NOT_FOUND on an absent key. */
  readonly ignoreLease?: boolean | undefined;
  /** Answer what the key held before. */
  readonly previous?: boolean | undefined;
}

/** Deletes a key, a prefix or an interval. */
export type TxnDelete = KeySelector & {
  readonly type: "delete";
  /** Answer what was deleted; a prefix or interval always does. */
  readonly previous?: boolean | undefined;
};

export interface TxnGet extends KeyChoice {
  readonly type: "get";
  /** Absent or 0: as this transaction has left it so far. */
  readonly revision?: number | undefined;
}

export type TxnRange = RangeChoice & {
  readonly type: "range";
  readonly limit?: number | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly reverse?: boolean | undefined;
  readonly revision?: number | undefined;
};

/** Combines bytes in place: no read, no retry, no conflict. See `MergeFunction` for what each function does. */
export interface TxnMerge {
  readonly type: "merge";
  readonly key: Key;
  readonly fn: MergeFunction;
  /** Bytes of one element. Default 8 for `add` and `max`, 1 for `or` and `set`. */
  readonly width?: MergeWidth | undefined;
  /** Where in the value the first element lies, in bytes. Default 0. */
  readonly offset?: number | undefined;
  /**
   * For `add` (signed) and `max` (unsigned) a number or several, one per element; for every function the elements'
   * bytes, little-endian.
   */
  readonly operand: number | readonly number[] | Uint8Array;
  /** Absent: the key keeps the lease it has. 0n: none. */
  readonly leaseId?: bigint | undefined;
}

/** Takes the next number of a sequence and puts `value` under `prefix` + that number in 16 decimal digits. */
export interface TxnAppend {
  readonly type: "append";
  readonly prefix: Key;
  /** The key that counts the sequence. Default: the prefix followed by `#`. */
  readonly sequence?: Key | undefined;
  readonly value: Value;
  readonly leaseId?: bigint | undefined;
}

export interface NestedTxn extends TxnRequest {
  readonly type: "txn";
}

export type TxnOperation = TxnPut | TxnDelete | TxnGet | TxnRange | TxnMerge | TxnAppend | NestedTxn;
type Operations = readonly TxnOperation[];

export interface TxnRequest<
  Success extends Operations = Operations,
  Failure extends Operations = Operations,
> {
  /** All must hold; none at all holds. Default: none. */
  readonly conditions?: readonly TxnCondition[] | undefined;
  /** Run where the conditions hold. Default: nothing. */
  readonly success?: Success | undefined;
  /** Run where they do not. Default: nothing. */
  readonly failure?: Failure | undefined;
}

export type TxnOptions = CallOptions;

export interface TxnPutResponse {
  readonly type: "put";
  readonly revision: number;
  /** Where asked for and the key was there. */
  readonly previous?: KeyValue | undefined;
}

export interface TxnDeleteResponse {
  readonly type: "delete";
  readonly revision: number;
  readonly deleted: number;
  /** Where asked for, and always for a prefix or interval: what was deleted, ascending by key. */
  readonly previous?: KeyValue[] | undefined;
}

export interface TxnGetResponse {
  readonly type: "get";
  readonly revision: number;
  readonly kv: KeyValue | undefined;
}

export interface TxnRangeResponse {
  readonly type: "range";
  readonly revision: number;
  readonly kvs: KeyValue[];
  /** Keys in the range, whatever `limit` says. */
  readonly count: number;
  readonly more: boolean;
}

export interface TxnMergeResponse {
  readonly type: "merge";
  readonly revision: number;
  /** The bytes that the operand covered, before and after. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** For `add` and `max`: the elements after, as numbers. NaN for one beyond the safe integers. */
  readonly numbers?: number[] | undefined;
}

export interface TxnAppendResponse {
  readonly type: "append";
  readonly revision: number;
  readonly key: string;
  /** The number taken; the first one is 1. */
  readonly number: number;
}

export interface NestedTxnResponse {
  readonly type: "txn";
  readonly succeeded: boolean;
  readonly responses: TxnResponse[];
}

interface ResponsesByType {
  readonly put: TxnPutResponse;
  readonly delete: TxnDeleteResponse;
  readonly get: TxnGetResponse;
  readonly range: TxnRangeResponse;
  readonly merge: TxnMergeResponse;
  readonly append: TxnAppendResponse;
  readonly txn: NestedTxnResponse;
}

export type TxnResponse = ResponsesByType[TxnOperation["type"]];

/** One response for each operation, in order, each of its operation's kind. */
export type TxnResponses<Ran extends Operations> = {
  readonly [At in keyof Ran]: ResponsesByType[Ran[At]["type"]];
};

interface TxnFacts {
  /** The revision that the writes share; the store's current one where nothing changed. */
  readonly revision: number;
  /** The keys that this transaction deleted, ranges included; those that were absent are not among them. */
  readonly deletedKeys: Set<string>;
}

/** `succeeded` says which branch ran, and so whose `responses` these are. */
export type TxnResult<Success extends Operations = Operations, Failure extends Operations = Operations> =
  | (TxnFacts & { readonly succeeded: true; readonly responses: TxnResponses<Success> })
  | (TxnFacts & { readonly succeeded: false; readonly responses: TxnResponses<Failure> });
