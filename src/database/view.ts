/**
 * A live copy of a prefix: the state, then every change, healing itself. It follows a watch; where the watch ends it
 * goes on from its revision, and where that is impossible (compacted away, or the store has another history after a
 * restore) it lists again and tells its readers the difference.
 */
import { type ByteString, EMPTY } from "../base/byte-string.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { HoldfastError, isHoldfastError } from "../contract/errors.ts";
import type { KeyRange } from "../contract/key-range.ts";
import { NO_LEASE } from "../contract/key-value.ts";
import type { Store } from "../contract/store.ts";
import type { Watch as StoreWatch, WatchBatch as StoreWatchBatch } from "../contract/watch.ts";
import { aborted } from "./aborted.ts";
import { type Key, toKey } from "./arguments.ts";
import type { CallBudget } from "./call-budget.ts";
import { KeyValue } from "./key-value.ts";
import { backoffMs, pause, type Timing } from "./pause.ts";
import type { ViewEntries } from "./view-entries.ts";
import { type ViewChange, ViewFeed } from "./view-feed.ts";
import { type Listing, listAndWatch } from "./view-listing.ts";

interface ViewParts {
  readonly store: Store;
  readonly range: KeyRange;
  readonly timing: Timing;
  readonly signal: AbortSignal | undefined;
  readonly historyId: string;
}

const BACKOFF = { firstMs: 50, maxMs: 5_000 };

/**
 * A live map of a prefix. Ready when `db.view` resolves; kept current in the background until `close`.
 *
 * Iterating gives the present entries as puts in byte order, a `synced` mark, then every change. Each iteration is a
 * reader of its own and takes its own time: what it has not taken is joined per key, the latest state wins, so
 * memory is bounded by the number of keys. Leaving the loop ends that reader, not the view.
 *
 * An iteration ends normally by `close()`, and otherwise only by throwing: ABORTED once the `signal` it was opened
 * with aborts, CLOSED with the store. `failure` says the same to those who do not iterate.
 */
export class View implements AsyncIterable<ViewChange> {
  readonly #parts: ViewParts;
  readonly #feeds = new Set<ViewFeed>();
  readonly #stop = new AbortController();
  #historyId: string;
  #entries: ViewEntries;
  #revision: number;
  #watch: StoreWatch;
  /** Once the view includes this revision it is in step with the store again. */
  #syncRevision = 0;
  #synced: Deferred<void> = deferred();
  #isSynced = true;
  #failure: unknown;

