/**
 * The smallest store that is plainly right: the model that engines are compared with, and a stand-in for tests
 * where speed does not matter. It keeps every state it ever had and answers each question by looking, so its
 * memory grows with every write. It shares no code with the engines.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { deferred } from "../base/deferred.ts";
import { type Random, randomHex128, systemRandom } from "../base/random.ts";
import type { CallOptions } from "../contract/call-options.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { LeaseGrant, LeaseGrantRequest, LeaseStatus } from "../contract/lease.ts";
import { EMBEDDED_LIMITS, type Limits } from "../contract/limits.ts";
import type { RangeRequest, RangeResult } from "../contract/range.ts";
import type { RevokeResult, Store, StoreSnapshot, StoreStatus } from "../contract/store.ts";
import type { TxnRequest, TxnResult } from "../contract/txn.ts";
import type { Watch, WatchRequest } from "../contract/watch.ts";
import { applyTxn, withoutKeys } from "./reference/apply.ts";
import {
  checkLeaseId,
  checkObject,
  checkQuery,
  checkTxn,
  checkWatch,
  checkWhole,
  invalid,
} from "./reference/checks.ts";
import { readRange } from "./reference/read.ts";
import { ReferenceLeases } from "./reference/reference-leases.ts";
import { compacted, ReferenceWatch, type Watched } from "./reference/reference-watch.ts";
import { FRESH, type State } from "./reference/state.ts";
import { checkWrittenOnce } from "./reference/write-set.ts";

export interface ReferenceStoreOptions {
  /** Times the leases. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** Draws lease ids and the history id. Default: the system's. */
  readonly random?: Random | undefined;
  /** Default: those of the embedded engines. */
  readonly limits?: Limits | undefined;
}

export class ReferenceStore implements Store, Watched {
  readonly limits: Limits;
  readonly capabilities: Capabilities = {
    durable: false,
    nativeMerge: true,
    repeatedMerge: true,
    millisecondLeases: true,
    snapshot: false,
    exactlyOnceRetry: true,
  };
  readonly states: State[] = [FRESH];
  compactRevision = 0;
  closed = false;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #historyId: string;
  readonly #leases: ReferenceLeases;
  readonly #watches = new Set<ReferenceWatch>();
  /** Whatever waits for a revision looks again when this resolves. */
  #changed = deferred<void>();

  constructor(options: ReferenceStoreOptions) {
    this.limits = options.limits ?? EMBEDDED_LIMITS;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#historyId = randomHex128(this.#random);
    this.#leases = new ReferenceLeases(this.#clock, (id) => void this.#deleteKeysOf(id));
  }

  get revision(): number {
    return this.#now.revision;
  }

  async range(request: RangeRequest, options?: CallOptions): Promise<RangeResult> {
    this.#begin(options);
    checkQuery(request);
    const state = request.revision ? this.stateAt(request.revision) : this.#now;
    return readRange(state.kvs, request, this.revision);
  }

  async txn(request: TxnRequest, options?: CallOptions): Promise<TxnResult> {
    this.#begin(options);
    checkTxn(request, this.limits);
    checkWrittenOnce(request);
    const { result, after } = applyTxn(
      {
        before: this.#now,
        stateAt: (revision) => this.stateAt(revision),
        leaseExists: (id) => this.#leases.has(id),
      },
      request,
    );
    this.#commit(after);
    return result;
  }

  async watch(request: WatchRequest, options?: CallOptions): Promise<Watch> {
    this.#begin(options);
    checkWatch(request);
    if (request.fromRevision && request.fromRevision < this.compactRevision) {
      throw compacted(this.compactRevision);
    }
    const watch = new ReferenceWatch(this, request);
    this.#watches.add(watch);
    return watch;
  }

