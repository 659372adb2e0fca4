/** What the model refuses at its border: wrong types, wrong shapes, and what is over a limit. */
import type { ByteString } from "../../base/byte-string.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { Limits } from "../../contract/limits.ts";
import type { Operation, TxnBranches } from "../../contract/txn.ts";

/** An object of which nothing is known. */
type Fields = Record<string, unknown>;

export function invalid(what: string): HoldfastError {
  return new HoldfastError("INVALID_ARGUMENT", what);
}

function overLimit(what: string, limit: number): HoldfastError {
  return new HoldfastError("LIMIT_EXCEEDED", `${what} is over ${limit}`, { details: { limit } });
}

export function checkObject(value: unknown, what: string): asserts value is Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${what} is not an object`);
  }
}

function checkBytes(value: unknown, what: string): asserts value is ByteString {
  if (typeof value !== "string" || /[^\x00-\xff]/.test(value)) throw invalid(`${what} is not a byte string`);
}

function checkKey(value: unknown): asserts value is ByteString {
  checkBytes(value, "key");
  if (value === "") throw invalid("key is empty");
}

export function checkWhole(value: unknown, what: string): asserts value is number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw invalid(`${what} is not a whole number from 0 up`);
  }
}

function checkOptional(request: Fields, type: string, names: readonly string[]): void {
  for (const name of names) {
    const value = request[name];
    if (value === undefined) continue;
    if (type === "whole") checkWhole(value, name);
    else if (typeof value !== type) throw invalid(`${name} is not a ${type}`);
  }
}

function checkOneOf(value: unknown, what: string, allowed: readonly unknown[]): void {
  if (!allowed.includes(value)) throw invalid(`${what} is none of ${allowed.join(", ")}`);
}

export function checkLeaseId(value: unknown): asserts value is bigint {
  if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) {
    throw invalid("a lease id is a bigint of 64 bits");
  }
}

export function checkKeyRange(request: unknown): asserts request is Fields {
  checkObject(request, "request");
  const { key, end } = request;
  checkKey(key);
  if (end !== undefined) checkBytes(end, "end");
}

const WHOLE_NUMBERS_OF_QUERY = [
  "revision",
  "limit",
  "minRevision",
  "maxRevision",
  "minCreateRevision",
  "maxCreateRevision",
  "bytesMax",
];

export function checkQuery(request: unknown): void {
  checkKeyRange(request);
  checkOptional(request, "whole", WHOLE_NUMBERS_OF_QUERY);
  checkOptional(request, "boolean", ["keysOnly", "countOnly", "serializable"]);
  const { order, sortBy } = request;
  checkOneOf(order, "order", [undefined, "ascending", "descending"]);
  checkOneOf(sortBy, "sortBy", [undefined, "key", "version", "createRevision", "revision", "value"]);
}

export function checkWatch(request: unknown): void {
  checkKeyRange(request);
  checkOptional(request, "whole", ["fromRevision"]);
  checkOptional(request, "boolean", ["previous"]);
  const { only } = request;
  checkOneOf(only, "only", [undefined, "put", "delete"]);
}

export function checkTxn(request: unknown, limits: Limits): void {
  checkBranches(request, limits, 1);
  const bytes = bytesOf(request as TxnBranches);
  if (bytes > limits.txnBytesMax) throw overLimit("the transaction", limits.txnBytesMax);
}

function checkBranches(txn: unknown, limits: Limits, depth: number): void {
  checkObject(txn, "transaction");
  if (depth > limits.txnDepthMax) throw overLimit("the nesting of transactions", limits.txnDepthMax);
  for (const name of ["conditions", "success", "failure"]) {
    const list = txn[name];
    if (!Array.isArray(list)) throw invalid(`${name} is not an array`);
    if (list.length > limits.txnOperationsMax) throw overLimit(name, limits.txnOperationsMax);
    for (const entry of list) {
      if (name === "conditions") checkCondition(entry);
      else checkOperation(entry, limits, depth);
    }
  }
}

function checkCondition(condition: unknown): void {
  checkKeyRange(condition);
  const { is, target, to } = condition;
  checkOneOf(is, "is", ["=", "!=", ">", "<"]);
  checkOneOf(target, "target", ["revision", "createRevision", "version", "value", "lease"]);
  if (target === "value") checkBytes(to, "to");
  else if (target === "lease") checkLeaseId(to);
  else if (!Number.isSafeInteger(to)) throw invalid("to is not a whole number");
}

function checkOperation(operation: unknown, limits: Limits, depth: number): void {
  checkObject(operation, "operation");
  const { type } = operation;
  if (type === "put") checkPut(operation, limits);
  else if (type === "delete") checkDelete(operation);
  else if (type === "range") checkQuery(operation);
  else if (type === "merge") checkMerge(operation, limits);
  else if (type === "append") checkAppend(operation, limits);
  else if (type === "txn") checkBranches(operation, limits, depth + 1);
  else throw invalid("type names no operation");
}

function checkDelete(operation: Fields): void {
  checkKeyRange(operation);
  checkOptional(operation, "boolean", ["previous"]);
}

function checkKeyAndValue(key: ByteString, valueBytes: number, limits: Limits): void {
  if (key.length > limits.keyBytesMax) throw overLimit("key", limits.keyBytesMax);
  if (valueBytes > limits.valueBytesMax) throw overLimit("value", limits.valueBytesMax);
}

function checkPut(put: Fields, limits: Limits): void {
  const { key, value, leaseId, ignoreValue, ignoreLease } = put;
  checkKey(key);
  checkBytes(value, "value");
  checkKeyAndValue(key, value.length, limits);
  checkOptional(put, "boolean", ["ignoreValue", "ignoreLease", "previous"]);
  if (leaseId !== undefined) checkLeaseId(leaseId);
  if (ignoreValue && value !== "") throw invalid("a value is given and to be ignored");
  if (ignoreLease && leaseId) throw invalid("a lease is given and to be ignored");
}

function checkMerge(merge: Fields, limits: Limits): void {
  const { key, fn, width, offset, operand, leaseId } = merge;
  checkKey(key);
  checkBytes(operand, "operand");
  checkOneOf(fn, "fn", ["add", "max", "or", "set"]);
  checkOneOf(width, "width", [1, 2, 4, 8]);
  checkWhole(offset, "offset");
  if (operand === "" || operand.length % (width as number) !== 0) {
    throw invalid("operand is not one or more whole elements");
  }
  checkKeyAndValue(key, offset + operand.length, limits);
  if (leaseId !== undefined) checkLeaseId(leaseId);
}

function checkAppend(append: Fields, limits: Limits): void {
  const { prefix, sequence, value, leaseId } = append;
  checkBytes(prefix, "prefix");
  checkKey(sequence);
  checkBytes(value, "value");
  checkKeyAndValue(sequence, value.length, limits);
  checkKeyAndValue(`${prefix}0123456789012345` as ByteString, 0, limits);
  if (leaseId !== undefined) checkLeaseId(leaseId);
}

function bytesOf(txn: TxnBranches): number {
  const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0);
  return sum([...txn.success, ...txn.failure].map(bytesOfOne));
}

function bytesOfOne(operation: Operation): number {
  switch (operation.type) {
    case "put":
      return operation.key.length + operation.value.length;
    case "merge":
      return operation.key.length + operation.operand.length;
    case "append":
      return operation.prefix.length + operation.sequence.length + operation.value.length;
    case "txn":
      return bytesOf(operation);
    default:
      return operation.key.length;
  }
}
