/** The suite's own assertions: no runner's and no platform's, so that it runs wherever a store does. */
import { systemClock } from "../../../base/clock.ts";
import { type ErrorCode, HoldfastError } from "../../../contract/errors.ts";

/** A store did not behave as the contract says. */
export class ConformanceError extends Error {
  override readonly name = "ConformanceError";
}

export function assertTrue(condition: boolean, message: string): asserts condition {
  if (!condition) throw new ConformanceError(message);
}

/**
 * Holds where `actual` has everything that `expected` names: objects may have more fields, arrays may not be
 * longer. A field that is expected to be undefined may be missing.
 */
export function assertEqual(actual: unknown, expected: unknown, what = "value"): void {
  const difference = differenceOf(actual, expected, what);
  if (difference !== undefined) throw new ConformanceError(difference);
}

/** The error, where the promise rejects with a HoldfastError of (one of) the codes. */
export async function assertRejects(
  promise: Promise<unknown>,
  ...codes: readonly ErrorCode[]
): Promise<HoldfastError> {
  const outcome = await settled(promise);
  if (!outcome.failed) {
    throw new ConformanceError(
      `resolved with ${show(outcome.value)} instead of rejecting with ${codes.join(" or ")}`,
    );
  }
  const { error } = outcome;
  if (!(error instanceof HoldfastError)) {
    throw new ConformanceError(`rejected with ${String(error)} instead of a HoldfastError`, { cause: error });
  }
  if (!codes.includes(error.code)) {
    throw new ConformanceError(
      `rejected with ${error.code} (${error.message}) instead of ${codes.join(" or ")}`,
      {
        cause: error,
      },
    );
  }
  return error;
}

export type Settled<T> =
  | { readonly failed: false; readonly value: T }
  | { readonly failed: true; readonly error: unknown };

export async function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { failed: false, value: await promise };
  } catch (error) {
    return { failed: true, error };
  }
}

/** Long enough for any healthy store; what takes longer is taken to hang. */
export const PATIENCE_MS = 20_000;

/** The promise's outcome, or a failure that names what was waited for instead of a hanging test. */
export async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, timer } = deadline(what);
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.cancel();
  }
}

function deadline(what: string) {
  let fail!: (error: Error) => void;
  const promise = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const timer = systemClock.setTimer(PATIENCE_MS, () => {
    fail(new ConformanceError(`${what} did not come within ${PATIENCE_MS} ms`));
  });
  return { promise, timer };
}

function differenceOf(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${path} is ${show(actual)} instead of an array`;
    if (actual.length !== expected.length) {
      return `${path} has ${actual.length} elements instead of ${expected.length}: ${show(actual)} instead of ${show(expected)}`;
    }
  }
  if (!isObject(actual) || !isObject(expected)) {
    return `${path} is ${show(actual)} instead of ${show(expected)}`;
  }
  for (const name of Object.keys(expected)) {
    const inner = Array.isArray(expected) ? `${path}[${name}]` : `${path}.${name}`;
    const difference = differenceOf(actual[name], expected[name], inner);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

const SHOWN_CHARACTERS_MAX = 400;

/** A value for a message, with bigints and unprintable bytes readable. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "bigint" ? `${inner}n` : inner,
  );
  if (text === undefined) return String(value);
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
