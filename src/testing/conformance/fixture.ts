/** What an engine's author hands to the suite, and what the suite asks of the test runner. */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { Store } from "../../contract/store.ts";

export interface OpenOptions {
  /** Where time is `"controlled"`, the clock to give to the store. Otherwise the system's. */
  readonly clock: Clock;
  /** Seeded, for whatever the store draws at random. */
  readonly random: Random;
}

export interface SkippedTest {
  /** `"behaviour > title"`, as the test is reported. */
  readonly test: string;
  /** Why this store cannot pass it. */
  readonly reason: string;
}

export interface StoreFixture {
  /** Opens a fresh, empty store. Called for every test; the suite closes what it opened. */
  open(options: OpenOptions): Promise<Store>;
  /** Closes the store and opens the same data again. Durable stores must give it. */
  reopen?(store: Store, options: OpenOptions): Promise<Store>;
  /** Opens a fresh store from a snapshot's bytes. Stores that take snapshots must give it. */
  restore?(snapshot: AsyncIterable<Uint8Array>, options: OpenOptions): Promise<Store>;
  /**
   * `"controlled"`: the store lives by the clock that `open` was given, and the suite moves it.
   * `"real"`: leases are short and the suite really waits. Default `"real"`.
   */
  readonly time?: "controlled" | "real";
  /** Tests that this store fails by its nature. An entry that names no test is an error. */
  readonly skip?: readonly SkippedTest[];
  /** Seeds every random choice of the suite, so that a failing run can be repeated. Default: drawn, and printed on failure. */
  readonly seed?: number;
}

type DefineTest = (title: string, body: () => Promise<void>) => unknown;

/** The part of a test runner that the suite needs; `vitest`, `jest`, `mocha` and `node:test` all have it. */
export interface TestRunner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly test: DefineTest & { readonly skip?: DefineTest };
}
