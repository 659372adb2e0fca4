/**
 * What `open` gives: everything a user does with a store, as sugar over its contract. Reads and writes are in the two
 * classes below this one; here is what owns something, or needs a clock.
 */
import type { ByteString } from "../base/byte-string.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { type Random, systemRandom } from "../base/random.ts";
import type { CallOptions } from "../contract/call-options.ts";
import { prefixRange } from "../contract/key-range.ts";
import type { RevokeResult, Store, StoreSnapshot, StoreStatus } from "../contract/store.ts";
import { callOptions, type Key, type KeySelector, toLeaseId, toPrefix, toRange } from "./arguments.ts";
import { CallBudget } from "./call-budget.ts";
import { DatabaseWrites } from "./database-writes.ts";
import { type Lease, type LeaseOptions, openLease } from "./lease.ts";
import { type LeaseInfo, toLeaseInfo } from "./lease-info.ts";
import type { Timing } from "./pause.ts";
import { scopePrefix } from "./scope-prefix.ts";
import { type TransactOptions, type TransactResult, transact } from "./transact.ts";
import type { Transaction } from "./transaction.ts";
import { openView, type View } from "./view.ts";
import { openWatch, type Watch, type WatchOptions } from "./watch.ts";

/** What a database is assembled from. */
export interface DatabaseParts {
  readonly store: Store;
  /** Confines a store to the keys that start with a prefix. */
  readonly namespace: (store: Store, prefix: ByteString) => Store;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  /** Default: the system's. */
  readonly random?: Random | undefined;
}

/**
 * A store with a face for people: one object per store and process is enough, and every method may be called at any
 * time. Every call takes `{ signal, timeoutMs }` and rejects with a `HoldfastError`.
 */
export class Database extends DatabaseWrites {
  readonly #parts: DatabaseParts;
  readonly #timing: Timing;
  readonly #parent: Database | undefined;
  readonly #leases = new Set<Lease>();
  #isLeader = true;

  /** @internal Use `open`, or `createDatabase` over a store of your own. */
  constructor(parts: DatabaseParts, parent?: Database) {
    const timing = { clock: parts.clock ?? systemClock, random: parts.random ?? systemRandom };
    super(parts.store, timing.clock);
    this.#parts = parts;
    this.#timing = timing;
    this.#parent = parent;
  }

  /** True for the one that takes writes, as last seen by `status()`. Always true with a single process. */
  get isLeader(): boolean {
    return this.#parent === undefined ? this.#isLeader : this.#parent.isLeader;
  }

