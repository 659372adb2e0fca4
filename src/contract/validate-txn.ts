/** The static checks of transactions: both branches are checked, also the one that will not be taken. */
import type { ByteString } from "../base/byte-string.ts";
import { printable } from "../base/byte-string.ts";
import { HoldfastError } from "./errors.ts";
import { type KeyRange, NO_END, rangeHas } from "./key-range.ts";
import type { Limits } from "./limits.ts";
import {
  type Condition,
  type MergeOperation,
  type Operation,
  type PutOperation,
  SEQUENCE_DIGITS,
  type TxnBranches,
  type TxnRequest,
} from "./txn.ts";
import {
  checkKey,
  checkKeyLength,
  checkKeyRange,
  checkLeaseId,
  checkObject,
  checkOneOf,
  checkRangeQuery,
  checkRevision,
  checkValue,
  describe,
  invalid,
  overLimit,
} from "./validate.ts";

/** @throws {HoldfastError} INVALID_ARGUMENT, LIMIT_EXCEEDED, DUPLICATE_KEY */
export function checkTxn(request: TxnRequest, limits: Limits): void {
  const bytes = checkBranches(request, limits, 0);
  if (bytes > limits.txnBytesMax)
    throw overLimit("txnBytesMax", limits, bytes, "transaction has too many bytes");
  for (const branch of [request.success, request.failure]) {
    if (branch.length > 1 || branch[0]?.type === "txn") collectWrites(branch);
  }
}

/** Checks every part and adds up key and value bytes. */
function checkBranches(request: TxnBranches, limits: Limits, depth: number): number {
  checkObject(request, "transaction");
  const { conditions, success, failure } = request;
  if (!Array.isArray(conditions) || !Array.isArray(success) || !Array.isArray(failure)) {
    throw invalid("a transaction has three lists: conditions, success and failure");
  }
  if (depth > limits.txnDepthMax)
    throw overLimit("txnDepthMax", limits, depth, "transactions are nested too deep");
  const longest = Math.max(conditions.length, success.length, failure.length);
  if (longest > limits.txnOperationsMax) {
    throw overLimit("txnOperationsMax", limits, longest, "transaction has too many operations");
  }
  let bytes = 0;
  for (const condition of conditions) bytes += checkCondition(condition, limits);
  for (const operation of success) bytes += checkOperation(operation, limits, depth);
  for (const operation of failure) bytes += checkOperation(operation, limits, depth);
  return bytes;
}

const COMPARISONS = ["=", "!=", ">", "<"];

function checkCondition(condition: Condition, limits: Limits): number {
  checkObject(condition, "condition");
  checkKeyRange(condition, limits);
  checkOneOf(condition.is, COMPARISONS, "is");
  switch (condition.target) {
    case "value":
      checkValue(condition.to, limits);
      return condition.key.length + condition.to.length;
    case "lease":
      checkLeaseId(condition.to, "to");
      return condition.key.length;
    case "revision":
    case "createRevision":
    case "version":
      if (!Number.isSafeInteger(condition.to)) {
        throw invalid(`to is ${describe(condition.to)}; it must be a safe integer`);
      }
      return condition.key.length;
    default:
      throw invalid(
        `target is ${describe((condition as { target: unknown }).target)}; allowed: "revision", "createRevision", "version", "value", "lease"`,
      );
  }
}

function checkOperation(operation: Operation, limits: Limits, depth: number): number {
  switch (operation?.type) {
    case "put":
      checkPut(operation, limits);
      return operation.key.length + operation.value.length;
    case "delete":
      checkKeyRange(operation, limits);
      return operation.key.length;
    case "range":
      checkRangeQuery(operation, limits);
      return operation.key.length;
    case "merge":
      checkMerge(operation, limits);
      return operation.key.length + operation.operand.length;
    case "append":
      checkKey(operation.sequence, limits, "sequence");
      checkKey(operation.prefix, limits, "prefix");
      checkKeyLength(operation.prefix, limits, "prefix", -SEQUENCE_DIGITS);
      checkValue(operation.value, limits);
      if (operation.leaseId !== undefined) checkLeaseId(operation.leaseId);
      return operation.sequence.length + operation.prefix.length + operation.value.length;
    case "txn":
      return checkBranches(operation, limits, depth + 1);
    default:
      throw invalid(
        `operation type is ${describe((operation as { type?: unknown } | undefined)?.type)}; allowed: "put", "delete", "range", "merge", "append", "txn"`,
      );
  }
}

