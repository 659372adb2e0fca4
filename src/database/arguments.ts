/**
 * What a user may pass, checked once at the facade and turned into what the contract speaks. Every refusal is an
 * INVALID_ARGUMENT that names the argument and says what is allowed. The checks sit on the hottest path there is, so
 * the good case is a `typeof` and a scan for ASCII.
 */
import {
  type ByteString,
  fromBytes,
  fromText,
  isAscii,
  isWellFormed,
  toText,
  toTextStrict,
} from "../base/byte-string.ts";
import type { CallOptions } from "../contract/call-options.ts";
import { HoldfastError } from "../contract/errors.ts";
import { type KeyRange, prefixRange } from "../contract/key-range.ts";

/** A key: text, stored as UTF-8 and ordered by its bytes, or the bytes themselves. Never empty. */
export type Key = string | Uint8Array;

/** A value: text, stored as UTF-8, or bytes. May be empty. */
export type Value = string | Uint8Array;

/** Which keys: one, all that start with a prefix, or all from `start` up to but not including `end`. */
export type KeySelector = KeyChoice | RangeChoice;

export interface KeyChoice {
  readonly key: Key;
  readonly prefix?: undefined;
  readonly start?: undefined;
  readonly end?: undefined;
}

export type RangeChoice = PrefixChoice | IntervalChoice;

export interface PrefixChoice {
  /** The empty prefix is every key. */
  readonly prefix: Key;
  readonly key?: undefined;
  readonly start?: undefined;
  readonly end?: undefined;
}

export interface IntervalChoice {
  /** Inclusive; the empty key is the first one. */
  readonly start: Key;
  /** Exclusive; `NO_END` is no upper bound. */
  readonly end: Key;
  readonly key?: undefined;
  readonly prefix?: undefined;
}

const LOWEST_KEY = "\0" as ByteString;

export function invalidArgument(argument: string, message: string): HoldfastError {
  return new HoldfastError("INVALID_ARGUMENT", message, { details: { argument } });
}

/** For messages: what came instead, without ever printing a value. */
function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return `an object (${value.constructor?.name ?? "no class"})`;
  return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
}

function wrongType(argument: string, allowed: string, got: unknown): HoldfastError {
  return invalidArgument(argument, `${argument} must be ${allowed}, not ${typeName(got)}`);
}

function toBytesOf(input: string | Uint8Array, argument: string, allowed: string): ByteString {
  if (typeof input === "string") {
    if (isAscii(input)) return input as ByteString;
    if (isWellFormed(input)) return fromText(input);
    throw invalidArgument(argument, `${argument} holds a lone surrogate, which UTF-8 cannot carry`);
  }
  if (input instanceof Uint8Array) return fromBytes(input);
  throw wrongType(argument, allowed, input);
}

export function toKey(key: Key, argument = "key"): ByteString {
  const bytes = toBytesOf(key, argument, "a non-empty string or Uint8Array");
  if (bytes === "") throw invalidArgument(argument, `${argument} must not be empty`);
  return bytes;
}

export function toPrefix(prefix: Key, argument = "prefix"): ByteString {
  return toBytesOf(prefix, argument, "a string or Uint8Array");
}

export function toValue(value: Value, argument = "value"): ByteString {
  return toBytesOf(value, argument, "a string or Uint8Array (JSON.stringify objects first)");
}

export function toInterval(start: Key, end: Key): KeyRange {
  const from = toBytesOf(start, "start", "a string or Uint8Array");
  const upTo = toBytesOf(end, "end", "a non-empty string or Uint8Array, or NO_END");
  if (upTo === "") throw invalidArgument("end", "end must not be empty; NO_END stands for no upper bound");
  return { key: from === "" ? LOWEST_KEY : from, end: upTo };
}

/** A whole object as argument: a request or a set of options. */
export function checkObject(value: unknown, argument: string): void {
  if (typeof value !== "object" || value === null) throw wrongType(argument, "an object", value);
}

export function toRange(selector: KeySelector): KeyRange {
  const { key, prefix, start, end } = selector;
  const chosen = Number(key !== undefined) + Number(prefix !== undefined) + Number(start !== undefined);
  if (chosen !== 1) {
    throw invalidArgument("key", "give exactly one of key, prefix, or start with end");
  }
  if (start !== undefined) return toInterval(start, end as Key);
  if (end !== undefined) throw invalidArgument("end", "end goes with start; a key or a prefix has its own");
  return key !== undefined ? { key: toKey(key) } : prefixRange(toPrefix(prefix as Key));
}

/** A selector of many keys, or a bare prefix. */
export function toManyKeys(choice: Key | RangeChoice): KeyRange {
  if (typeof choice === "string" || choice instanceof Uint8Array) return prefixRange(toPrefix(choice));
  checkObject(choice, "prefix");
  if ((choice as KeySelector).key !== undefined) {
    throw invalidArgument("key", "a single key is no range: give a prefix, or start with end");
  }
  return toRange(choice);
}

/** As text, for those who read keys; bytes that are not UTF-8 read as U+FFFD. */
export function toKeyText(key: ByteString): string {
  return toTextStrict(key) ?? toText(key);
}

/** A whole number from `min` on. */
export function toNumber(value: number, argument: string, min: number): number {
  if (typeof value !== "number") throw wrongType(argument, "a number", value);
  if (!Number.isSafeInteger(value) || value < min) {
    throw invalidArgument(argument, `${argument} must be a whole number from ${min} on, not ${value}`);
  }
  return value;
}

export function toOptionalNumber(
  value: number | undefined,
  argument: string,
  min: number,
): number | undefined {
  return value === undefined ? undefined : toNumber(value, argument, min);
}

export function toLeaseId(leaseId: bigint, argument = "leaseId"): bigint {
  if (typeof leaseId === "bigint") return leaseId;
  throw wrongType(argument, "a bigint", leaseId);
}

export function toOptionalLeaseId(leaseId: bigint | undefined, argument = "leaseId"): bigint | undefined {
  return leaseId === undefined ? undefined : toLeaseId(leaseId, argument);
}

export function toFunction<T>(value: T, argument: string): T {
  if (typeof value !== "function") throw wrongType(argument, "a function", value);
  return value;
}

export function toChoice<T extends string>(value: T, allowed: readonly T[], argument: string): T {
  if (allowed.includes(value)) return value;
  const names = allowed.map((name) => `"${name}"`).join(", ");
  const got = typeof value === "string" ? `"${value}"` : typeName(value);
  throw invalidArgument(argument, `${argument} must be one of ${names}, not ${got}`);
}

/**
 * The part of a call's options that the store takes; undefined where neither is set, which is the store's fast path.
 */
export function callOptions(options: CallOptions | undefined): CallOptions | undefined {
  if (options === undefined) return undefined;
  checkObject(options, "options");
  const { signal, timeoutMs } = options;
  if (signal === undefined && timeoutMs === undefined) return undefined;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongType("signal", "an AbortSignal", signal);
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs >= 0)) {
    throw invalidArgument("timeoutMs", "timeoutMs must be a number of milliseconds from 0 on");
  }
  return { signal, timeoutMs };
}
