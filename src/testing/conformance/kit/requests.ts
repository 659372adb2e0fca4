/** Short spellings of requests, so that a test shows what matters. Texts stand for their bytes, one each. */
import type { ByteString } from "../../../base/byte-string.ts";
import { EVERYTHING, type KeyRange } from "../../../contract/key-range.ts";
import type { KeyValue } from "../../../contract/key-value.ts";
import type { RangeQuery } from "../../../contract/range.ts";
import type { Store } from "../../../contract/store.ts";
import type {
  AppendOperation,
  Condition,
  DeleteOperation,
  MergeOperation,
  Operation,
  PutOperation,
  RangeOperation,
  TxnOperation,
  TxnRequest,
  TxnResult,
} from "../../../contract/txn.ts";

import { plainPair } from "../../plain.ts";

/** Everything of an operation that the positional arguments do not give. */
type Rest<T, Given extends keyof T> = Partial<Omit<T, Given | "type">>;

export function raw(text: string): ByteString {
  return text as ByteString;
}

export function interval(key: string, end?: string): KeyRange {
  return end === undefined ? { key: raw(key) } : { key: raw(key), end: raw(end) };
}

export function put(key: string, value = "", rest: Rest<PutOperation, "key" | "value"> = {}): PutOperation {
  return { type: "put", key: raw(key), value: raw(value), ...rest };
}

export function del(
  key: string,
  end?: string,
  rest: Rest<DeleteOperation, "key" | "end"> = {},
): DeleteOperation {
  return { type: "delete", ...interval(key, end), ...rest };
}

export function read(key: string, end?: string, rest: Rest<RangeQuery, "key" | "end"> = {}): RangeOperation {
  return { type: "range", ...interval(key, end), ...rest };
}

export function merge(
  key: string,
  operand: string,
  rest: Rest<MergeOperation, "key" | "operand"> = {},
): MergeOperation {
  return { type: "merge", key: raw(key), fn: "set", width: 1, offset: 0, operand: raw(operand), ...rest };
}

export function append(
  prefix: string,
  value: string,
  rest: Rest<AppendOperation, "prefix" | "value"> = {},
): AppendOperation {
  return { type: "append", prefix: raw(prefix), sequence: raw(`${prefix}#`), value: raw(value), ...rest };
}

type Target = Condition["target"];

export function when(
  target: Target,
  range: string | readonly [key: string, end: string],
  is: Condition["is"],
  to: number | bigint | string,
): Condition {
  const keys = typeof range === "string" ? interval(range) : interval(...range);
  return { ...keys, target, is, to } as Condition;
}

export function branches(parts: Partial<TxnRequest>): TxnRequest {
  return { conditions: [], success: [], failure: [], ...parts };
}

export function nested(parts: Partial<TxnRequest>): TxnOperation {
  return { type: "txn", ...branches(parts) };
}

/** Runs the operations as one transaction without conditions. */
export function write(store: Store, ...operations: readonly Operation[]): Promise<TxnResult> {
  return store.txn(branches({ success: operations }));
}

/** Whether the condition holds now. */
export async function holds(store: Store, ...conditions: readonly Condition[]): Promise<boolean> {
  return (await store.txn(branches({ conditions }))).succeeded;
}

export async function get(store: Store, key: string, revision?: number): Promise<KeyValue | undefined> {
  return (await store.range({ key: raw(key), revision })).kvs.map(plainPair)[0];
}

export async function everything(store: Store, revision?: number): Promise<readonly KeyValue[]> {
  return (await store.range({ ...EVERYTHING, revision })).kvs.map(plainPair);
}

export async function keysIn(store: Store, query: RangeQuery): Promise<readonly string[]> {
  return (await store.range(query)).kvs.map((kv) => kv.key);
}

/** A signed little-endian integer. */
export function integer(value: number | bigint, width = 8): string {
  let rest = BigInt.asUintN(width * 8, BigInt(value));
  let bytes = "";
  for (let at = 0; at < width; at++, rest >>= 8n) bytes += String.fromCharCode(Number(rest & 255n));
  return bytes;
}
