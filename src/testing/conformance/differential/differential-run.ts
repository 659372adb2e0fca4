/**
 * One run: the same requests, at random, to the store under test and to the reference store, step by step. Every
 * answer must be the same, and what the store's watches deliver must be what the reference store did.
 */
import { seededRandom } from "../../../base/random.ts";
import { type ErrorCode, isHoldfastError } from "../../../contract/errors.ts";
import { EVERYTHING } from "../../../contract/key-range.ts";
import type { Store } from "../../../contract/store.ts";
import type { Watch, WatchBatch, WatchRequest } from "../../../contract/watch.ts";
import { canonical, plainRange, plainTxn } from "../../plain.ts";
import { ReferenceStore } from "../../reference-store.ts";
import { checkWatch } from "../../watch-checker.ts";
import { assertTrue, inTime, type Settled, settled } from "../kit/assert.ts";
import type { TestContext } from "../kit/context.ts";
import { RandomRequests } from "./random-requests.ts";

export interface DifferentialOptions {
  /** Tells the runs of one seed apart. */
  readonly run: number;
  readonly steps: number;
  /** Whether time passes and leases end. Needs controlled time and leases in milliseconds. */
  readonly timePasses: boolean;
  /** Whether the store is closed and opened again now and then. */
  readonly reopens: boolean;
}

/** A watch of the store under test and what it has delivered. */
interface OpenWatch {
  readonly watch: Watch;
  readonly request: WatchRequest;
  readonly batches: WatchBatch[];
  end: Settled<unknown> | undefined;
}

/** A transaction that fails for several of these reasons at once may name any of them, so they count as one. */
const MAY_COME_TOGETHER: ReadonlySet<string> = new Set<ErrorCode>([
  "DUPLICATE_KEY",
  "KEY_NOT_FOUND",
  "LEASE_NOT_FOUND",
  "OUT_OF_RANGE",
  "COMPACTED",
  "FUTURE_REVISION",
]);

const WATCHES_MAX = 6;
/** So many leases are used, the latest: some of them have ended by then. */
const LEASES_MAX = 5;

export async function runDifferential(context: TestContext, options: DifferentialOptions): Promise<void> {
  const run = new DifferentialRun(context, options);
  await run.toTheEnd();
}

class DifferentialRun {
  readonly #context: TestContext;
  readonly #options: DifferentialOptions;
  readonly #requests: RandomRequests;
  readonly #model: ReferenceStore;
  #store: Store;
  #watches: OpenWatch[] = [];
  #leaseIds: bigint[] = [];
  #leasesGranted = 0;

  constructor(context: TestContext, options: DifferentialOptions) {
    this.#context = context;
    this.#options = options;
    this.#store = context.store;
    const random = seededRandom(context.random.uint32() + options.run);
    this.#requests = new RandomRequests(random, context.store.capabilities.repeatedMerge);
    this.#model = new ReferenceStore({ clock: context.clock });
  }

  async toTheEnd(): Promise<void> {
    for (let step = 1; step <= this.#options.steps; step++) {
      try {
        const { revision, compactRevision } = this.#model;
        this.#requests.lookAround({ revision, compactRevision, leaseIds: this.#leaseIds });
        await this.#step();
      } catch (error) {
        if (error instanceof Error) error.message = `step ${step}: ${error.message}`;
        throw error;
      }
    }
    await this.#endWatches();
    await this.#compareWhole();
    await this.#model.close();
  }

  async #step(): Promise<void> {
    const kind = this.#requests.below(100);
    if (kind < 55) await this.#txn();
    else if (kind < 80) await this.#range();
    else if (kind < 84) await this.#openWatch();
    else if (kind < 89) await this.#readWatch();
    else if (kind < 95) await this.#useLease();
    else if (kind < 97) await this.#compact();
    else if (kind < 98) await this.#compareStatus();
    else if (kind < 99 && this.#options.timePasses) await this.#passTime();
    else if (this.#options.reopens) await this.#reopen();
  }

  /** The same call to both; the same answer, or an error of the same code. */
  async #compare(what: unknown, call: (store: Store) => Promise<unknown>): Promise<void> {
    const [actual, expected] = [await describe(call(this.#store)), await describe(call(this.#model))];
    assertTrue(actual === expected, `gave ${actual}\n  instead of ${expected}\n  for ${canonical(what)}`);
  }

  async #txn(): Promise<void> {
    const request = this.#requests.txn();
    await this.#compare(request, async (store) => {
      try {
        return plainTxn(await store.txn(request));
      } catch (error) {
        if (isHoldfastError(error) && MAY_COME_TOGETHER.has(error.code))
          return "refused for what the store holds";
        throw error;
      }
    });
    const [actual, expected] = [this.#store.revision, this.#model.revision];
    assertTrue(actual === expected, `${canonical(request)}: the store is at ${actual}, expected ${expected}`);
  }

  async #range(): Promise<void> {
    const request = this.#requests.range();
    await this.#compare(request, async (store) => plainRange(await store.range(request)));
  }

