/** Numbers as people write and read them: revisions, times to live, times of day, bytes. */
import { HoldfastError } from "../contract/errors.ts";

function invalid(message: string): HoldfastError {
  return new HoldfastError("INVALID_ARGUMENT", message);
}

/** A whole number from `min` on. @throws {HoldfastError} INVALID_ARGUMENT */
export function parseCount(text: string, what: string, min = 0): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw invalid(`${what} must be a whole number from ${min} on, not ${JSON.stringify(text)}`);
}

/** A lease id: decimal, or hexadecimal with 0x as etcd's tools print them. @throws {HoldfastError} INVALID_ARGUMENT */
export function parseLeaseId(text: string): bigint {
  const id = /^(?:\d+|0x[0-9a-f]+)$/i.test(text) ? BigInt(text) : 0n;
  if (id > 0n && id < 2n ** 63n) return id;
  throw invalid(`a lease id is a whole number from 1 to 2^63 - 1, not ${JSON.stringify(text)}`);
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

/** A length of time with its unit: 500ms, 30s, 5m, 2h, 1.5d. @throws {HoldfastError} INVALID_ARGUMENT */
export function parseDuration(text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match === null) {
    const unitless = /^\d+(?:\.\d+)?$/.test(text) ? `: say the unit, ${text}s or ${text}ms` : "";
    throw invalid(
      `${what} must be a time such as 500ms, 30s, 5m, 2h or 1d, not ${JSON.stringify(text)}${unitless}`,
    );
  }
  const ms = Math.round(Number(match[1]) * UNIT_MS[match[2] as Unit]);
  if (ms >= 1 && Number.isSafeInteger(ms)) return ms;
  throw invalid(`${what} must be at least 1ms, not ${JSON.stringify(text)}`);
}

/** Wall time in milliseconds, from ISO 8601 (local where no zone is named) or milliseconds since 1970. @throws {HoldfastError} INVALID_ARGUMENT */
export function parseTime(text: string, what: string): number {
  const ms = /^\d{12,}$/.test(text)
    ? Number(text)
    : /^\d{4}-\d\d-\d\d/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (Number.isSafeInteger(ms)) return ms;
  throw invalid(
    `${what} must be a time such as 2026-01-31T12:00:00Z, or milliseconds since 1970, not ${JSON.stringify(text)}`,
  );
}

export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** 1h 30m, 12.5s, 80ms: two units at the most. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${Math.floor(ms / 100) / 10}s`;
  const units: readonly (readonly [string, number])[] = [
    ["d", UNIT_MS.d],
    ["h", UNIT_MS.h],
    ["m", UNIT_MS.m],
    ["s", UNIT_MS.s],
  ];
  const first = units.findIndex(([, size]) => ms >= size);
  const [name, size] = units[first]!;
  const whole = Math.floor(ms / size);
  const [nextName, nextSize] = units[first + 1] ?? ["", 1];
  const rest = Math.floor((ms - whole * size) / nextSize);
  return rest === 0 || nextName === "" ? `${whole}${name}` : `${whole}${name} ${rest}${nextName}`;
}

const BYTE_UNITS = ["KiB", "MiB", "GiB", "TiB"];

export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  do {
    value /= 1_024;
    unit++;
  } while (value >= 1_024 && unit < BYTE_UNITS.length - 1);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${BYTE_UNITS[unit]}`;
}

/** 12 345 678: grouped by spaces, which no locale reads as a decimal point. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** `1 key`, `2 keys`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