  /** @internal */
  constructor(parts: ViewParts, listing: Listing) {
    this.#parts = parts;
    this.#historyId = parts.historyId;
    this.#entries = listing.entries;
    this.#revision = listing.revision;
    this.#watch = listing.watch;
    this.#synced.resolve();
    if (parts.signal?.aborted) this.#onAbort();
    else parts.signal?.addEventListener("abort", this.#onAbort);
    void this.#follow();
  }

  /** The keys and what they hold, ascending by bytes. Live: it changes between two looks. */
  get entries(): ReadonlyMap<string, KeyValue> {
    return this.#entries;
  }

  /** What a key holds in the view. @throws {HoldfastError} INVALID_ARGUMENT */
  get(key: Key): KeyValue | undefined {
    return this.#entries.getBytes(toKey(key));
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The revision of which `entries` are the state. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Resolves once the view is in step with the store: at once, unless it has lost contact or place and is healing.
   * Rejects where it has ended meanwhile.
   */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** False while the view has lost contact or place and is healing, and once it has ended: `entries` may be old then. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Why the view has ended by itself. Undefined while it runs and after `close`. */
  get failure(): HoldfastError | undefined {
    return this.#failure as HoldfastError | undefined;
  }

  /** Ends the view and every iteration over it. `entries` stay as they are. Closing twice is fine. */
  close(): void {
    this.#halt(new HoldfastError("CLOSED", "the view was closed"));
    for (const feed of this.#feeds) feed.close();
    this.#feeds.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<ViewChange, undefined> {
    const feed = new ViewFeed((ended) => this.#feeds.delete(ended));
    for (const [key, kv] of this.#entries.inOrder()) feed.put(key, kv, undefined);
    if (this.#isSynced) feed.mark("synced", this.#revision);
    if (this.#failure !== undefined) feed.fail(this.#failure);
    else if (this.#stop.signal.aborted) feed.close();
    else this.#feeds.add(feed);
    return feed;
  }

  readonly #onAbort = (): void => this.#fail(aborted(this.#parts.signal!));

  #fail(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#failure = error;
    this.#halt(error);
    for (const feed of this.#feeds) feed.fail(error);
    this.#feeds.clear();
  }

  #halt(reason: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#loseSync();
    this.#synced.reject(reason);
    this.#parts.signal?.removeEventListener("abort", this.#onAbort);
    this.#stop.abort(reason);
    this.#watch.cancel();
  }

  async #follow(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const batch = await this.#watch.next();
        if (batch === undefined) return;
        if (!this.#stop.signal.aborted) this.#apply(batch);
      } catch (error) {
        await this.#heal(error);
      }
    }
  }

  #apply(batch: StoreWatchBatch): void {
    for (const { type, kv: stored } of batch.events) {
      if (type === "put") this.#put(stored.key, new KeyValue(stored));
      else this.#delete(stored.key, stored.revision);
    }
    this.#revision = Math.max(this.#revision, batch.revision);
    if (!this.#isSynced && this.#revision >= this.#syncRevision) this.#gainSync();
  }

  #put(key: ByteString, kv: KeyValue): void {
    const previous = this.#entries.getBytes(key);
    this.#entries.set(key, kv);
    for (const feed of this.#feeds) feed.put(key, kv, previous);
  }

  #delete(key: ByteString, revision: number): void {
    const previous = this.#entries.getBytes(key);
    if (previous === undefined) return;
    this.#entries.delete(key);
    const gone = { key, value: EMPTY, revision, createRevision: 0, version: 0, leaseId: NO_LEASE };
    const kv = new KeyValue(gone);
    for (const feed of this.#feeds) feed.delete(key, kv, previous);
  }

  #loseSync(): void {
    if (!this.#isSynced) return;
    this.#isSynced = false;
    this.#synced = deferred();
    // Nobody need be waiting.
    this.#synced.promise.catch(() => {});
  }

  #gainSync(): void {
    this.#isSynced = true;
    this.#synced.resolve();
    for (const feed of this.#feeds) if (!feed.isSynced) feed.mark("synced", this.#revision);
  }

  /** Until there is a watch again, or no hope. */
  async #heal(cause: unknown): Promise<void> {
    const { signal } = this.#stop;
    const { clock, random } = this.#parts.timing;
    this.#loseSync();
    let error = cause;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const isCompacted = isHoldfastError(error, "COMPACTED");
      const isRetryable = isHoldfastError(error) && error.retryable;
      if (!isCompacted && !isRetryable) return this.#fail(error);
      try {
        if (!isCompacted || attempt > 0) await pause(clock, backoffMs(random, attempt, BACKOFF), { signal });
        return await this.#reconnect(isCompacted);
      } catch (next) {
        error = next;
      }
    }
  }

  async #reconnect(isCompacted: boolean): Promise<void> {
    const { store, range } = this.#parts;
    const call = { signal: this.#stop.signal };
    const { historyId, revision } = await store.status(call);
    if (isCompacted || historyId !== this.#historyId || revision < this.#revision) {
      const listing = await listAndWatch(store, range, () => call);
      this.#historyId = historyId;
      this.#resync(listing);
    } else {
      const watch = await store.watch({ ...range, fromRevision: this.#revision + 1 }, call);
      this.#follows(watch);
      this.#syncRevision = watch.startRevision;
      if (this.#revision >= this.#syncRevision) this.#gainSync();
      else watch.requestProgress();
    }
  }

  /** Takes over a new listing and tells the readers how it differs from what they know. */
  #resync(listing: Listing): void {
    this.#follows(listing.watch);
    if (this.#stop.signal.aborted) return;
    const found = listing.entries.inOrder();
    for (const key of [...this.#entries.inOrder().keys()]) {
      if (!found.has(key)) this.#delete(key, listing.revision);
    }
    for (const [key, kv] of found) {
      if (!isSameState(this.#entries.getBytes(key), kv)) this.#put(key, kv);
    }
    this.#revision = listing.revision;
    for (const feed of this.#feeds) feed.mark("resync", this.#revision);
    this.#gainSync();
  }

  #follows(watch: StoreWatch): void {
    this.#watch = watch;
    if (this.#stop.signal.aborted) watch.cancel();
  }
}

/** The value is compared too: after a restore an equal revision may stand for another write. */
function isSameState(a: KeyValue | undefined, b: KeyValue): boolean {
  return (
    a !== undefined &&
    a.revision === b.revision &&
    a.createRevision === b.createRevision &&
    a.version === b.version &&
    a.leaseId === b.leaseId &&
    a.hasSameValue(b)
  );
}

/** Opens a view. @throws {HoldfastError} INVALID_ARGUMENT, UNAVAILABLE, ABORTED, TIMEOUT, CLOSED */
export async function openView(
  store: Store,
  range: KeyRange,
  { timing, budget }: { readonly timing: Timing; readonly budget: CallBudget },
): Promise<View> {
  const { historyId } = await store.status(budget.rest());
  const listing = await listAndWatch(store, range, () => budget.rest());
  return new View({ store, range, timing, signal: budget.signal, historyId }, listing);
}
