/** What every test of the suite gets: a fresh store, time that it can pass, and patience. */
import { type Clock, systemClock } from "../../../base/clock.ts";
import { systemDefer } from "../../../base/defer.ts";
import { type Random, seededRandom } from "../../../base/random.ts";
import type { Store } from "../../../contract/store.ts";
import { createFakeClock } from "../../fake-clock.ts";
import type { OpenOptions, StoreFixture } from "../fixture.ts";
import { assertTrue, PATIENCE_MS } from "./assert.ts";

export interface TestContext {
  readonly store: Store;
  /** Where every random choice of the test comes from. */
  readonly random: Random;
  /** The clock that the store was given. */
  readonly clock: Clock;
  /** Whether time passes only when the test says so. */
  readonly isTimeControlled: boolean;
  /** A time to live that the store grants, as short as tests can afford to wait for. */
  readonly ttlMs: number;
  readonly passTime: (ms: number) => Promise<void>;
  /** Lets so much time pass that a lease granted or renewed before has surely ended. */
  readonly outlive: (ttlMs: number) => Promise<void>;
  /** Asks again and again until the answer is true. */
  readonly eventually: (what: string, check: () => Promise<boolean>) => Promise<void>;
  /** Another fresh store of the same kind, under the same clock. */
  readonly openAnother: () => Promise<Store>;
  /** Closes a store and opens its data again. */
  readonly reopen: (store: Store) => Promise<Store>;
  /** A fresh store with the content of a snapshot. */
  readonly restore: (snapshot: AsyncIterable<Uint8Array>) => Promise<Store>;
}

/** Real time only: long enough to tell a lease that lives from one that has ended, on a busy machine. */
const REAL_TTL_MS = 2_000;
const CONTROLLED_TTL_MS = 10_000;
/** An engine may take this long to notice that a lease has ended. */
const LATENESS_MS = 1_500;
const POLL_MS = 10;

/** Opens a store, runs the test on it and closes whatever the test has opened. */
export async function withContext(
  fixture: StoreFixture,
  seed: number,
  body: (context: TestContext) => Promise<void>,
): Promise<void> {
  const time = fixture.time === "controlled" ? controlledTime() : REAL_TIME;
  const options: OpenOptions = { clock: time.clock, random: seededRandom(seed) };
  const opened: Store[] = [];
  const remember = async (opening: Promise<Store>): Promise<Store> => {
    const store = await opening;
    opened.push(store);
    return store;
  };
  try {
    const store = await remember(fixture.open(options));
    await body({
      store,
      random: seededRandom(seed),
      clock: time.clock,
      isTimeControlled: time !== REAL_TIME,
      ttlMs: Math.max(time.ttlMs, store.limits.leaseTtlMinMs),
      passTime: time.pass,
      outlive: (ttlMs) => time.pass(ttlMs + LATENESS_MS),
      eventually: (what, check) => pollUntil(what, check, time.poll),
      openAnother: () => remember(fixture.open(options)),
      reopen: (old) => remember(given(fixture.reopen, "reopen")(old, options)),
      restore: (snapshot) => remember(given(fixture.restore, "restore")(snapshot, options)),
    });
  } finally {
    for (const store of opened) await store.close();
  }
}

function given<T>(part: T | undefined, name: string): T {
  assertTrue(part !== undefined, `the fixture of a store with these capabilities must give \`${name}\``);
  return part;
}

interface TestTime {
  readonly clock: OpenOptions["clock"];
  readonly ttlMs: number;
  pass(ms: number): Promise<void>;
  /** The pause between two looks. */
  poll(): Promise<void>;
}

function controlledTime(): TestTime {
  const clock = createFakeClock();
  return { clock, ttlMs: CONTROLLED_TTL_MS, pass: (ms) => clock.advance(ms), poll: oneTurn };
}

const REAL_TIME: TestTime = {
  clock: systemClock,
  ttlMs: REAL_TTL_MS,
  pass: waitReally,
  poll: () => waitReally(POLL_MS),
};

function waitReally(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimer(ms, resolve));
}

/** Lets everything that is ready run. */
export function oneTurn(): Promise<void> {
  return new Promise((resolve) => systemDefer(resolve));
}

async function pollUntil(
  what: string,
  check: () => Promise<boolean>,
  pause: () => Promise<void>,
): Promise<void> {
  const giveUpAtMs = systemClock.monotonicMs() + PATIENCE_MS;
  while (!(await check())) {
    assertTrue(systemClock.monotonicMs() < giveUpAtMs, `${what} did not come within ${PATIENCE_MS} ms`);
    await pause();
  }
}
