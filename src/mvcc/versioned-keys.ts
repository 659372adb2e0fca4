/**
 * Keys with their versions, and the history that orders them by revision: the part of the state machine that
 * transactions write to and compaction trims.
 *
 *     revision        7   evaluated, what the next transaction sees
 *     durableRevision 5   published, what readers see; 6 and 7 are pending
 *     compactRevision 2   the oldest revision that can be read
 */
import { type ByteString, printable } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import { NO_LEASE } from "../contract/key-value.ts";
import { EMBEDDED_LIMITS } from "../contract/limits.ts";
import { History } from "./history.ts";
import { KeyIndex, type KeyRecord } from "./key-index.ts";
import { LeaseTable } from "./lease-table.ts";
import { TimeIndex } from "./time-index.ts";
import type { Version } from "./version.ts";

/** What a version costs in memory beyond its bytes, roughly: for the history bound, not for accounting. */
export const VERSION_BYTES = 160;
export const FIRST_REVISION = 1;

export class VersionedKeys {
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

  /** Revisions that must stay readable although compaction has passed them. */
  readonly #pins = new Map<number, number>();

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
