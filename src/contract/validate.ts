/**
 * The static checks of requests: everything that can be said without looking at the state. The shell of every
 * store runs them once; what lies below trusts its input.
 */
import { type ByteString, printable } from "../base/byte-string.ts";
import type { CallOptions } from "./call-options.ts";
import { HoldfastError } from "./errors.ts";
import type { KeyRange } from "./key-range.ts";
import type { LeaseGrantRequest } from "./lease.ts";
import type { Limits } from "./limits.ts";
import type { RangeQuery } from "./range.ts";
import type { WatchRequest } from "./watch.ts";

const NOT_BYTES = /[^\x00-\xff]/;

export function invalid(message: string): HoldfastError {
  return new HoldfastError("INVALID_ARGUMENT", message);
}

export function overLimit(limit: keyof Limits, limits: Limits, actual: number, what: string): HoldfastError {
  const max = limits[limit];
  return new HoldfastError("LIMIT_EXCEEDED", `${what}: ${actual}; at most ${max} (${limit})`, {
    details: { limit, max, actual },
  });
}

export function checkKey(key: ByteString, limits: Limits, name = "key"): void {
  checkBytes(key, name);
  if (key.length === 0) throw invalid(`${name} is empty; a key has at least one byte`);
  checkKeyLength(key, limits, name);
}

/** @param slack bytes that this may have more than a key, or (negative) must have less */
export function checkKeyLength(key: ByteString, limits: Limits, name: string, slack = 0): void {
  if (key.length <= limits.keyBytesMax + slack) return;
  throw overLimit("keyBytesMax", limits, key.length, `${name} is too long`);
}

export function checkValue(value: ByteString, limits: Limits): void {
  checkBytes(value, "value");
  if (value.length > limits.valueBytesMax)
    throw overLimit("valueBytesMax", limits, value.length, "value is too long");
}

function checkBytes(bytes: unknown, name: string): void {
  if (typeof bytes !== "string") throw invalid(`${name} is ${describe(bytes)}; it must be a byte string`);
  if (NOT_BYTES.test(bytes))
    throw invalid(
      `${name} holds characters above 0xff: ${printable(bytes as ByteString)} is text, not bytes`,
    );
}

export function checkKeyRange(range: KeyRange, limits: Limits): void {
  if (range.end === undefined) {
    checkKey(range.key, limits);
    return;
  }
  checkBytes(range.key, "key");
  checkBytes(range.end, "end");
  if (range.key.length === 0) throw invalid("key is empty; a range starts at one byte at least");
  // The successor of the longest key is one byte longer, and a fair start or end.
  checkKeyLength(range.key, limits, "key", 1);
  checkKeyLength(range.end, limits, "end", 1);
}

/** A revision, or absent, or 0 where that means "none". */
export function checkRevision(value: unknown, name: string): void {
  if (value === undefined || isCount(value)) return;
  throw invalid(`${name} is ${describe(value)}; it must be a whole number from 0 to 2^53 − 1`);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const ORDERS: readonly unknown[] = [undefined, "ascending", "descending"];
const SORT_TARGETS: readonly unknown[] = [undefined, "key", "version", "createRevision", "revision", "value"];
const COUNTS = [
  "revision",
  "limit",
  "minRevision",
  "maxRevision",
  "minCreateRevision",
  "maxCreateRevision",
  "bytesMax",
] as const satisfies readonly (keyof RangeQuery)[];

export function checkRangeQuery(query: RangeQuery, limits: Limits): void {
  checkObject(query, "range request");
  checkKeyRange(query, limits);
  for (const name of COUNTS) {
    if (query[name] !== undefined) checkRevision(query[name], name);
  }
  checkOneOf(query.order, ORDERS, "order");
  checkOneOf(query.sortBy, SORT_TARGETS, "sortBy");
}

export function checkObject(value: unknown, name: string): void {
  if (typeof value !== "object" || value === null)
    throw invalid(`${name} is ${describe(value)}; it must be an object`);
}

export function checkOneOf(value: unknown, allowed: readonly unknown[], name: string): void {
  if (allowed.includes(value)) return;
  const names = allowed.filter((one) => one !== undefined).map((one) => JSON.stringify(one));
  throw invalid(`${name} is ${describe(value)}; allowed: ${names.join(", ")}`);
}

export function checkLeaseId(id: unknown, name = "leaseId"): void {
  if (typeof id !== "bigint") throw invalid(`${name} is ${describe(id)}; a lease id is a bigint`);
  if (BigInt.asIntN(64, id) !== id) throw invalid(`${name} is ${id}; a lease id has at most 64 bits`);
}

export function checkLeaseGrant(request: LeaseGrantRequest, limits: Limits): void {
  checkObject(request, "lease request");
  const { ttlMs, id } = request;
  if (typeof ttlMs !== "number" || !Number.isFinite(ttlMs)) {
    throw invalid(`ttlMs is ${describe(ttlMs)}; it must be a number of milliseconds`);
  }
  if (ttlMs > limits.leaseTtlMaxMs) throw overLimit("leaseTtlMaxMs", limits, ttlMs, "ttlMs is too long");
  if (ttlMs < limits.leaseTtlMinMs) {
    throw invalid(`ttlMs is ${ttlMs}; a lease lives at least ${limits.leaseTtlMinMs} ms`);
  }
  if (id !== undefined) checkLeaseId(id, "id");
}

export function checkWatchRequest(request: WatchRequest, limits: Limits): void {
  checkObject(request, "watch request");
  checkKeyRange(request, limits);
  checkRevision(request.fromRevision, "fromRevision");
  checkOneOf(request.only, [undefined, "put", "delete"], "only");
}

export function checkCallOptions(options: CallOptions): void {
  checkObject(options, "options");
  const { signal, timeoutMs } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid(`signal is ${describe(signal)}; it must be an AbortSignal`);
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs >= 0)) {
    throw invalid(`timeoutMs is ${describe(timeoutMs)}; it must be a number of milliseconds, 0 or more`);
  }
}

/** For messages: what kind of thing was passed. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return printable(value as ByteString);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "undefined")
    return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object") return `a ${value.constructor?.name ?? "plain object"}`;
  return `a ${typeof value}`;
}
