/**
 * A Store that runs the state machine in this process: the shell that checks requests once, the commit
 * pipeline, leases, watches and history. The memory and file engines are this, without and with a journal.
 */
import type { Clock } from "../../base/clock.ts";
import { type Defer, systemDefer } from "../../base/defer.ts";
import { systemRandom } from "../../base/random.ts";
import type { CallOptions } from "../../contract/call-options.ts";
import type { Capabilities } from "../../contract/capabilities.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { LeaseGrant, LeaseGrantRequest, LeaseStatus } from "../../contract/lease.ts";
import type { Limits } from "../../contract/limits.ts";
import type { RangeRequest, RangeResult } from "../../contract/range.ts";
import type { RevokeResult, Store, StoreSnapshot, StoreStatus } from "../../contract/store.ts";
import { hasWrites, type TxnRequest, type TxnResult } from "../../contract/txn.ts";
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
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import { type LoadedValues, SpilledValuesNeeded } from "../../mvcc/spilled-values.ts";
import { compactedError } from "../../mvcc/versioned-keys.ts";
import { WatchHub } from "../../mvcc/watch-hub.ts";
import { checkNotAborted, guard, isUnguarded } from "./call-guard.ts";
import { CommitPipeline } from "./commit-pipeline.ts";
import { HistoryKeeper } from "./history-keeper.ts";
import type { Journal } from "./journal.ts";
import { LeaseService } from "./lease-service.ts";
import { LocalReader } from "./local-reader.ts";
import type { LocalStoreOptions } from "./local-store-options.ts";
import { RevisionWaiters } from "./revision-waiters.ts";
import { takeSnapshot } from "./snapshot.ts";
import { carriesState, resolveAfter, SpilledWatch } from "./spilled-results.ts";

