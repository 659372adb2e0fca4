/**
 * The revisioned state machine: keys with their versions, history, leases. Pure and deterministic: no I/O, no
 * timers, no clock, no randomness of its own; the same calls give the same state.
 *
 * It runs ahead of the disk. A transaction is evaluated at once against the newest state and takes the next
 * revision; it stays pending until `publish` says that it is durable, or `discardPending` that it never will
 * be. Readers and watches see published revisions only.
 *
 *     revision        7   evaluated, what the next transaction sees
 *     durableRevision 5   published, what readers see; 6 and 7 are pending
 *     compactRevision 2   the oldest revision that can be read
 */
import { type ByteString, printable } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import { NO_LEASE } from "../contract/key-value.ts";
import { EMBEDDED_LIMITS } from "../contract/limits.ts";
import type { TxnRequest } from "../contract/txn.ts";
import type { Commit } from "./commit.ts";
import { History } from "./history.ts";
import type { LeaseImage, StateImage } from "./image.ts";
import { KeyIndex, type KeyRecord } from "./key-index.ts";
import { LeaseTable } from "./lease-table.ts";
import { type LoadedValues, NO_LOADED_VALUES, ValueSource } from "./spilled-values.ts";
import { TimeIndex } from "./time-index.ts";
import { type Evaluation, evaluateTxn } from "./txn-evaluator.ts";
import { tombstone, type Version } from "./version.ts";

/** A point in the sequence of commits up to which everything may be published. */
export interface CommitMark {
  readonly revision: number;
  readonly leaseChanges: number;
}

/** What a version costs in memory beyond its bytes, roughly: for the history bound, not for accounting. */
const VERSION_BYTES = 160;
const FIRST_REVISION = 1;

export class MvccState {
  readonly index = new KeyIndex();
  readonly leases = new LeaseTable();
  readonly times = new TimeIndex();
  history = new History(FIRST_REVISION + 1);
  revision = FIRST_REVISION;
  durableRevision = FIRST_REVISION;
  compactRevision = 0;
  /** Keys that exist in the newest state. */
  liveKeys = 0;
  /** Rough memory held by states that only history still needs. */
  historyBytes = 0;
  /** Told of every version that history no longer holds. */
  onDropped: (version: Version) => void = () => {};

  /** How to take back the lease changes that are not published yet, oldest first. */
  #leaseUndos: (() => void)[] = [];
  #leaseUndosBase = 0;
  /** Revisions that must stay readable although compaction has passed them. */
  readonly #pins = new Map<number, number>();

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
    return { revision: this.revision, leaseChanges: this.#leaseUndosBase + this.#leaseUndos.length };
  }

  get hasPending(): boolean {
    return this.revision > this.durableRevision || this.#leaseUndos.length > 0;
  }

