/**
 * The revisioned state machine: keys with their versions, history, leases. Pure and deterministic: no I/O, no
 * timers, no clock, no randomness of its own; the same calls give the same state.
 *
 * It runs ahead of the disk. A transaction is evaluated at once against the newest state and takes the next
 * revision; it stays pending until `publish` says that it is durable, or `discardPending` that it never will
 * be. Readers and watches see published revisions only.
 */
import { HoldfastError } from "../contract/errors.ts";
import type { TxnRequest } from "../contract/txn.ts";
import type { Commit } from "./commit.ts";
import { History } from "./history.ts";
import type { LeaseImage, StateImage } from "./image.ts";
import { type LoadedValues, NO_LOADED_VALUES, ValueSource } from "./spilled-values.ts";
import { type Evaluation, evaluateTxn } from "./txn-evaluator.ts";
import { tombstone, type Version } from "./version.ts";
import { FIRST_REVISION, VERSION_BYTES, VersionedKeys } from "./versioned-keys.ts";

/** A point in the sequence of commits up to which everything may be published. */
export interface CommitMark {
  readonly revision: number;
  readonly leaseChanges: number;
  readonly keys: number;
  readonly leases: number;
}

export class MvccState extends VersionedKeys {
  /** How to take back the lease changes that are not published yet, oldest first. */
  #leaseUndos: (() => void)[] = [];
  #leaseUndosBase = 0;
  /** Keys and leases that are published. */
  durableKeys = 0;
  durableLeases = 0;

  /**
   * Runs a transaction. @throws {HoldfastError} as `Store.txn`, with nothing changed;
   * {SpilledValuesNeeded} where values must be loaded and passed in first.
   */
  evaluate(request: TxnRequest, timeMs: number, loaded?: LoadedValues): Evaluation {
    const values = loaded === undefined ? NO_LOADED_VALUES : new ValueSource(loaded);
    return evaluateTxn(this, request, timeMs, values);
  }

  /** @param id unique, not {@link NO_LEASE} */
  grantLease(
    id: bigint,
    ttlMs: number,
    now: { readonly timeMs: number; readonly monotonicMs: number },
  ): Commit {
    if (this.leases.get(id) !== undefined) {
      throw new HoldfastError("LEASE_EXISTS", `lease ${id} exists`, { details: { leaseId: id } });
    }
    this.leases.add(id, ttlMs, now.monotonicMs + ttlMs);
    this.#leaseUndos.push(() => this.leases.remove(id));
    return { revision: this.revision, timeMs: now.timeMs, versions: [], granted: { id, ttlMs } };
  }

  /** Ends a lease and deletes its keys, in byte order, at one revision. @throws {HoldfastError} LEASE_NOT_FOUND */
  revokeLease(id: bigint, timeMs: number): Commit {
    const lease = this.leases.require(id);
    const keys = this.leases.keysOf(lease);
    const versions: Version[] = [];
    for (const key of keys) {
      const grave = tombstone(key, this.revision + 1, versions.length);
      this.link(grave, this.index.get(key));
      versions.push(grave);
    }
    this.leases.remove(id);
    this.#leaseUndos.push(() => this.leases.restore(lease));
    if (versions.length > 0) this.seal(this.revision + 1, versions, timeMs);
    return { revision: this.revision, timeMs, versions, revoked: id };
  }

  /** Everything evaluated so far. */
  mark(): CommitMark {
    const leaseChanges = this.#leaseUndosBase + this.#leaseUndos.length;
    return { revision: this.revision, leaseChanges, keys: this.liveKeys, leases: this.leases.size };
  }

  get hasPending(): boolean {
    return this.revision > this.durableRevision || this.#leaseUndos.length > 0;
  }

  /** Everything up to the mark is durable: readers may see it. */
  publish(mark: CommitMark): void {
    this.durableRevision = mark.revision;
    this.durableKeys = mark.keys;
    this.durableLeases = mark.leases;
    const settled = mark.leaseChanges - this.#leaseUndosBase;
    if (settled > 0) {
      this.#leaseUndos = this.#leaseUndos.slice(settled);
      this.#leaseUndosBase += settled;
    }
  }

  /** Forgets everything that is not published, as if it had never been evaluated. */
  discardPending(): void {
    // Leases first: taking back a write binds its key to the lease that it was bound to before.
    for (let at = this.#leaseUndos.length - 1; at >= 0; at--) this.#leaseUndos[at]!();
    this.#leaseUndosBase += this.#leaseUndos.length;
    this.#leaseUndos = [];
    while (this.revision > this.durableRevision) {
      const entry = this.history.pop();
      const versions = Array.isArray(entry) ? (entry as readonly Version[]) : [entry as Version];
      for (let at = versions.length - 1; at >= 0; at--) this.unlink(versions[at]!);
      this.revision--;
    }
    this.times.forgetAfter(this.revision);
  }

  leaseImages(nowMonotonicMs: number): LeaseImage[] {
    return this.leases.images(nowMonotonicMs);
  }

  /** Fills an empty state. */
  load(image: StateImage, nowMonotonicMs: number): void {
    this.revision = image.revision;
    this.durableRevision = image.revision;
    this.compactRevision = image.compactRevision;
    this.index.load(image.heads);
    this.times.load(image.times);
    for (const { id, ttlMs, remainingMs } of image.leases) {
      this.leases.add(id, ttlMs, nowMonotonicMs + Math.min(ttlMs, remainingMs));
    }
    this.#loadHistory(image);
    this.publish(this.mark());
  }

  /** Applies a commit that was logged before; everything in it is published at once. */
  replay(commit: Commit, nowMonotonicMs: number): void {
    for (const version of commit.versions) this.link(version, this.index.get(version.key));
    if (commit.versions.length > 0) {
      if (this.history.end === this.history.first) this.history = new History(commit.revision);
      this.seal(commit.revision, commit.versions, commit.timeMs);
    }
    if (commit.granted !== undefined) {
      this.leases.add(commit.granted.id, commit.granted.ttlMs, nowMonotonicMs + commit.granted.ttlMs);
    }
    if (commit.revoked !== undefined) this.leases.remove(commit.revoked);
    if (commit.compacted !== undefined) this.compact(Math.min(commit.compacted, this.revision));
    this.publish(this.mark());
  }

  #loadHistory(image: StateImage): void {
    const first = Math.min(Math.max(image.compactRevision, FIRST_REVISION + 1), image.revision + 1);
    const byRevision: Version[][] = [];
    for (const head of image.heads) {
      if (head.version !== 0) {
        this.liveKeys++;
        this.leases.attach(head.leaseId, head.key);
      }
      for (let version: Version | undefined = head; version !== undefined; version = version.previous) {
        if (version !== head) this.historyBytes += VERSION_BYTES + version.valueBytes;
        if (version.revision < first) continue;
        const slot = version.revision - first;
        byRevision[slot] ??= [];
        byRevision[slot].push(version);
      }
    }
    this.history = new History(first);
    for (let slot = 0; slot <= image.revision - first; slot++) {
      const versions = byRevision[slot] ?? [];
      versions.sort((a, b) => a.order - b.order);
      this.history.push(versions.length === 1 ? versions[0]! : versions);
    }
  }
}
