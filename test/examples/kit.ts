/** What the tests of the examples share. */
import type { Database } from "holdfast";
import { createDatabase } from "holdfast";
import type { FakeClock } from "holdfast/testing";
import { describe, onTestFinished } from "vitest";
import { ENGINES } from "../guarantees/engines.ts";

export interface Bench {
  readonly db: Database;
  readonly clock: FakeClock;
}

/**
 * Defines the same tests for every engine. `freshStore` gives each test a store of its own, with a clock that stands
 * still, and closes it when the test ends.
 */
export function onEveryEngine(define: (freshStore: () => Promise<Bench>) => void): void {
  for (const engine of ENGINES) {
    describe(`on the ${engine.name} engine`, () => {
      define(async () => {
        const { store, clock } = await engine.open();
        const db = createDatabase(store, { clock });
        onTestFinished(() => db.close());
        return { db, clock };
      });
    });
  }
}

type Method = "get" | "watch" | "list" | "view" | "create";

/** The same database, but before each call of `method` something else happens first: the moment a race is lost in. */
export function raced(db: Database, method: Method, happens: () => Promise<unknown>): Database {
  return new Proxy(db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      return name === method ? (...args: unknown[]) => happens().then(() => call(...args)) : call;
    },
  });
}

/** Leaves a key behind as a holder does that died: bound to a lease that nobody keeps alive. */
export async function leaveBehind(db: Database, key: string, ttlMs: number): Promise<void> {
  const lease = await db.lease({ ttlMs });
  await db.create(key, "a process that died", { leaseId: lease.id });
  lease.detach();
}

/** Ends the lease of a key as the store would: the holder is not told. */
export async function expire(db: Database, key: string): Promise<void> {
  const kv = await db.get(key);
  await db.store.revokeLease(kv!.leaseId);
}
