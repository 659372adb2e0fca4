/**
 * Watches as cursors over history. A watch whose consumer waits is handed new events as they are published; one
 * whose consumer is busy only remembers the first revision that concerns it and reads history from there when
 * it is asked again. So a consumer that never reads costs two numbers, however much is written.
 *
 * Example: a watch on `a` waits; put a @5 → given at once. The consumer is busy while a @6, b @7, a @8 are
 * published: the cursor notes 6. `next` reads 6 to 8 from history and gives a @6 and a @8 as one batch. Had
 * compaction reached 7 by then, `next` would reject with COMPACTED.
 */
import type { ByteString } from "../base/byte-string.ts";
import type { Defer } from "../base/defer.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { HoldfastError } from "../contract/errors.ts";
import { type KeyRange, rangeHas } from "../contract/key-range.ts";
import type { Watch, WatchBatch, WatchEvent, WatchRequest } from "../contract/watch.ts";
import { type IntervalHandle, IntervalTree } from "./interval-tree.ts";
import type { MvccState } from "./mvcc-state.ts";
import type { Version } from "./version.ts";
import { compactedError } from "./versioned-keys.ts";

/** A batch read from history stops at the first revision boundary after this many events… */
const BATCH_EVENTS = 1_000;
/** …or this many value bytes, and a walk through history that finds nothing pauses after this many revisions. */
const BATCH_BYTES = 4 * 2 ** 20;
const WALK_REVISIONS = 20_000;

/** A cursor knows the first revision it has yet to read, or that there is none. */
const NOTHING_PENDING = 0;

export class WatchHub {
  readonly state: MvccState;
  readonly defer: Defer;
  readonly #byKey = new Map<ByteString, Set<WatchCursor>>();
  readonly #byRange = new IntervalTree<WatchCursor>();
  readonly #cursors = new Set<WatchCursor>();
  /** Cursors that were handed events of the revisions being published. */
  #handed: WatchCursor[] = [];

  constructor(state: MvccState, defer: Defer) {
    this.state = state;
    this.defer = defer;
  }

  get size(): number {
    return this.#cursors.size;
  }

  /** @throws {HoldfastError} COMPACTED */
  add(request: WatchRequest): WatchCursor {
    const from = request.fromRevision ?? 0;
    if (from > 0 && from < this.state.compactRevision) throw compactedError(from, this.state.compactRevision);
    const cursor = new WatchCursor(this, request);
    this.#cursors.add(cursor);
    if (request.end === undefined) {
      const peers = this.#byKey.get(request.key);
      if (peers === undefined) this.#byKey.set(request.key, new Set([cursor]));
      else peers.add(cursor);
    } else {
      cursor.interval = this.#byRange.add({ key: request.key, end: request.end }, cursor);
    }
    return cursor;
  }