export class LocalStore implements Store {
  readonly limits: Limits;
  readonly capabilities: Capabilities;
  readonly #options: LocalStoreOptions;
  readonly #state: MvccState;
  readonly #journal: Journal | undefined;
  readonly #clock: Clock;
  readonly #defer: Defer;
  readonly #pipeline: CommitPipeline;
  readonly #hub: WatchHub;
  readonly #leases: LeaseService;
  readonly #reader: LocalReader;
  readonly #historyKeeper: HistoryKeeper;
  readonly #waiters = new RevisionWaiters();
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
    this.#defer = options.defer ?? systemDefer;
    this.#wallOffsetMs = this.#clock.nowMs() - this.#clock.monotonicMs();
    this.#hub = new WatchHub(this.#state, this.#defer);
    this.#historyKeeper = new HistoryKeeper(this.#state, options.history, this.#clock, () => this.#wallMs());
    this.#pipeline = new CommitPipeline({
      state: this.#state,
      journal: this.#journal,
      defer: this.#defer,
      onPublished: (from, to) => this.#onPublished(from, to),
    });
    this.#reader = new LocalReader(this.#state, this.#journal);
    this.#leases = new LeaseService({
      state: this.#state,
      pipeline: this.#pipeline,
      clock: this.#clock,
      random: options.random ?? systemRandom,
      wallMs: () => this.#wallMs(),
    });
    if (options.readOnly !== true) this.#leases.start();
  }

  get revision(): number {
    return this.#state.durableRevision;
  }

  get compactRevision(): number {
    return this.#state.compactRevision;
  }

  range(request: RangeRequest, options?: CallOptions): Promise<RangeResult> {
    try {
      this.#begin(options);
      checkRangeQuery(request, this.limits);
      return this.#guarded(this.#reader.range(request), options, "not-applied");
    } catch (error) {
      return Promise.reject(error);
    }
  }

  txn(request: TxnRequest, options?: CallOptions): Promise<TxnResult> {
    try {
      this.#begin(options);
      checkTxn(request, this.limits);
      const answer = this.#evaluate(request);
      if (isUnguarded(options)) return answer;
      return this.#guarded(answer, options, hasWrites(request) ? "unknown" : "not-applied");
    } catch (error) {
      return Promise.reject(error);
    }
  }

  watch(request: WatchRequest, options?: CallOptions): Promise<Watch> {
    try {
      this.#begin(options);
      checkWatchRequest(request, this.limits);
      const cursor = this.#hub.add(request);
      return Promise.resolve(this.#journal === undefined ? cursor : new SpilledWatch(cursor, this.#journal));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async waitForRevision(revision: number, options?: CallOptions): Promise<void> {
    this.#begin(options);
    checkRevision(revision ?? null, "revision");
    if (revision <= this.#state.durableRevision) return;
    const { reached, withdraw } = this.#waiters.add(revision);
    await this.#guarded(reached, options, "not-applied", withdraw);
  }

  async grantLease(request: LeaseGrantRequest, options?: CallOptions): Promise<LeaseGrant> {
    this.#beginWrite(options);
    checkLeaseGrant(request, this.limits);
    return this.#guarded(this.#leases.grant(request), options, "unknown");
  }

  async keepAliveLease(id: bigint, options?: CallOptions): Promise<LeaseGrant> {
    this.#beginWrite(options);
    checkLeaseId(id, "id");
    return this.#guarded(this.#leases.keepAlive(id), options, "unknown");
  }

  async revokeLease(id: bigint, options?: CallOptions): Promise<RevokeResult> {
    this.#beginWrite(options);
    checkLeaseId(id, "id");
    return this.#guarded(this.#leases.revoke(id), options, "unknown");
  }

  async leaseStatus(
    id: bigint,
    options?: CallOptions & { readonly keys?: boolean },
  ): Promise<LeaseStatus | undefined> {
    this.#begin(options);
    checkLeaseId(id, "id");
    return this.#guarded(this.#leases.status(id, options?.keys === true), options, "not-applied");
  }

  async leases(options?: CallOptions): Promise<readonly LeaseStatus[]> {
    this.#begin(options);
    return this.#guarded(this.#leases.list(), options, "not-applied");
  }

  async compact(revision: number, options?: CallOptions): Promise<void> {
    this.#beginWrite(options);
    checkRevision(revision ?? null, "revision");
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
    const compacted = this.#pipeline.submit(commit, undefined).then(
      () => this.#state.compact(revision),
      (error: unknown) => {
        this.#compactPending = 0;
        throw error;
      },
    );
    await this.#guarded(compacted, options, "unknown");
  }

  async status(options?: CallOptions): Promise<StoreStatus> {
    this.#begin(options);
    return {
      engine: this.#options.engine,
      historyId: this.#options.historyId,
      revision: this.#state.durableRevision,
      compactRevision: this.#state.compactRevision,
      keys: this.#state.durableKeys,
      leases: this.#state.durableLeases,
      watches: this.#hub.size,
      diskBytes: this.#journal?.diskBytes ?? 0,
      isLeader: this.#options.readOnly !== true,
      failure: this.#pipeline.failure?.message,
    };
  }

  async snapshot(options?: CallOptions): Promise<StoreSnapshot> {
    this.#begin(options);
    return takeSnapshot({
      state: this.#state,
      historyId: this.#options.historyId,
      nowMs: this.#wallMs(),
      monotonicMs: this.#clock.monotonicMs(),
      load: (version) => this.#reader.load(version),
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
    this.#leases.close();
    this.#historyKeeper.close();
    const closed = new HoldfastError("CLOSED", "the store was closed");
    this.#hub.close(closed);
    this.#waiters.close(closed);
    await this.#pipeline.idle();
    await this.#journal?.close();
  }

  /** Evaluates now, answers when durable. */
  #evaluate(request: TxnRequest, loaded?: LoadedValues): Promise<TxnResult> {
    try {
      if (hasWrites(request)) this.#beginWrite();
      const { result, commit } = this.#state.evaluate(request, this.#wallMs(), loaded);
      const answer = this.#pipeline.submit(commit, result);
      if (this.#journal === undefined || !carriesState(result)) return answer;
      return resolveAfter(answer, result, { journal: this.#journal, committed: commit !== undefined });
    } catch (error) {
      if (!(error instanceof SpilledValuesNeeded)) return Promise.reject(error);
      return this.#reader.loadAll(error.versions, loaded).then((values) => this.#evaluate(request, values));
    }
  }

  #onPublished(from: number, to: number): void {
    if (to > from) {
      this.#hub.publish(from, to);
      this.#waiters.published(to);
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

  /** @throws {HoldfastError} CLOSED, ABORTED, INVALID_ARGUMENT */
  #begin(options: CallOptions | undefined): void {
    if (this.#closing !== undefined) throw new HoldfastError("CLOSED", "the store is closed");
    if (!isUnguarded(options)) checkNotAborted(options!);
  }

  /** @throws {HoldfastError} READ_ONLY, STORE_FAILED, and as `#begin` */
  #beginWrite(options?: CallOptions): void {
    this.#begin(options);
    if (this.#options.readOnly === true) {
      throw new HoldfastError("READ_ONLY", "the store was opened for reading only");
    }
    this.#pipeline.checkWritable();
  }

  #wallMs(): number {
    return this.#wallOffsetMs + this.#clock.monotonicMs();
  }
}
