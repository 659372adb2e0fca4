/**
 * Every segment of the store with how much of it is still needed. The balance is kept as versions come and go,
 * so choosing what to merge costs no search through data.
 */
import type { SegmentKind } from "../../disk/directory-layout.ts";
import type { Version } from "../../mvcc/version.ts";
import type { SegmentInfo, SegmentsChange } from "./log-records.ts";
import { versionBytes } from "./version-codec.ts";

export class Segment {
  readonly id: number;
  readonly kind: SegmentKind;
  /** Where its last frame ends. */
  bytes = 0;
  minRevision = 0;
  maxRevision = 0;
  cleanAsOf = 0;
  carriedBytes = 0;
  overheadBytes = 0;
  /** Tombstones in it, whether history holds them or not; at least 1 where that is not known. */
  tombstones = 0;
  /** About what the versions in it take that history still holds. */
  liveBytes = 0;
  /** The part of `liveBytes` that memory holds, too. */
  inlineBytes = 0;
  isSealed = false;
  /** A merge has taken its place: it is here until its last versions have moved. */
  isReplaced = false;
  /** Could not be read: merging leaves it alone. */
  isDamaged = false;

  constructor(id: number, kind: SegmentKind) {
    this.id = id;
    this.kind = kind;
  }

  static from(info: SegmentInfo): Segment {
    const segment = new Segment(info.id, info.kind);
    segment.bytes = info.bytes;
    segment.minRevision = info.minRevision;
    segment.maxRevision = info.maxRevision;
    segment.cleanAsOf = info.cleanAsOf;
    segment.carriedBytes = info.carriedBytes;
    segment.overheadBytes = info.overheadBytes;
    segment.tombstones = info.tombstones;
    segment.isSealed = true;
    return segment;
  }

  info(): SegmentInfo {
    const { id, kind, bytes, minRevision, maxRevision, cleanAsOf } = this;
    const { carriedBytes, overheadBytes, tombstones } = this;
    return { id, kind, bytes, minRevision, maxRevision, cleanAsOf, carriedBytes, overheadBytes, tombstones };
  }

  /** What merging it leaves, about. */
  get keptBytes(): number {
    return this.liveBytes + this.carriedBytes + this.overheadBytes;
  }

  /** What merging it frees, about. */
  get deadBytes(): number {
    return Math.max(0, this.bytes - this.keptBytes);
  }
}

/** The segment that holds a version's bytes; still there, for a while, after the state machine has let go of it. */
export function segmentOf(version: Version): number {
  return Math.abs(version.segment);
}

/** Whether the state machine has let go of a version that someone still holds: its segment is negated. */
export function isDropped(version: Version): boolean {
  return version.segment < 0;
}

export class SegmentTable {
  readonly #segments = new Map<number, Segment>();
  /** Bytes of all segments, without the zeros written ahead. */
  bytes = 0;
  liveBytes = 0;
  /** What is neither live nor freed by merging. */
  #extraBytes = 0;
  /** Bytes that have ever come in: only grows. */
  writtenBytes = 0;
  #newestId = 0;

  /** What merging would free, about. */
  get deadBytes(): number {
    return this.bytes - this.liveBytes - this.#extraBytes;
  }

  get size(): number {
    return this.#segments.size;
  }

  all(): Segment[] {
    return [...this.#segments.values()];
  }

  get(id: number): Segment | undefined {
    return this.#segments.get(id);
  }

  /** Ids up to this one are not to be given again. */
  noteId(id: number): void {
    this.#newestId = Math.max(this.#newestId, id);
  }

  /** An id that no segment has had, as far as this table knows. */
  takeId(): number {
    return ++this.#newestId;
  }

  add(segment: Segment): void {
    this.#segments.set(segment.id, segment);
    this.noteId(segment.id);
    this.bytes += segment.bytes;
    this.liveBytes += segment.liveBytes;
    this.#extraBytes += segment.carriedBytes + segment.overheadBytes;
    this.writtenBytes += segment.bytes;
  }

  remove(id: number): void {
    const segment = this.#segments.get(id);
    if (segment === undefined) return;
    this.#segments.delete(id);
    this.bytes -= segment.bytes;
    this.liveBytes -= segment.liveBytes;
    this.#extraBytes -= segment.carriedBytes + segment.overheadBytes;
  }

  /** The segment has become `bytes` longer. */
  grow(segment: Segment, bytes: number): void {
    segment.bytes += bytes;
    this.bytes += bytes;
    this.writtenBytes += bytes;
  }

  /** A version of the state machine lies in this segment now. */
  addVersion(segment: Segment, version: Version): void {
    const bytes = versionBytes(version);
    this.addLive(segment, bytes, version.spilledBytes === 0 ? bytes : 0);
  }

  /** And now it does no more. */
  removeVersion(segment: Segment, version: Version): void {
    const bytes = versionBytes(version);
    this.addLive(segment, -bytes, version.spilledBytes === 0 ? -bytes : 0);
  }

  /** @param inlineBytes the part of `bytes` that memory holds, too */
  addLive(segment: Segment, bytes: number, inlineBytes: number): void {
    segment.liveBytes += bytes;
    segment.inlineBytes += inlineBytes;
    this.liveBytes += bytes;
  }

  /** The state machine no longer holds this version. */
  drop(version: Version): void {
    const segment = this.#segments.get(version.segment);
    version.segment = -version.segment;
    if (segment !== undefined) this.removeVersion(segment, version);
  }

  /** The log says which segments there are from now on. Those replaced stay in the table until they are removed. */
  apply(change: SegmentsChange): void {
    for (const id of change.removed) {
      const segment = this.#segments.get(id);
      if (segment !== undefined) segment.isReplaced = true;
    }
    for (const info of change.added) this.add(Segment.from(info));
  }

  /** The sealed segments that are part of the store. */
  sealed(): Segment[] {
    return this.all().filter((segment) => segment.isSealed && !segment.isReplaced);
  }

  sealedInfos(): SegmentInfo[] {
    return this.sealed().map((segment) => segment.info());
  }
}