  remove(cursor: WatchCursor): void {
    if (!this.#cursors.delete(cursor)) return;
    if (cursor.interval !== undefined) {
      this.#byRange.remove(cursor.interval);
      return;
    }
    const peers = this.#byKey.get(cursor.range.key)!;
    peers.delete(cursor);
    if (peers.size === 0) this.#byKey.delete(cursor.range.key);
  }

  /** Tells watches of the revisions after `from` up to `to`, which the state has published. */
  publish(from: number, to: number): void {
    if (this.#cursors.size === 0) return;
    for (let revision = from + 1; revision <= to; revision++) {
      this.state.history.forEachAt(revision, (version) => this.#tell(version));
    }
    const handed = this.#handed;
    this.#handed = [];
    for (const cursor of handed) cursor.deliver(to);
  }

  #tell(version: Version): void {
    const peers = this.#byKey.get(version.key);
    if (peers === undefined && this.#byRange.size === 0) return;
    const events = new EventPair(version);
    if (peers !== undefined) for (const cursor of peers) this.#offer(cursor, events);
    this.#byRange.visit(version.key, (cursor) => this.#offer(cursor, events));
  }

  #offer(cursor: WatchCursor, events: EventPair): void {
    if (cursor.offer(events)) this.#handed.push(cursor);
  }

  /** Ends every watch with this error. */
  close(error: HoldfastError): void {
    for (const cursor of [...this.#cursors]) cursor.fail(error);
  }

  assertValid(): void {
    this.#byRange.assertValid();
    let exact = 0;
    for (const peers of this.#byKey.values()) exact += peers.size;
    if (exact + this.#byRange.size !== this.#cursors.size) throw new Error("watch hub: cursors are lost");
  }
}

/** The event of one version, made once and shared by all watches that want the same form of it. */
class EventPair {
  readonly version: Version;
  #plain: WatchEvent | undefined;
  #withPrevious: WatchEvent | undefined;

  constructor(version: Version) {
    this.version = version;
  }

  give(withPrevious: boolean): WatchEvent {
    if (withPrevious) {
      this.#withPrevious ??= makeEvent(this.version, true);
      return this.#withPrevious;
    }
    this.#plain ??= makeEvent(this.version, false);
    return this.#plain;
  }
}

function makeEvent(version: Version, withPrevious: boolean): WatchEvent {
  const type = version.version === 0 ? "delete" : "put";
  const before = withPrevious ? version.previous : undefined;
  return before === undefined || before.version === 0
    ? { type, kv: version }
    : { type, kv: version, previous: before };
}

export class WatchCursor implements Watch {
  readonly startRevision: number;
  readonly range: KeyRange;
  interval: IntervalHandle | undefined;
  readonly #hub: WatchHub;
  readonly #withPrevious: boolean;
  readonly #only: "put" | "delete" | undefined;
  /** Revisions before this one are not of interest. */
  readonly #from: number;
  #pendingFrom: number;
  #waiting: Deferred<WatchBatch | undefined> | undefined;
  #handed: WatchEvent[] = [];
  #progressWanted = false;
  #end: HoldfastError | "cancelled" | undefined;

  constructor(hub: WatchHub, request: WatchRequest) {
    this.#hub = hub;
    this.range = { key: request.key, end: request.end };
    this.#withPrevious = request.previous === true;
    this.#only = request.only;
    this.startRevision = hub.state.durableRevision;
    const from = request.fromRevision ?? 0;
    this.#from = from > 0 ? from : this.startRevision + 1;
    this.#pendingFrom = this.#from <= this.startRevision ? this.#from : NOTHING_PENDING;
  }

  next(): Promise<WatchBatch | undefined> {
    if (this.#end !== undefined) return this.#ended();
    if (this.#waiting !== undefined) {
      return Promise.reject(
        new HoldfastError("INVALID_ARGUMENT", "next() was called while an earlier call still waits"),
      );
    }
    if (this.#pendingFrom !== NOTHING_PENDING) {
      const batch = this.#readHistory();
      if (batch !== undefined) return Promise.resolve(batch);
      if (this.#end !== undefined) return this.#ended();
    }
    if (this.#pendingFrom !== NOTHING_PENDING) this.#hub.defer(() => this.#walkOn());
    else if (this.#progressWanted) return Promise.resolve(this.#progressBatch());
    this.#waiting = deferred();
    return this.#waiting.promise;
  }

  requestProgress(): void {
    this.#progressWanted = true;
    if (this.#waiting !== undefined && this.#pendingFrom === NOTHING_PENDING) {
      this.#settle(this.#progressBatch());
    }
  }

  cancel(): void {
    if (this.#end !== undefined) return;
    this.#end = "cancelled";
    this.#hub.remove(this);
    this.#settle(undefined);
  }

  fail(error: HoldfastError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#hub.remove(this);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  /** A version in range was published. True where this is the first event handed to a waiting consumer. */
  offer(events: EventPair): boolean {
    const { version } = events;
    if (version.revision < this.#from || !this.#wants(version)) return false;
    if (this.#waiting === undefined || this.#pendingFrom !== NOTHING_PENDING) {
      if (this.#pendingFrom === NOTHING_PENDING) this.#pendingFrom = version.revision;
      return false;
    }
    this.#handed.push(events.give(this.#withPrevious));
    return this.#handed.length === 1;
  }

  /** Gives the handed events; everything up to `revision` has been offered. */
  deliver(revision: number): void {
    const events = this.#handed;
    this.#handed = [];
    this.#settle({ revision, events });
  }

  #wants(version: Version): boolean {
    return this.#only === undefined || (this.#only === "delete") === (version.version === 0);
  }

  #ended(): Promise<undefined> {
    return this.#end === "cancelled" ? Promise.resolve(undefined) : Promise.reject(this.#end);
  }

  #settle(batch: WatchBatch | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(batch);
  }

  #progressBatch(): WatchBatch {
    this.#progressWanted = false;
    return { revision: this.#hub.state.durableRevision, events: [] };
  }

  /** Continues a long walk through history for a consumer that waits. */
  #walkOn(): void {
    if (this.#waiting === undefined) return;
    const batch = this.#readHistory();
    if (batch !== undefined) this.#settle(batch);
    else if (this.#end !== undefined) return;
    else if (this.#pendingFrom !== NOTHING_PENDING) this.#hub.defer(() => this.#walkOn());
    else if (this.#progressWanted) this.requestProgress();
  }

  /** The next batch of what is pending; undefined where the walk found nothing, has to pause, or failed. */
  #readHistory(): WatchBatch | undefined {
    const { state } = this.#hub;
    const start = this.#pendingFrom;
    if (start < state.compactRevision) {
      this.fail(compactedError(start, state.compactRevision));
      return undefined;
    }
    const events: WatchEvent[] = [];
    let bytes = 0;
    let revision = Math.max(start, state.history.first) - 1; // a fresh store is at 1 and has no history of it
    const stop = Math.min(state.durableRevision, revision + WALK_REVISIONS);
    while (revision < stop && events.length < BATCH_EVENTS && bytes < BATCH_BYTES) {
      revision++;
      state.history.forEachAt(revision, (version) => {
        if (!rangeHas(this.range, version.key) || !this.#wants(version)) return;
        events.push(makeEvent(version, this.#withPrevious));
        bytes += version.valueBytes;
      });
    }
    this.#pendingFrom = revision >= state.durableRevision ? NOTHING_PENDING : revision + 1;
    return events.length === 0 ? undefined : { revision, events };
  }
}