  /**
   * Runs a function against one consistent state and commits its writes at one revision, if everything it has read is
   * still so: keys, absent keys, and ranges as a whole. Otherwise the function runs again, at once for the first
   * time, then after a short random pause; so it must have no effects but through `tx`. What it throws ends the
   * transaction with nothing written. Without writes no revision is taken.
   *
   * Guarded reads count as conditions of the commit (`limits.txnOperationsMax`): one per key read, one per range.
   * @throws {HoldfastError} CONFLICT after `maxAttempts`; INVALID_ARGUMENT, LIMIT_EXCEEDED, LEASE_NOT_FOUND: nothing
   *   changed; STORE_FAILED, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED: see `outcome`
   */
  transact<T>(
    body: (tx: Transaction) => Promise<T> | T,
    options?: TransactOptions,
  ): Promise<TransactResult<T>> {
    return transact(this.store, body, { options, timing: this.#timing });
  }

  /**
   * Follows a key, a prefix or an interval. No write after the promise has resolved is missed.
   *
   * `signal` is for the watch as a whole: aborting it makes the iteration throw ABORTED. `timeoutMs` is for opening.
   * @throws {HoldfastError} COMPACTED (`details.compactRevision`), INVALID_ARGUMENT, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED
   */
  watch(options: WatchOptions): Promise<Watch> {
    return openWatch(this.store, options);
  }

  /**
   * Opens a live map of a prefix, or of what a selector names: complete when the promise resolves, current until
   * closed, healing itself after compaction, loss of contact and restore.
   *
   * `signal` is for the view as a whole: aborting it ends the view and makes iterations throw ABORTED. `timeoutMs` is
   * for opening.
   * @throws {HoldfastError} INVALID_ARGUMENT, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED
   */
  async view(choice: Key | KeySelector, options?: CallOptions): Promise<View> {
    const isPrefix = typeof choice !== "object" || choice === null || choice instanceof Uint8Array;
    const range = isPrefix ? prefixRange(toPrefix(choice)) : toRange(choice);
    const budget = new CallBudget(callOptions(options), this.#timing.clock);
    return openView(this.store, range, { timing: this.#timing, budget });
  }

  /**
   * Grants a lease and keeps it alive until it is closed. Keys are bound to it by `{ leaseId: lease.id }` on a write.
   * `signal` and `timeoutMs` are for the grant alone.
   * @throws {HoldfastError} LEASE_EXISTS, INVALID_ARGUMENT, LIMIT_EXCEEDED, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED
   */
  async lease(options: LeaseOptions): Promise<Lease> {
    const lease = await openLease(this.store, this.#timing.clock, {
      options,
      onEnd: (ended) => this.#forget(ended),
    });
    this.#remember(lease);
    return lease;
  }

  /** All leases of the store, the one that ends first in front. @throws {HoldfastError} ABORTED, TIMEOUT, UNAVAILABLE, CLOSED */
  async leases(options?: CallOptions): Promise<LeaseInfo[]> {
    return (await this.store.leases(callOptions(options))).map(toLeaseInfo);
  }

  /**
   * Any lease by its id, with the keys bound to it; undefined where there is no such lease.
   * @throws {HoldfastError} INVALID_ARGUMENT, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED
   */
  async leaseStatus(id: bigint, options?: CallOptions): Promise<LeaseInfo | undefined> {
    const status = await this.store.leaseStatus(toLeaseId(id, "id"), { ...callOptions(options), keys: true });
    return status === undefined ? undefined : toLeaseInfo(status);
  }

  /**
   * Ends any lease by its id and deletes its keys, in one revision.
   * @throws {HoldfastError} LEASE_NOT_FOUND, INVALID_ARGUMENT, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED
   */
  async revokeLease(id: bigint, options?: CallOptions): Promise<RevokeResult> {
    return this.store.revokeLease(toLeaseId(id, "id"), callOptions(options));
  }

  /** Figures of the store. @throws {HoldfastError} ABORTED, TIMEOUT, UNAVAILABLE, CLOSED */
  async status(options?: CallOptions): Promise<StoreStatus> {
    const status = await this.store.status(callOptions(options));
    this.#noteLeader(status.isLeader);
    return status;
  }

  /**
   * A consistent copy of the whole store as a stream of bytes, taken while writes go on. Not on a scope.
   * @throws {HoldfastError} UNSUPPORTED, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED
   */
  async snapshot(options?: CallOptions): Promise<StoreSnapshot> {
    return this.store.snapshot(callOptions(options));
  }

  /**
   * The same face with keys and names apart, under `@NAME/` of this one. Revisions, leases and compaction are the
   * store's. A scope costs nothing to make; the same name is the same scope. Closing it ends its watches, views and
   * the renewal of its leases, and leaves the store open.
   * @throws {HoldfastError} INVALID_ARGUMENT, at once
   */
  scope(name: string): Database {
    const store = this.#parts.namespace(this.store, scopePrefix(name));
    return new Database({ ...this.#parts, store }, this);
  }

  /**
   * Waits for writes under way, then lets go of everything. Watches, views and later calls end with CLOSED. Leases are
   * no longer renewed but not revoked: they end by themselves. Closing twice is fine.
   */
  async close(): Promise<void> {
    for (const lease of [...this.#leases]) lease.storeClosed();
    await this.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #noteLeader(isLeader: boolean): void {
    this.#isLeader = isLeader;
    if (this.#parent !== undefined) this.#parent.#noteLeader(isLeader);
  }

  #remember(lease: Lease): void {
    if (lease.signal.aborted) return;
    this.#leases.add(lease);
    if (this.#parent !== undefined) this.#parent.#remember(lease);
  }

  #forget(lease: Lease): void {
    this.#leases.delete(lease);
    if (this.#parent !== undefined) this.#parent.#forget(lease);
  }
}
