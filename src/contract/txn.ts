/**
 * Writing: a transaction is the only way to change a store.
 *
 * All conditions, those of nested transactions included, are evaluated first, against the state before the
 * transaction. Then the operations of the chosen branch run in order; later ones see earlier ones. All writes
 * share one revision, which is taken only if something changed: a put, a merge, an append, or a delete that
 * found a key. Whatever fails, fails the whole transaction with nothing changed.
 *
 * A key is written at most once: a put, a merge, or an append's new key, meeting another write of the same key
 * in the same branch (nested branches and ranged deletes included) is DUPLICATE_KEY. Two exceptions: deletes
 * may overlap, and several merges of one key count as one write.
 */
import type { ByteString } from "../base/byte-string.ts";
import type { KeyRange } from "./key-range.ts";
import type { KeyValue } from "./key-value.ts";
import type { RangeQuery, RangeResult } from "./range.ts";

export type Comparison = "=" | "!=" | ">" | "<";

/**
 * True where the comparison holds for every existing key of the range. An absent key, or an empty range,
 * compares as 0 in every number and as no lease; against a value it is false under every operator, `!=` too.
 */
export type Condition = KeyRange & { readonly is: Comparison } & (
    | { readonly target: "revision" | "createRevision" | "version"; readonly to: number }
    | { readonly target: "value"; readonly to: ByteString }
    | { readonly target: "lease"; readonly to: bigint }
  );

export interface PutOperation {
  readonly type: "put";
  readonly key: ByteString;
  readonly value: ByteString;
  /** The lease to bind the key to. Absent or 0n: none, and an earlier binding ends. */
  readonly leaseId?: bigint | undefined;
  /** Keep the present value (`value` must be empty); KEY_NOT_FOUND on an absent key. */
  readonly ignoreValue?: boolean | undefined;
  /** Keep the present lease (`leaseId` must be absent); KEY_NOT_FOUND on an absent key. */
  readonly ignoreLease?: boolean | undefined;
  /** Answer what the key held before. */
  readonly previous?: boolean | undefined;
}

export interface DeleteOperation extends KeyRange {
  readonly type: "delete";
  /** Answer what was deleted, ascending by key. */
  readonly previous?: boolean | undefined;
}

export interface RangeOperation extends RangeQuery {
  readonly type: "range";
}

/**
 * - `add`: signed little-endian integers; a result outside its width (or outside the safe integers at width 8) is OUT_OF_RANGE.
 * - `max`: unsigned little-endian integers, the larger stays.
 * - `or`: bitwise.
 * - `set`: the operand replaces what stands there.
 */
export type MergeFunction = "add" | "max" | "or" | "set";
export type MergeWidth = 1 | 2 | 4 | 8;

/**
 * Combines bytes in place, element by element: no read, no retry, no conflict. An absent key reads as empty;
 * a value shorter than `offset + operand.length` grows by zero bytes.
 */
export interface MergeOperation {
  readonly type: "merge";
  readonly key: ByteString;
  readonly fn: MergeFunction;
  /** Bytes of one element. Default 1 for `or` and `set`; `add` and `max` must say. */
  readonly width: MergeWidth;
  /** Where in the value the first element lies, in bytes. */
  readonly offset: number;
  /** One or more elements: a whole multiple of `width`, never empty. */
  readonly operand: ByteString;
  /** Absent: the key keeps the lease it has. 0n: none. */
  readonly leaseId?: bigint | undefined;
}

/**
 * Takes the next number of a sequence and puts `value` under `prefix` + that number in 16 decimal digits, so
 * that byte order is number order. Numbers start at 1 and are never given twice, whatever is deleted; a sequence
 * that somebody has set below 0 is OUT_OF_RANGE.
 */
export interface AppendOperation {
  readonly type: "append";
  readonly prefix: ByteString;
  /** The key that counts the sequence: the last number taken, as 8 bytes little-endian (a `merge` `add` of width 8). */
  readonly sequence: ByteString;
  readonly value: ByteString;
  readonly leaseId?: bigint | undefined;
}

export interface TxnBranches {
  /** All must hold; none at all holds. */
  readonly conditions: readonly Condition[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

export interface TxnOperation extends TxnBranches {
  readonly type: "txn";
}

export type Operation =
  | PutOperation
  | DeleteOperation
  | RangeOperation
  | MergeOperation
  | AppendOperation
  | TxnOperation;

export type TxnRequest = TxnBranches;

export interface PutResult {
  readonly type: "put";
  readonly revision: number;
  readonly previous?: KeyValue | undefined;
}

export interface DeleteResult {
  readonly type: "delete";
  /** The transaction's revision if it has written by then, else the store's. */
  readonly revision: number;
  readonly deleted: number;
  /** Present where `previous` was asked for. */
  readonly previous?: readonly KeyValue[] | undefined;
}

export interface MergeResult {
  readonly type: "merge";
  readonly revision: number;
  /** The elements that the operand covered, before and after; before is zero bytes where nothing stood. */
  readonly before: ByteString;
  readonly after: ByteString;
}

export interface AppendResult {
  readonly type: "append";
  readonly revision: number;
  readonly key: ByteString;
  readonly number: number;
}

export interface RangeOperationResult extends RangeResult {
  readonly type: "range";
}

export interface NestedTxnResult {
  readonly type: "txn";
  readonly succeeded: boolean;
  readonly responses: readonly OperationResult[];
}

export type OperationResult =
  | PutResult
  | DeleteResult
  | RangeOperationResult
  | MergeResult
  | AppendResult
  | NestedTxnResult;

export interface TxnResult {
  /** Whether the conditions held, and so which branch ran. */
  readonly succeeded: boolean;
  /** The revision that the writes share; the store's current one where nothing changed. */
  readonly revision: number;
  /** One for each operation of the branch that ran, in its order. */
  readonly responses: readonly OperationResult[];
}

/** Digits of the number in an appended key: 2^53 − 1 has 16. */
export const SEQUENCE_DIGITS = 16;

/** The key that `append` writes for a number of its sequence. */
export function appendedKey(prefix: ByteString, number: number): ByteString {
  return (prefix + String(number).padStart(SEQUENCE_DIGITS, "0")) as ByteString;
}

/** True where a branch of the transaction, taken or not, holds anything but reads. */
export function hasWrites(request: TxnBranches): boolean {
  return request.success.some(isWrite) || request.failure.some(isWrite);
}

function isWrite(operation: Operation): boolean {
  return operation.type === "txn" ? hasWrites(operation) : operation.type !== "range";
}
