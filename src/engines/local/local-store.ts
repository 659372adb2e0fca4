/**
 * A Store that runs the state machine in this process: the shell that checks requests once, the commit
 * pipeline, leases, watches and history. The memory and file engines are this, without and with a journal.
 */
import { type ByteString, EMPTY } from "../../base/byte-string.ts";
import type { Clock } from "../../base/clock.ts";
import { type Defer, systemDefer } from "../../base/defer.ts";
import { type Deferred, deferred } from "../../base/deferred.ts";
import { type Random, systemRandom } from "../../base/random.ts";
import type { CallOptions } from "../../contract/call-options.ts";
import type { Capabilities } from "../../contract/capabilities.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { LeaseGrant, LeaseGrantRequest, LeaseStatus } from "../../contract/lease.ts";
import type { Limits } from "../../contract/limits.ts";
import type { RangeRequest, RangeResult } from "../../contract/range.ts";
import type { RevokeResult, Store, StoreSnapshot, StoreStatus } from "../../contract/store.ts";
import type { Operation, TxnRequest, TxnResult } from "../../contract/txn.ts";
import {
  checkLeaseGrant,
  checkLeaseId,
  checkRangeQuery,
  checkRevision,
  checkWatchRequest,
} from "../../contract/validate.ts";
import { checkTxn } from "../../contract/validate-txn.ts";
import type { Watch, WatchRequest } from "../../contract/watch.ts";
import type { Commit } from "../../mvcc/commit.ts";
import { leaseNotFound } from "../../mvcc/lease-table.ts";
import { compactedError, type MvccState } from "../../mvcc/mvcc-state.ts";
import { readRange } from "../../mvcc/range-reader.ts";
import { type LoadedValues, SpilledValuesNeeded, ValueSource } from "../../mvcc/spilled-values.ts";
import type { Version } from "../../mvcc/version.ts";
import { WatchHub } from "../../mvcc/watch-hub.ts";
import { checkNotAborted, guard, isUnguarded } from "./call-guard.ts";
import { CommitPipeline } from "./commit-pipeline.ts";
import { HistoryKeeper, type HistoryRetention } from "./history-keeper.ts";
import type { Journal } from "./journal.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { takeSnapshot } from "./snapshot.ts";
import { carriesState, hasSpilled, resolveRange, resolveTxn, SpilledWatch } from "./spilled-results.ts";

export interface LocalStoreOptions {
  readonly engine: string;
  readonly state: MvccState;
  readonly journal?: Journal | undefined;
  readonly historyId: string;
  readonly limits: Limits;
  readonly capabilities: Capabilities;
  readonly clock: Clock;
  readonly random?: Random | undefined;
  readonly defer?: Defer | undefined;
  readonly history?: HistoryRetention | undefined;
  readonly readOnly?: boolean | undefined;
}

interface RevisionWaiter {
  readonly revision: number;
  readonly reached: Deferred<void>;
}

export class LocalStore implements Store {
  readonly limits: Limits;
  readonly capabilities: Capabilities;
  readonly #options: LocalStoreOptions;
  readonly #state: MvccState;
  readonly #journal: Journal | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #defer: Defer;
  readonly #pipeline: CommitPipeline;
  readonly #hub: WatchHub;
  readonly #leaseKeeper: LeaseKeeper;
  readonly #historyKeeper: HistoryKeeper;
  readonly #waiters = new Set<RevisionWaiter>();
  /** Wall time that does not jump with the machine's clock while the store is open. */
  readonly #wallOffsetMs: number;
  #compactPending = 0;
  #closing: Promise<void> | undefined;