  async #compact(): Promise<void> {
    const revision = this.#requests.pastRevision();
    await this.#compare({ compact: revision }, (store) => store.compact(revision));
  }

  async #compareStatus(): Promise<void> {
    await this.#compare("status", async (store) => {
      const { revision, compactRevision, keys, leases } = await store.status();
      return { revision, compactRevision, keys, leases };
    });
  }

  async #useLease(): Promise<void> {
    const choice = this.#requests.below(5);
    const id = this.#leaseIds.length > 0 ? this.#requests.oneOf(this.#leaseIds) : 5n;
    if (choice === 0) await this.#grantLease();
    else if (choice === 1) await this.#compare(["keep alive", id], (store) => store.keepAliveLease(id));
    else if (choice === 2) await this.#compareLeases(id);
    else if (choice === 3 && this.#requests.once(3)) {
      this.#leaseIds = this.#leaseIds.filter((other) => other !== id);
      await this.#compare(["revoke", id], async (store) => {
        const { revision, deleted } = await store.revokeLease(id);
        return { revision, deleted };
      });
    }
  }

  /** Times to live differ in the last three digits and time passes in whole seconds, so no two leases end at once. */
  async #grantLease(): Promise<void> {
    const number = this.#leasesGranted++;
    const seconds = this.#options.timePasses ? 2 + this.#requests.below(60) : 50_000;
    const request = { id: BigInt(1_000 + number), ttlMs: seconds * 1_000 + (number % 1_000) };
    this.#leaseIds = [...this.#leaseIds, request.id].slice(-LEASES_MAX);
    await this.#compare(request, async (store) => (await store.grantLease(request)).id);
  }

  async #compareLeases(id: bigint): Promise<void> {
    await this.#compare(
      ["status of", id],
      async (store) => (await store.leaseStatus(id, { keys: true }))?.keys,
    );
    await this.#compare("leases", async (store) => {
      const leases = await store.leases();
      return leases.map((lease) => lease.id).toSorted();
    });
  }

  async #passTime(): Promise<void> {
    await this.#context.passTime(1_000 * (1 + this.#requests.below(20)));
    await this.#context.eventually("the end of leases", async () => {
      const { leases } = await this.#model.status();
      return this.#store.revision === this.#model.revision && (await this.#store.status()).leases === leases;
    });
  }

  async #reopen(): Promise<void> {
    await this.#endWatches();
    this.#store = await this.#context.reopen(this.#store);
    await this.#compareWhole();
  }

  async #openWatch(): Promise<void> {
    if (this.#watches.length === WATCHES_MAX) await this.#endWatch(this.#watches.shift()!);
    const request = this.#requests.watch();
    await this.#compare(request, async (store) => {
      const watch = await store.watch(request);
      if (store === this.#store) this.#watches.push({ watch, request, batches: [], end: undefined });
      else watch.cancel();
      return watch.startRevision;
    });
  }

  async #readWatch(): Promise<void> {
    if (this.#watches.length > 0) await readOnce(this.#requests.oneOf(this.#watches));
  }

  async #endWatches(): Promise<void> {
    for (const watch of this.#watches) await this.#endWatch(watch);
    this.#watches = [];
  }

  async #endWatch(open: OpenWatch): Promise<void> {
    const reached = () => open.batches.at(-1)?.revision ?? 0;
    while (open.end === undefined && reached() < this.#store.revision) await readOnce(open);
    open.watch.cancel();
    const history = this.#model.states.flatMap((state) => state.events);
    const error = open.end?.failed ? open.end.error : undefined;
    if (error !== undefined && !isHoldfastError(error, "COMPACTED")) throw error;
    const { request, batches } = open;
    const { startRevision } = open.watch;
    const { compactRevision } = this.#model;
    const violations = checkWatch({ request, startRevision, batches, end: error, compactRevision }, history);
    assertTrue(violations.length === 0, `the watch ${canonical(request)} is wrong: ${canonical(violations)}`);
  }

  async #compareWhole(): Promise<void> {
    await this.#compareStatus();

    for (
      let revision = Math.max(1, this.#model.compactRevision);
      revision <= this.#model.revision;
      revision += 7
    ) {
      await this.#compare({ revision }, async (store) =>
        plainRange(await store.range({ ...EVERYTHING, revision })),
      );
    }
    await this.#compare("everything", async (store) => plainRange(await store.range(EVERYTHING)));
    for (const id of this.#leaseIds) await this.#compareLeases(id);
  }
}

async function readOnce(open: OpenWatch): Promise<void> {
  if (open.end !== undefined) return;
  open.watch.requestProgress();
  const next = await settled(inTime(open.watch.next(), "the next batch"));
  if (next.failed || next.value === undefined) open.end = next;
  else open.batches.push(next.value);
}

/** The answer as text, or the code of the error. */
async function describe(call: Promise<unknown>): Promise<string> {
  const outcome = await settled(call);
  if (!outcome.failed) return canonical(outcome.value) ?? "nothing";
  if (isHoldfastError(outcome.error)) return outcome.error.code;
  throw outcome.error;
}
