/** What is stored: keys, 256-byte values, and draws that are the same in every run. */
import type { Database } from "holdfast";

export const VALUE_BYTES = 256;
const FIRST_KEY = 10_000_000;
const VALUES = 64;

/** Values of 256 bytes each, no two alike: nobody gains by noticing that they repeat. */
export const values: readonly string[] = Array.from({ length: VALUES }, (_, at) =>
  `value ${at} of the benchmark, `.repeat(16).slice(0, VALUE_BYTES),
);

export function keyAt(index: number): string {
  return `/bench/key/${FIRST_KEY + index}`;
}

export const KEY_BYTES = keyAt(0).length;

/** Keys held ready, as an application holds the names it works with. */
export function keysUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, index) => keyAt(index));
}

/** Whole numbers from 0 up to but not including `end`, in an order that is always the same. */
export function draws(end: number, seed = 1): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % end;
  };
}

/** Writes so many keys, many at a time. */
export async function fill(db: Database, count: number): Promise<void> {
  const inFlight = 1024;
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      await db.put(keyAt(index), values[index % values.length]!);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, write));
}