  /** Everything up to the mark is durable: readers may see it. */
  publish(mark: CommitMark): void {
    this.durableRevision = mark.revision;
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

  /** Makes a version the newest of its key, whose record this is; undefined where the index does not know the key. */
  link(version: Version, record: KeyRecord | undefined): void {
    if (record === undefined) {
      this.index.add(version.key, version);
    } else {
      const head = record.head;
      record.head = version;
      version.previous = head;
      this.historyBytes += VERSION_BYTES + head.valueBytes;
      if (head.version !== 0) {
        this.liveKeys--;
        if (head.leaseId !== version.leaseId) this.leases.detach(head.leaseId, head.key);
      }
    }
    if (version.version !== 0) {
      this.liveKeys++;
      if (version.leaseId !== NO_LEASE) this.leases.attach(version.leaseId, version.key);
    }
  }

  /** Takes back the newest `link` of its key. */
  unlink(version: Version): void {
    const head = version.previous;
    if (version.version !== 0) {
      this.liveKeys--;
      this.leases.detach(version.leaseId, version.key);
    }
    if (head === undefined) {
      this.index.remove(version.key);
      return;
    }
    this.index.get(version.key)!.head = head;
    this.historyBytes -= VERSION_BYTES + head.valueBytes;
    if (head.version !== 0) {
      this.liveKeys++;
      this.leases.attach(head.leaseId, head.key);
    }
  }

  /** Gives linked versions their revision's place in history. */
  seal(revision: number, versions: readonly Version[], timeMs: number): void {
    this.history.push(versions.length === 1 ? versions[0]! : versions);
    this.revision = revision;
    this.times.note(revision, timeMs);
  }

  /** @throws {HoldfastError} COMPACTED, FUTURE_REVISION (beyond `newest`) */
  checkReadable(revision: number, newest: number): void {
    if (revision > newest) {
      throw new HoldfastError(
        "FUTURE_REVISION",
        `revision ${revision} has not happened: the store is at ${newest}`,
        {
          details: { revision, currentRevision: newest },
        },
      );
    }
    if (revision < this.compactRevision) throw compactedError(revision, this.compactRevision);
  }

  checkValueLength(key: ByteString, length: number): void {
    const max = EMBEDDED_LIMITS.valueBytesMax;
    if (length <= max) return;
    throw new HoldfastError(
      "LIMIT_EXCEEDED",
      `the value of ${printable(key)} would have ${length} bytes; at most ${max} are allowed`,
      {
        details: { limit: "valueBytesMax", max, actual: length },
      },
    );
  }

  /**
   * Forgets history before `revision`: of every key the newest version as of it stays, unless that is a
   * tombstone older than it. Costs time in proportion to what is forgotten. No-op at or below the present point.
   */
  compact(revision: number): void {
    if (revision <= this.compactRevision) return;
    this.compactRevision = revision;
    this.#trim();
  }

  /** Keeps `revision` readable through `headsAfter` chains until `unpin`, whatever is compacted meanwhile. */
  pin(revision: number): void {
    this.#pins.set(revision, (this.#pins.get(revision) ?? 0) + 1);
  }

  unpin(revision: number): void {
    const count = this.#pins.get(revision) ?? 0;
    if (count > 1) this.#pins.set(revision, count - 1);
    else this.#pins.delete(revision);
    this.#trim();
  }

  /** Newest versions, pending ones and tombstones too, ascending after `key`: lets a long walk pause between calls. */
  headsAfter(key: ByteString | undefined, limit: number): Version[] {
    return this.index.after(key, limit).map((record) => record.head);
  }

  head(key: ByteString): Version | undefined {
    return this.index.get(key)?.head;
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
    this.durableRevision = this.revision;
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

  /** Drops what compaction has passed and no pin needs. */
  #trim(): void {
    let until = Math.min(this.compactRevision, this.history.end);
    for (const pinned of this.#pins.keys()) until = Math.min(until, pinned);
    for (let revision = this.history.first; revision < until; revision++) {
      this.history.forEachAt(revision, (version) => this.#forgetBefore(version));
    }
    this.history.forgetBefore(until);
    this.times.forgetBefore(this.compactRevision);
  }

  /** History passes this version: whatever it replaced is gone, and so is it, if it is a tombstone that still stands. */
  #forgetBefore(version: Version): void {
    for (let older = version.previous; older !== undefined; older = older.previous) {
      this.historyBytes -= VERSION_BYTES + older.valueBytes;
      this.onDropped(older);
    }
    version.previous = undefined;
    if (version.version !== 0) return;
    if (this.index.get(version.key)?.head === version) {
      this.index.remove(version.key);
      this.onDropped(version);
    }
  }

  /** Invariants that always hold; for tests and simulations. */
  assertValid(): void {
    this.index.assertValid();
    let live = 0;
    for (const { head } of this.index.after(undefined, this.index.size)) {
      if (head.version !== 0) live++;
      for (let version = head; version.previous !== undefined; version = version.previous) {
        if (version.previous.revision > version.revision)
          throw new Error(`versions of ${printable(head.key)} out of order`);
      }
      if (head.revision > this.revision) throw new Error(`${printable(head.key)} is newer than the store`);
      if (head.leaseId !== NO_LEASE && this.leases.get(head.leaseId)?.keys?.has(head.key) !== true) {
        throw new Error(`${printable(head.key)} is not bound to its lease ${head.leaseId}`);
      }
    }
    if (live !== this.liveKeys) throw new Error(`${live} live keys, counted ${this.liveKeys}`);
    if (this.durableRevision > this.revision) throw new Error("published more than evaluated");
    if (this.history.end !== this.revision + 1)
      throw new Error(`history ends at ${this.history.end}, revision ${this.revision}`);
    for (const lease of this.leases.all()) {
      for (const key of lease.keys ?? []) {
        if (this.index.get(key)?.head.leaseId !== lease.id)
          throw new Error(`lease ${lease.id} holds a key that is not its own`);
      }
    }
  }
}

export function compactedError(revision: number, compactRevision: number): HoldfastError {
  return new HoldfastError(
    "COMPACTED",
    `revision ${revision} has been compacted: history starts at ${compactRevision}`,
    {
      details: { revision, compactRevision },
    },
  );
}