function checkPut(operation: PutOperation, limits: Limits): void {
  checkKey(operation.key, limits);
  checkValue(operation.value, limits);
  if (operation.leaseId !== undefined) checkLeaseId(operation.leaseId);
  if (operation.ignoreValue === true && operation.value !== "") {
    throw invalid("put has a value although ignoreValue keeps the present one");
  }
  if (operation.ignoreLease === true && (operation.leaseId ?? 0n) !== 0n) {
    throw invalid("put has a lease although ignoreLease keeps the present one");
  }
}

function checkMerge(operation: MergeOperation, limits: Limits): void {
  const { fn, width, offset, operand } = operation;
  checkKey(operation.key, limits);
  checkOneOf(fn, ["add", "max", "or", "set"], "fn");
  checkOneOf(width, [1, 2, 4, 8], "width");
  checkRevision(offset ?? null, "offset");
  checkValue(operand, limits);
  if (operand.length === 0 || operand.length % width !== 0) {
    throw invalid(`operand has ${operand.length} bytes; it must hold one or more elements of ${width}`);
  }
  if (offset + operand.length > limits.valueBytesMax) {
    throw overLimit("valueBytesMax", limits, offset + operand.length, "merge reaches too far");
  }
  if (operation.leaseId !== undefined) checkLeaseId(operation.leaseId);
}

/** What a list of operations may write, whichever nested branches are taken. */
interface Writes {
  readonly puts: Set<ByteString>;
  readonly merges: Set<ByteString>;
  readonly deletedKeys: Set<ByteString>;
  readonly deletedRanges: KeyRange[];
}

/** @throws {HoldfastError} DUPLICATE_KEY where two of the operations write one key */
function collectWrites(operations: readonly Operation[]): Writes {
  const writes: Writes = { puts: new Set(), merges: new Set(), deletedKeys: new Set(), deletedRanges: [] };
  for (const operation of operations) {
    switch (operation.type) {
      case "put":
        addPut(writes, operation.key);
        break;
      case "merge":
        addMerge(writes, operation.key);
        break;
      case "append":
        addMerge(writes, operation.sequence);
        break;
      case "delete":
        addDelete(writes, operation);
        break;
      case "txn":
        addNested(writes, collectWrites(operation.success), collectWrites(operation.failure));
        break;
      default:
    }
  }
  return writes;
}

function addPut(writes: Writes, key: ByteString): void {
  if (writes.puts.has(key) || writes.merges.has(key) || isDeleted(writes, key)) throw duplicate(key);
  writes.puts.add(key);
}

function addMerge(writes: Writes, key: ByteString): void {
  if (writes.puts.has(key) || isDeleted(writes, key)) throw duplicate(key);
  writes.merges.add(key);
}

function addDelete(writes: Writes, range: KeyRange): void {
  if (range.end === undefined) {
    if (writes.puts.has(range.key) || writes.merges.has(range.key)) throw duplicate(range.key);
    writes.deletedKeys.add(range.key);
    return;
  }
  for (const keys of [writes.puts, writes.merges]) {
    for (const key of keys) if (rangeHas(range, key)) throw duplicate(key);
  }
  if (range.end === NO_END || range.end > range.key) writes.deletedRanges.push(range);
}

/** The two branches of one nested transaction may write the same key: only one of them runs. */
function addNested(writes: Writes, success: Writes, failure: Writes): void {
  for (const branch of [success, failure]) {
    for (const key of branch.puts) {
      if (writes.puts.has(key) || writes.merges.has(key) || isDeleted(writes, key)) throw duplicate(key);
    }
    for (const key of branch.merges) {
      if (writes.puts.has(key) || isDeleted(writes, key)) throw duplicate(key);
    }
    for (const key of branch.deletedKeys) {
      if (writes.puts.has(key) || writes.merges.has(key)) throw duplicate(key);
    }
    for (const range of branch.deletedRanges) addDelete({ ...writes, deletedRanges: [] }, range);
  }
  for (const branch of [success, failure]) {
    for (const key of branch.puts) writes.puts.add(key);
    for (const key of branch.merges) writes.merges.add(key);
    for (const key of branch.deletedKeys) writes.deletedKeys.add(key);
    writes.deletedRanges.push(...branch.deletedRanges);
  }
}

function isDeleted(writes: Writes, key: ByteString): boolean {
  return writes.deletedKeys.has(key) || writes.deletedRanges.some((range) => rangeHas(range, key));
}

function duplicate(key: ByteString): HoldfastError {
  return new HoldfastError("DUPLICATE_KEY", `the transaction writes ${printable(key)} more than once`, {
    details: { key },
  });
}
