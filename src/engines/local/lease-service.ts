/** Leases of a local store: granting, renewing, ending, by call or by time. Requests have been checked. */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { LeaseGrant, LeaseGrantRequest, LeaseStatus } from "../../contract/lease.ts";
import type { RevokeResult } from "../../contract/store.ts";
import { leaseNotFound } from "../../mvcc/lease-table.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import type { CommitPipeline } from "./commit-pipeline.ts";
import { LeaseKeeper } from "./lease-keeper.ts";

export interface LeaseServiceOptions {
  readonly state: MvccState;
  readonly pipeline: CommitPipeline;
  readonly clock: Clock;
  readonly random: Random;
  readonly wallMs: () => number;
}

export class LeaseService {
  readonly #options: LeaseServiceOptions;
  readonly #state: MvccState;
  readonly #pipeline: CommitPipeline;
  readonly #clock: Clock;
  readonly #keeper: LeaseKeeper;

  constructor(options: LeaseServiceOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#pipeline = options.pipeline;
    this.#clock = options.clock;
    this.#keeper = new LeaseKeeper(this.#state.leases, this.#clock, (id) => this.revoke(id));
  }

  /** Begins to end leases when their time is up. */
  start(): void {
    this.#keeper.schedule();
  }

  close(): void {
    this.#keeper.close();
  }

  async grant(request: LeaseGrantRequest): Promise<LeaseGrant> {
    const { ttlMs } = request;
    const id = request.id === undefined || request.id === 0n ? this.#freshId() : request.id;
    const now = { timeMs: this.#options.wallMs(), monotonicMs: this.#clock.monotonicMs() };
    const granted = this.#pipeline.submit(this.#state.grantLease(id, ttlMs, now), { id, ttlMs });
    this.#keeper.schedule();
    return granted;
  }

  async keepAlive(id: bigint): Promise<LeaseGrant> {
    const lease = this.#state.leases.get(id);
    const nowMs = this.#clock.monotonicMs();
    if (lease === undefined || lease.deadlineMs <= nowMs) {
      await this.#settled();
      throw leaseNotFound(id);
    }
    lease.deadlineMs = nowMs + lease.ttlMs;
    return { id, ttlMs: lease.ttlMs };
  }

  async revoke(id: bigint): Promise<RevokeResult> {
    this.#pipeline.checkWritable();
    if (this.#state.leases.get(id) === undefined) {
      await this.#settled();
      throw leaseNotFound(id);
    }
    const commit = this.#state.revokeLease(id, this.#options.wallMs());
    return this.#pipeline.submit(commit, { revision: commit.revision, deleted: commit.versions.length });
  }

  async status(id: bigint, withKeys: boolean): Promise<LeaseStatus | undefined> {
    const lease = this.#state.leases.get(id);
    if (lease === undefined) return this.#settled();
    const remainingMs = Math.max(0, lease.deadlineMs - this.#clock.monotonicMs());
    const status = { id, ttlMs: lease.ttlMs, remainingMs };
    return withKeys ? { ...status, keys: this.#state.leases.keysOf(lease) } : status;
  }

  list(): Promise<readonly LeaseStatus[]> {
    return this.#pipeline.submit(undefined, this.#state.leaseImages(this.#clock.monotonicMs()));
  }

  /**
   * Resolves when everything evaluated so far is durable. Who is told that a lease is gone must find its keys
   * gone, too.
   */
  #settled(): Promise<undefined> {
    return this.#pipeline.submit(undefined, undefined);
  }

  /** Positive and below 2^53, so that JSON clients survive it. */
  #freshId(): bigint {
    const { random } = this.#options;
    for (;;) {
      const id = (BigInt(random.uint32() & 0x1fffff) << 32n) | BigInt(random.uint32());
      if (id !== 0n && this.#state.leases.get(id) === undefined) return id;
    }
  }
}