  constructor(options: LocalStoreOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.capabilities = options.capabilities;
    this.#state = options.state;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#random = options.random ?? systemRandom;
    this.#defer = options.defer ?? systemDefer;
    this.#wallOffsetMs = this.#clock.nowMs() - this.#clock.monotonicMs();
    this.#hub = new WatchHub(this.#state, this.#defer);
    this.#historyKeeper = new HistoryKeeper(this.#state, options.history, this.#clock, () => this.#wallMs());
    this.#leaseKeeper = new LeaseKeeper(this.#state.leases, this.#clock, (id) => this.#revoke(id));
    this.#pipeline = new CommitPipeline({
      state: this.#state,
      journal: this.#journal,
      defer: this.#defer,
      onPublished: (from, to) => this.#onPublished(from, to),
    });
    if (options.readOnly !== true) this.#leaseKeeper.schedule();
  }

  get revision(): number {
    return this.#state.durableRevision;
  }

  get compactRevision(): number {
    return this.#state.compactRevision;
  }

  range(request: RangeRequest, options?: CallOptions): Promise<RangeResult> {
    try {
      this.#checkOpen();
      checkRangeQuery(request, this.limits);
      if (!isUnguarded(options)) checkNotAborted(options!);
      const result = this.#read(request);
      if (!hasSpilled(result.kvs)) return Promise.resolve(result);
      return this.#guarded(resolveRange(result, this.#journal!), options, "not-applied");
    } catch (error) {
      if (!(error instanceof SpilledValuesNeeded)) return Promise.reject(error);
      return this.#guarded(this.#readLoading(request, error), options, "not-applied");
    }
  }

  txn(request: TxnRequest, options?: CallOptions): Promise<TxnResult> {
    try {
      this.#checkOpen();
      checkTxn(request, this.limits);
      if (isUnguarded(options)) return this.#evaluate(request);
      checkNotAborted(options!);
      return this.#guarded(this.#evaluate(request), options, hasWrites(request) ? "unknown" : "not-applied");
    } catch (error) {
      return Promise.reject(error);
    }
  }

  watch(request: WatchRequest, options?: CallOptions): Promise<Watch> {
    try {
      this.#checkOpen();
      checkWatchRequest(request, this.limits);
      if (!isUnguarded(options)) checkNotAborted(options!);
      const cursor = this.#hub.add(request);
      return Promise.resolve(this.#journal === undefined ? cursor : new SpilledWatch(cursor, this.#journal));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async waitForRevision(revision: number, options?: CallOptions): Promise<void> {
    this.#checkOpen();
    checkRevision(revision ?? null, "revision");
    if (!isUnguarded(options)) checkNotAborted(options!);
    if (revision <= this.#state.durableRevision) return;
    const waiter: RevisionWaiter = { revision, reached: deferred() };
    this.#waiters.add(waiter);
    await this.#guarded(waiter.reached.promise, options, "not-applied", () => this.#waiters.delete(waiter));
  }

  async grantLease(request: LeaseGrantRequest, options?: CallOptions): Promise<LeaseGrant> {
    this.#checkWritable();
    checkLeaseGrant(request, this.limits);
    if (!isUnguarded(options)) checkNotAborted(options!);
    const { ttlMs } = request;
    const id = request.id === undefined || request.id === 0n ? this.#freshLeaseId() : request.id;
    const now = { timeMs: this.#wallMs(), monotonicMs: this.#clock.monotonicMs() };
    const commit = this.#state.grantLease(id, ttlMs, now);
    const granted = this.#pipeline.submit(commit, { id, ttlMs });
    this.#leaseKeeper.schedule();
    return this.#guarded(granted, options, "unknown");
  }

  async keepAliveLease(id: bigint, options?: CallOptions): Promise<LeaseGrant> {
    this.#checkWritable();
    checkLeaseId(id, "id");
    if (!isUnguarded(options)) checkNotAborted(options!);
    const lease = this.#state.leases.get(id);
    const nowMs = this.#clock.monotonicMs();
    if (lease === undefined || lease.deadlineMs <= nowMs) {
      await this.#settled();
      throw leaseNotFound(id);
    }
    lease.deadlineMs = nowMs + lease.ttlMs;
    return { id, ttlMs: lease.ttlMs };
  }

  async revokeLease(id: bigint, options?: CallOptions): Promise<RevokeResult> {
    this.#checkWritable();
    checkLeaseId(id, "id");
    if (!isUnguarded(options)) checkNotAborted(options!);
    return this.#guarded(this.#revoke(id), options, "unknown");
  }

  async leaseStatus(
    id: bigint,
    options?: CallOptions & { readonly keys?: boolean },
  ): Promise<LeaseStatus | undefined> {
    this.#checkOpen();
    checkLeaseId(id, "id");
    if (!isUnguarded(options)) checkNotAborted(options!);
    const lease = this.#state.leases.get(id);
    if (lease === undefined) return this.#guarded(this.#settled(), options, "not-applied");
    const remainingMs = Math.max(0, lease.deadlineMs - this.#clock.monotonicMs());
    const status = { id, ttlMs: lease.ttlMs, remainingMs };
    return options?.keys === true ? { ...status, keys: this.#state.leases.keysOf(lease) } : status;
  }

  async leases(options?: CallOptions): Promise<readonly LeaseStatus[]> {
    this.#checkOpen();
    if (!isUnguarded(options)) checkNotAborted(options!);
    const leases = this.#state.leaseImages(this.#clock.monotonicMs());
    return this.#guarded(this.#pipeline.submit(undefined, leases), options, "not-applied");
  }

  async compact(revision: number, options?: CallOptions): Promise<void> {
    this.#checkWritable();
    checkRevision(revision ?? null, "revision");
    if (!isUnguarded(options)) checkNotAborted(options!);
    const done = Math.max(this.#state.compactRevision, this.#compactPending);
    if (revision <= done) throw compactedError(revision, done);
    this.#state.checkReadable(revision, this.#state.durableRevision);
    this.#compactPending = revision;
    const commit: Commit = {
      revision: this.#state.revision,
      timeMs: this.#wallMs(),
      versions: [],
      compacted: revision,
    };
    await this.#guarded(
      this.#pipeline.submit(commit, undefined).then(() => this.#state.compact(revision)),
      options,
      "unknown",
    );
  }

  async status(options?: CallOptions): Promise<StoreStatus> {
    this.#checkOpen();
    if (!isUnguarded(options)) checkNotAborted(options!);
    return {
      engine: this.#options.engine,
      historyId: this.#options.historyId,
      revision: this.#state.durableRevision,
      compactRevision: this.#state.compactRevision,
      keys: this.#state.liveKeys,
      leases: this.#state.leases.size,
      watches: this.#hub.size,
      diskBytes: this.#journal?.diskBytes ?? 0,
      isLeader: this.#options.readOnly !== true,
      failure: this.#pipeline.failure?.message,
    };
  }

  async snapshot(options?: CallOptions): Promise<StoreSnapshot> {
    this.#checkOpen();
    if (!isUnguarded(options)) checkNotAborted(options!);
    return takeSnapshot({
      state: this.#state,
      historyId: this.#options.historyId,
      nowMs: this.#wallMs(),
      monotonicMs: this.#clock.monotonicMs(),
      load: (version) => this.#load(version),
      defer: this.#defer,
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Callable invariants, for tests. */
  assertValid(): void {
    this.#state.assertValid();
    this.#hub.assertValid();
  }

  async #close(): Promise<void> {
    this.#leaseKeeper.close();
    this.#historyKeeper.close();
    const closed = new HoldfastError("CLOSED", "the store was closed");
    this.#hub.close(closed);
    for (const waiter of this.#waiters) waiter.reached.reject(closed);
    this.#waiters.clear();
    await this.#pipeline.idle();
    await this.#journal?.close();
  }

  /** Evaluates now, answers when durable. */
  #evaluate(request: TxnRequest, loaded?: LoadedValues): Promise<TxnResult> {
    try {
      if (hasWrites(request)) this.#checkWritable();
      const { result, commit } = this.#state.evaluate(request, this.#wallMs(), loaded);
      const answer = this.#pipeline.submit(commit, result);
      if (this.#journal === undefined || !carriesState(result)) return answer;
      const resolved = this.#resolveSpilled(result, answer);
      // Past this point nothing can take the writes back, whatever becomes of reading for the answer.
      return commit === undefined ? resolved : answer.then(() => resolved.catch(rethrowAfterCommit));
    } catch (error) {
      if (!(error instanceof SpilledValuesNeeded)) return Promise.reject(error);
      return this.#loadAll(error.versions, loaded).then((values) => this.#evaluate(request, values));
    }
  }

  /**
   * Puts spilled values into the result. What is spilled already is read at once, while its place on disk is
   * certain to exist; what was still pending may be spilled by the flush that the answer waits for.
   */
  #resolveSpilled(result: TxnResult, answer: Promise<TxnResult>): Promise<TxnResult> {
    const journal = this.#journal!;
    const early = resolveTxn(result, journal) ?? Promise.resolve(result);
    const resolved = answer.then(() => early).then((partly) => resolveTxn(partly, journal) ?? partly);
    early.catch(() => {});
    resolved.catch(() => {});
    return resolved;
  }

  #read(request: RangeRequest, loaded?: LoadedValues): RangeResult {
    const state = this.#state;
    const newest = state.durableRevision;
    const asked = request.revision ?? 0;
    if (asked > 0) state.checkReadable(asked, newest);
    const answer = readRange(state.index, request, asked > 0 ? asked : newest, new ValueSource(loaded));
    return { revision: newest, kvs: answer.kvs, count: answer.count, more: answer.more };
  }

  async #readLoading(request: RangeRequest, needed: SpilledValuesNeeded): Promise<RangeResult> {
    let values = await this.#loadAll(needed.versions, undefined);
    for (;;) {
      try {
        const result = this.#read(request, values);
        return hasSpilled(result.kvs) ? await resolveRange(result, this.#journal!) : result;
      } catch (error) {
        if (!(error instanceof SpilledValuesNeeded)) throw error;
        values = await this.#loadAll(error.versions, values);
      }
    }
  }

  async #loadAll(versions: readonly Version[], known: LoadedValues | undefined): Promise<LoadedValues> {
    const values = new Map(known ?? []);
    const bytes = await Promise.all(versions.map((version) => this.#load(version)));
    for (const [at, version] of versions.entries()) values.set(version, bytes[at]!);
    return values;
  }

  #load(version: Version): Promise<ByteString> {
    if (version.spilledBytes === 0) return Promise.resolve(version.isTombstone ? EMPTY : version.value);
    return this.#journal!.load(version);
  }

  async #revoke(id: bigint): Promise<RevokeResult> {
    this.#pipeline.checkWritable();
    if (this.#state.leases.get(id) === undefined) await this.#settled();
    const commit = this.#state.revokeLease(id, this.#wallMs());
    return this.#pipeline.submit(commit, { revision: commit.revision, deleted: commit.versions.length });
  }

  /**
   * Resolves when everything evaluated so far is durable. Who is told that a lease is gone must find its keys
   * gone, too.
   */
  #settled(): Promise<undefined> {
    return this.#pipeline.submit(undefined, undefined);
  }

  #onPublished(from: number, to: number): void {
    if (to > from) {
      this.#hub.publish(from, to);
      for (const waiter of this.#waiters) {
        if (waiter.revision > to) continue;
        this.#waiters.delete(waiter);
        waiter.reached.resolve();
      }
    }
    this.#historyKeeper.afterPublish(to - from);
  }

  #guarded<T>(
    call: Promise<T>,
    options: CallOptions | undefined,
    outcome: "not-applied" | "unknown",
    withdraw?: () => void,
  ): Promise<T> {
    if (isUnguarded(options)) return call;
    return guard(call, options!, {
      clock: this.#clock,
      outcome,
      ...(withdraw === undefined ? {} : { withdraw }),
    });
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new HoldfastError("CLOSED", "the store is closed");
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.#options.readOnly === true) {
      throw new HoldfastError("READ_ONLY", "the store was opened for reading only");
    }
    this.#pipeline.checkWritable();
  }

  #wallMs(): number {
    return this.#wallOffsetMs + this.#clock.monotonicMs();
  }

  /** Positive and below 2^53, so that JSON clients survive it. */
  #freshLeaseId(): bigint {
    for (;;) {
      const id = (BigInt(this.#random.uint32() & 0x1fffff) << 32n) | BigInt(this.#random.uint32());
      if (id !== 0n && this.#state.leases.get(id) === undefined) return id;
    }
  }
}

/** The writes stand, although what was there before could not be read for the answer. */
function rethrowAfterCommit(error: unknown): never {
  if (!(error instanceof HoldfastError)) throw error;
  const { code, message, details, cause } = error;
  throw new HoldfastError(code, `${message}; the transaction itself stands`, {
    outcome: "unknown",
    details,
    cause,
  });
}

function hasWrites(request: TxnRequest): boolean {
  return request.success.some(isWrite) || request.failure.some(isWrite);
}

function isWrite(operation: Operation): boolean {
  return operation.type === "txn" ? hasWrites(operation) : operation.type !== "range";
}
