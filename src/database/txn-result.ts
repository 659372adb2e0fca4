/** From the contract's result of a transaction to the one that users read. */
import { toBytes } from "../base/byte-string.ts";
import type {
  MergeFunction,
  MergeOperation,
  MergeResult,
  MergeWidth,
  Operation,
  OperationResult,
  TxnResult as StoreTxnResult,
  TxnBranches,
} from "../contract/txn.ts";
import { toKeyText } from "./arguments.ts";
import { KeyValue, toKeyValues, toOptionalKeyValue } from "./key-value.ts";
import { isArithmetic } from "./txn-request.ts";
import type { TxnMergeResponse, TxnResponse, TxnResult } from "./txn-types.ts";

/** `request` is the contract's: what the user passed may have changed since. */
export function toTxnResult(request: TxnBranches, result: StoreTxnResult): TxnResult {
  const deletedKeys = new Set<string>();
  const responses = toResponses(request, result, deletedKeys);
  return { succeeded: result.succeeded, revision: result.revision, responses, deletedKeys };
}

function toResponses(
  request: TxnBranches,
  ran: { readonly succeeded: boolean; readonly responses: readonly OperationResult[] },
  deletedKeys: Set<string>,
): TxnResponse[] {
  const operations = ran.succeeded ? request.success : request.failure;
  return ran.responses.map((response, at) => toResponse(operations[at]!, response, deletedKeys));
}

function toResponse(asked: Operation, answer: OperationResult, deletedKeys: Set<string>): TxnResponse {
  switch (answer.type) {
    case "put":
      return { type: "put", revision: answer.revision, previous: toOptionalKeyValue(answer.previous) };
    case "delete": {
      const { revision, deleted, previous } = answer;
      for (const stored of previous ?? []) deletedKeys.add(toKeyText(stored.key));
      if (previous === undefined && deleted > 0 && asked.type === "delete")
        deletedKeys.add(toKeyText(asked.key));
      return { type: "delete", revision, deleted, previous: previous && toKeyValues(previous) };
    }
    case "range": {
      const { revision, kvs, count, more } = answer;
      const isGet = asked.type === "range" && asked.end === undefined;
      if (isGet) return { type: "get", revision, kv: kvs[0] && new KeyValue(kvs[0]) };
      return { type: "range", revision, kvs: toKeyValues(kvs), count, more };
    }
    case "merge":
      return toMergeResponse(asked as MergeOperation, answer);
    case "append":
      return { type: "append", revision: answer.revision, key: toKeyText(answer.key), number: answer.number };
    case "txn": {
      const responses = toResponses(asked as Operation & { type: "txn" }, answer, deletedKeys);
      return { type: "txn", succeeded: answer.succeeded, responses };
    }
  }
}

function toMergeResponse(asked: MergeOperation, answer: MergeResult): TxnMergeResponse {
  const after = toBytes(answer.after);
  return {
    type: "merge",
    revision: answer.revision,
    before: toBytes(answer.before),
    after,
    numbers: isArithmetic(asked.fn) ? toNumbers(after, asked.fn, asked.width) : undefined,
  };
}

function toNumbers(bytes: Uint8Array, fn: MergeFunction, width: MergeWidth): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length; at += width) numbers.push(readElement(view, at, fn, width));
  return numbers;
}

function readElement(view: DataView, at: number, fn: MergeFunction, width: MergeWidth): number {
  const signed = fn === "add";
  if (width === 1) return signed ? view.getInt8(at) : view.getUint8(at);
  if (width === 2) return signed ? view.getInt16(at, true) : view.getUint16(at, true);
  if (width === 4) return signed ? view.getInt32(at, true) : view.getUint32(at, true);
  const number = Number(signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
  return Number.isSafeInteger(number) ? number : Number.NaN;
}
