/**
 * The readable form of a transaction:
 *
 *     if revision(/a) = 3 and absent(/lock)
 *     then put /a new; put /lock me lease 77
 *     else get /a
 *
 *     transaction := [ "if" condition { "and" condition } "then" ] operations [ "else" operations ]
 *     operations  := { operation ( ";" | line break ) }
 *     condition   := target "(" keys ")" ( "=" | "!=" | "<" | ">" ) operand  |  ( "exists" | "absent" ) "(" KEY ")"
 *     target      := "revision" | "createRevision" | "version" | "value" | "lease"
 *     operation   := "put" KEY VALUE { "lease" ID | "ignore-lease" | "previous" }
 *                  | "delete" keys [ "previous" ]
 *                  | "get" KEY [ "revision" N ]
 *                  | "list" PREFIX { "limit" N | "revision" N | "keys-only" | "reverse" }
 *                  | "add" KEY NUMBER  |  "append" PREFIX VALUE [ "lease" ID ]
 *     keys        := KEY | "prefix" PREFIX | "range" START END
 *
 * An operand is a word, or stands in quotes: 'as it is', or "with \n, \" and \xNN". `#` starts a comment.
 */
import { type ByteString, toBytes, toTextStrict } from "../base/byte-string.ts";
import type { Comparison } from "../contract/txn.ts";
import type { KeySelector } from "../database/arguments.ts";
import type { TxnCondition, TxnOperation, TxnRequest } from "../database/txn-types.ts";
import { parseLeaseId } from "./quantities.ts";
import { TxnScanner } from "./txn-scanner.ts";

const COMPARISONS: readonly Comparison[] = ["!=", "=", "<", ">"];
const TARGETS = ["revision", "createRevision", "version", "value", "lease", "exists", "absent"] as const;
const OPERATIONS = ["put", "delete", "get", "list", "add", "append"] as const;

/** @throws {HoldfastError} INVALID_ARGUMENT with line and column */
export function parseTxnText(text: string): TxnRequest {
  const scanner = new TxnScanner(text);
  const conditions: TxnCondition[] = [];
  if (scanner.takes("if")) {
    do conditions.push(condition(scanner));
    while (scanner.takes("and"));
    if (!scanner.takes("then")) throw scanner.expected('"and" or "then"');
  }
  const success = operations(scanner);
  const failure = scanner.takes("else") ? operations(scanner) : [];
  if (!scanner.isAtEnd) throw scanner.expected(`an operation (${OPERATIONS.join(", ")}) or the end`);
  if (conditions.length + success.length + failure.length === 0)
    throw scanner.error("the transaction is empty");
  return { conditions, success, failure };
}

function condition(scanner: TxnScanner): TxnCondition {
  const target = scanner.takesOneOf(TARGETS);
  if (target === undefined) throw scanner.expected(`a condition (${TARGETS.join(", ")})`);
  scanner.expect("(");
  if (target === "exists" || target === "absent") {
    const key = toBytes(scanner.operand("a key"));
    scanner.expect(")");
    return { key, target: "version", is: target === "exists" ? ">" : "=", to: 0 };
  }
  const keys = selector(scanner);
  scanner.expect(")");
  const is = scanner.takesOneOf(COMPARISONS);
  if (is === undefined) throw scanner.expected("=, !=, < or >");
  switch (target) {
    case "value":
      return { ...keys, target, is, to: toBytes(scanner.operand("a value")) };
    case "lease":
      return { ...keys, target, is, to: leaseOperand(scanner) };
    default:
      return { ...keys, target, is, to: number(scanner, "a number") };
  }
}

function selector(scanner: TxnScanner): KeySelector {
  if (scanner.takes("prefix")) return { prefix: toBytes(scanner.operand("a prefix")) };
  if (scanner.takes("range")) {
    return {
      start: toBytes(scanner.operand("the first key")),
      end: toBytes(scanner.operand("the end of the range")),
    };
  }
  return { key: toBytes(scanner.operand("a key")) };
}

function operations(scanner: TxnScanner): TxnOperation[] {
  const found: TxnOperation[] = [];
  for (;;) {
    while (scanner.takes(";"));
    const type = scanner.takesOneOf(OPERATIONS);
    if (type === undefined) return found;
    found.push(READERS[type](scanner));
    if (!endsHere(scanner)) throw scanner.expected('";" or a new line');
  }
}

/** After an operation: a separator, or the end of its branch. */
function endsHere(scanner: TxnScanner): boolean {
  if (scanner.isAtLineEnd || scanner.isAtEnd || scanner.takes(";")) return true;
  return scanner.isNextWord("else");
}

const READERS: Readonly<Record<(typeof OPERATIONS)[number], (scanner: TxnScanner) => TxnOperation>> = {
  put(scanner) {
    const key = toBytes(scanner.operand("a key"));
    const value = toBytes(scanner.operand("a value"));
    let options: { leaseId?: bigint; ignoreLease?: boolean; previous?: boolean } = {};
    for (;;) {
      if (scanner.takesOnLine("lease")) options = { ...options, leaseId: leaseOperand(scanner) };
      else if (scanner.takesOnLine("ignore-lease")) options = { ...options, ignoreLease: true };
      else if (scanner.takesOnLine("previous")) options = { ...options, previous: true };
      else return { type: "put", key, value, ...options };
    }
  },
  delete(scanner) {
    return { type: "delete", ...selector(scanner), previous: scanner.takesOnLine("previous") };
  },
  get(scanner) {
    const key = toBytes(scanner.operand("a key"));
    return {
      type: "get",
      key,
      ...(scanner.takesOnLine("revision") ? { revision: number(scanner, "a revision") } : {}),
    };
  },
  list(scanner) {
    const prefix = toBytes(scanner.operand("a prefix"));
    let options: { limit?: number; revision?: number; keysOnly?: boolean; reverse?: boolean } = {};
    for (;;) {
      if (scanner.takesOnLine("limit")) options = { ...options, limit: number(scanner, "a limit") };
      else if (scanner.takesOnLine("revision"))
        options = { ...options, revision: number(scanner, "a revision") };
      else if (scanner.takesOnLine("keys-only")) options = { ...options, keysOnly: true };
      else if (scanner.takesOnLine("reverse")) options = { ...options, reverse: true };
      else return { type: "range", prefix, ...options };
    }
  },
  add(scanner) {
    const key = toBytes(scanner.operand("a key"));
    return { type: "merge", fn: "add", key, operand: number(scanner, "a number") };
  },
  append(scanner) {
    const prefix = toBytes(scanner.operand("a prefix"));
    const value = toBytes(scanner.operand("a value"));
    const lease = scanner.takesOnLine("lease") ? { leaseId: leaseOperand(scanner) } : {};
    return { type: "append", prefix, value, ...lease };
  },
};

function number(scanner: TxnScanner, what: string): number {
  const text = toTextStrict(scanner.operand(what)) ?? "";
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw scanner.error(`${what} must be a whole number, not ${JSON.stringify(text)}`);
  return value;
}

function leaseOperand(scanner: TxnScanner): bigint {
  const text: ByteString = scanner.operand("a lease id");
  return text === "0" ? 0n : parseLeaseId(text);
}