  async waitForRevision(revision: number, options?: CallOptions): Promise<void> {
    this.#begin(options);
    checkWhole(revision, "revision");
    const { signal, timeoutMs } = options ?? {};
    let timedOut = false;
    const stir = (): void => this.#stir();
    signal?.addEventListener("abort", stir);
    const timer =
      timeoutMs === undefined
        ? undefined
        : this.#clock.setTimer(timeoutMs, () => {
            timedOut = true;
            stir();
          });
    try {
      while (this.revision < revision) {
        await this.#changed.promise;
        this.#begin(options);
        if (timedOut) throw new HoldfastError("TIMEOUT", `revision ${revision} did not come in time`);
      }
    } finally {
      timer?.cancel();
      signal?.removeEventListener("abort", stir);
    }
  }

  async grantLease(request: LeaseGrantRequest, options?: CallOptions): Promise<LeaseGrant> {
    this.#begin(options);
    checkObject(request, "request");
    checkWhole(request.ttlMs, "ttlMs");
    if (request.id !== undefined) checkLeaseId(request.id);
    const { ttlMs } = request;
    const { leaseTtlMinMs, leaseTtlMaxMs } = this.limits;
    if (ttlMs < leaseTtlMinMs || ttlMs > leaseTtlMaxMs) {
      throw new HoldfastError("LIMIT_EXCEEDED", `ttlMs must be from ${leaseTtlMinMs} to ${leaseTtlMaxMs}`);
    }
    const id = request.id || this.#drawLeaseId();
    this.#leases.grant(id, ttlMs);
    return { id, ttlMs };
  }

  async keepAliveLease(id: bigint, options?: CallOptions): Promise<LeaseGrant> {
    this.#begin(options);
    checkLeaseId(id);
    return { id, ttlMs: this.#leases.renew(id) };
  }

  async revokeLease(id: bigint, options?: CallOptions): Promise<RevokeResult> {
    this.#begin(options);
    checkLeaseId(id);
    this.#leases.end(id);
    const deleted = this.#deleteKeysOf(id);
    return { revision: this.revision, deleted };
  }

  async leaseStatus(
    id: bigint,
    options?: CallOptions & { readonly keys?: boolean },
  ): Promise<LeaseStatus | undefined> {
    this.#begin(options);
    checkLeaseId(id);
    const status = this.#leases.status(id);
    if (status === undefined || !options?.keys) return status;
    const bound = [...this.#now.kvs.values()].filter((kv) => kv.leaseId === id).map((kv) => kv.key);
    return { ...status, keys: bound.sort() };
  }

  async leases(options?: CallOptions): Promise<readonly LeaseStatus[]> {
    this.#begin(options);
    return this.#leases.all();
  }

  async compact(revision: number, options?: CallOptions): Promise<void> {
    this.#begin(options);
    checkWhole(revision, "revision");
    if (revision <= this.compactRevision) throw compacted(this.compactRevision);
    if (revision > this.revision) throw this.#future(revision);
    this.compactRevision = revision;
    this.#stir();
  }

  async status(options?: CallOptions): Promise<StoreStatus> {
    this.#begin(options);
    return {
      engine: "reference",
      historyId: this.#historyId,
      revision: this.revision,
      compactRevision: this.compactRevision,
      keys: this.#now.kvs.size,
      leases: this.#leases.size,
      watches: this.#watches.size,
      diskBytes: 0,
      isLeader: true,
    };
  }

  async snapshot(options?: CallOptions): Promise<StoreSnapshot> {
    this.#begin(options);
    throw new HoldfastError("UNSUPPORTED", "the reference store takes no snapshots");
  }

  async close(): Promise<void> {
    this.closed = true;
    this.#leases.close();
    this.#stir();
  }

  stateAt(revision: number): State {
    if (revision > this.revision) throw this.#future(revision);
    if (revision < this.compactRevision) throw compacted(this.compactRevision);
    return this.states[revision - FRESH.revision]!;
  }

  forget(watch: ReferenceWatch): void {
    this.#watches.delete(watch);
  }

  get #now(): State {
    return this.states.at(-1)!;
  }

  /** Before the call has done anything, and after each wait: is there still somebody to do it for? */
  #begin(options: CallOptions | undefined): void {
    if (this.closed) throw new HoldfastError("CLOSED", "the store has been closed");
    const { signal, timeoutMs } = options ?? {};
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalid("signal is not an AbortSignal");
    }
    if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs >= 0)) {
      throw invalid("timeoutMs is not a number from 0 up");
    }
    if (signal?.aborted) throw new HoldfastError("ABORTED", "the call was aborted", { cause: signal.reason });
  }

  #future(revision: number): HoldfastError {
    return new HoldfastError("FUTURE_REVISION", `revision ${revision} is beyond ${this.revision}`);
  }

  #commit(after: State | undefined): void {
    if (after === undefined) return;
    this.states.push(after);
    this.#stir();
  }

  #stir(): void {
    this.#changed.resolve();
    this.#changed = deferred<void>();
    for (const watch of this.#watches) watch.stir();
  }

  #drawLeaseId(): bigint {
    const id = BigInt(this.#random.uint32()) + 1n;
    return this.#leases.has(id) ? this.#drawLeaseId() : id;
  }

  /** @returns how many there were */
  #deleteKeysOf(leaseId: bigint): number {
    const after = withoutKeys(this.#now, (kv) => kv.leaseId === leaseId);
    this.#commit(after);
    return after?.events.length ?? 0;
  }
}

/** A store that is right rather than fast. */
export function createReferenceStore(options: ReferenceStoreOptions = {}): Store {
  return new ReferenceStore(options);
}
