/** From a transaction as users write it to the contract's. Both branches are checked, also the one that will not run. */
import { type ByteString, fromBytes } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import type {
  Comparison,
  Condition,
  MergeFunction,
  MergeOperation,
  MergeWidth,
  Operation,
  TxnBranches,
} from "../contract/txn.ts";
import {
  checkObject,
  invalidArgument,
  toChoice,
  toKey,
  toLeaseId,
  toManyKeys,
  toNumber,
  toOptionalLeaseId,
  toOptionalNumber,
  toPrefix,
  toRange,
  toValue,
} from "./arguments.ts";
import type { TxnCondition, TxnMerge, TxnOperation, TxnRequest } from "./txn-types.ts";

const COMPARISONS: readonly Comparison[] = ["=", "!=", ">", "<"];
const TARGETS: readonly TxnCondition["target"][] = [
  "revision",
  "createRevision",
  "version",
  "value",
  "lease",
];
const MERGE_FUNCTIONS: readonly MergeFunction[] = ["add", "max", "or", "set"];
const MERGE_WIDTHS: readonly MergeWidth[] = [1, 2, 4, 8];
const OPERATION_TYPES: readonly TxnOperation["type"][] = [
  "put",
  "delete",
  "get",
  "range",
  "merge",
  "append",
  "txn",
];
const NOTHING: readonly never[] = [];

export function toTxnRequest(request: TxnRequest): TxnBranches {
  checkObject(request, "request");
  return {
    conditions: toList(request.conditions, "conditions", toCondition),
    success: toList(request.success, "success", toOperation),
    failure: toList(request.failure, "failure", toOperation),
  };
}

function toList<From, To>(
  list: readonly From[] | undefined,
  argument: string,
  convert: (item: From) => To,
): readonly To[] {
  if (list === undefined) return NOTHING;
  if (!Array.isArray(list)) throw invalidArgument(argument, `${argument} must be an array`);
  return list.map((item) => {
    if (typeof item !== "object" || item === null) {
      throw invalidArgument(argument, `${argument} must hold objects, not ${String(item)}`);
    }
    return convert(item);
  });
}

/** Spelled out and not spread: this is the hot path of every conditional write, and a spread costs a microsecond. */
export function toCondition(condition: TxnCondition): Condition {
  const { key, end } = toRange(condition);
  const is = toChoice(condition.is, COMPARISONS, "is");
  const { target } = condition;
  switch (target) {
    case "value":
      return { key, end, is, target, to: toValue(condition.to, "to") };
    case "lease":
      return { key, end, is, target, to: toLeaseId(condition.to, "to") };
    default:
      toChoice(target, TARGETS, "target");
      return { key, end, is, target, to: toBound(condition.to) };
  }
}

/** What a revision or version is compared with: any safe integer, so that `> -1` is fine. */
function toBound(to: number): number {
  return toNumber(to, "to", Number.MIN_SAFE_INTEGER);
}

function toOperation(operation: TxnOperation): Operation {
  switch (operation.type) {
    case "put":
      return {
        type: "put",
        key: toKey(operation.key),
        value: toValue(operation.value),
        leaseId: toOptionalLeaseId(operation.leaseId),
        ignoreLease: operation.ignoreLease === true,
        previous: operation.previous === true,
      };
    case "delete": {
      const { key, end } = toRange(operation);
      // A range must say what it deleted: `deletedKeys` needs the names. A single key's count tells.
      return { type: "delete", key, end, previous: operation.previous === true || end !== undefined };
    }
    case "get":
      return {
        type: "range",
        key: toKey(operation.key),
        revision: toOptionalNumber(operation.revision, "revision", 0),
      };
    case "range":
      return {
        type: "range",
        limit: toOptionalNumber(operation.limit, "limit", 0),
        keysOnly: operation.keysOnly === true,
        order: operation.reverse === true ? "descending" : "ascending",
        revision: toOptionalNumber(operation.revision, "revision", 0),
        ...toManyKeys(operation),
      };
    case "merge":
      return toMerge(operation);
    case "append": {
      const prefix = toPrefix(operation.prefix);
      const { sequence } = operation;
      return {
        type: "append",
        prefix,
        sequence: sequence === undefined ? (`${prefix}#` as ByteString) : toKey(sequence, "sequence"),
        value: toValue(operation.value),
        leaseId: toOptionalLeaseId(operation.leaseId),
      };
    }
    case "txn":
      return { type: "txn", ...toTxnRequest(operation) };
    default:
      toChoice((operation as TxnOperation).type, OPERATION_TYPES, "type");
      throw invalidArgument("type", "unknown operation");
  }
}

function toMerge(operation: TxnMerge): MergeOperation {
  const fn = toChoice(operation.fn, MERGE_FUNCTIONS, "fn");
  const width = operation.width ?? (isArithmetic(fn) ? 8 : 1);
  if (!MERGE_WIDTHS.includes(width)) throw invalidArgument("width", "width must be 1, 2, 4 or 8");
  const operand = toOperand(operation.operand, fn, width);
  if (operand === "" || operand.length % width !== 0) {
    throw invalidArgument("operand", `operand must hold whole elements of ${width} bytes, at least one`);
  }
  return {
    type: "merge",
    key: toKey(operation.key),
    fn,
    width,
    offset: toNumber(operation.offset ?? 0, "offset", 0),
    operand,
    leaseId: toOptionalLeaseId(operation.leaseId),
  };
}

export function isArithmetic(fn: MergeFunction): boolean {
  return fn === "add" || fn === "max";
}

function toOperand(operand: TxnMerge["operand"], fn: MergeFunction, width: MergeWidth): ByteString {
  if (operand instanceof Uint8Array) return fromBytes(operand);
  if (!isArithmetic(fn)) throw invalidArgument("operand", `operand of "${fn}" must be a Uint8Array`);
  const numbers: readonly number[] = Array.isArray(operand) ? operand : [operand as number];
  const bytes = new DataView(new ArrayBuffer(numbers.length * width));
  numbers.forEach((number, at) => {
    writeElement(bytes, at * width, number, { fn, width });
  });
  return fromBytes(new Uint8Array(bytes.buffer));
}

function writeElement(
  bytes: DataView,
  at: number,
  value: number,
  { fn, width }: { readonly fn: MergeFunction; readonly width: MergeWidth },
): void {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw invalidArgument("operand", "operand must be a whole number, an array of them, or a Uint8Array");
  }
  const bits = width * 8;
  const lowest = fn === "add" ? Math.max(-(2 ** (bits - 1)), Number.MIN_SAFE_INTEGER) : 0;
  const highest = Math.min(2 ** (fn === "add" ? bits - 1 : bits) - 1, Number.MAX_SAFE_INTEGER);
  if (value < lowest || value > highest) {
    throw new HoldfastError("OUT_OF_RANGE", `operand ${value} does not fit ${width} bytes of "${fn}"`, {
      details: { argument: "operand", lowest, highest },
    });
  }
  if (width === 8) bytes.setBigInt64(at, BigInt(value), true);
  else if (width === 4) bytes.setInt32(at, value, true);
  else if (width === 2) bytes.setInt16(at, value, true);
  else bytes.setInt8(at, value);
}
