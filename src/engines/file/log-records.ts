/**
 * What a log says beside versions: leases, compaction, which segments there are. Each record is complete in
 * itself; together with a preamble they give the store's state at any place in the log.
 */
import type { ByteReader } from "../../base/byte-reader.ts";
import { ByteFormatError } from "../../base/byte-reader.ts";
import type { ByteWriter } from "../../base/byte-writer.ts";
import type { SegmentKind } from "../../disk/directory-layout.ts";
import type { LeaseRecord } from "../../mvcc/commit.ts";
import type { LeaseImage } from "../../mvcc/image.ts";
import type { TimeSample } from "../../mvcc/time-index.ts";

/** A sealed segment: it never changes again. */
export interface SegmentInfo {
  readonly id: number;
  readonly kind: SegmentKind;
  /** Where its last frame ends. */
  readonly bytes: number;
  /** Every version in it has a revision from `minRevision` to `maxRevision`. */
  readonly minRevision: number;
  readonly maxRevision: number;
  /** Holds no version that was dead when history began at this revision. 0 for a log segment. */
  readonly cleanAsOf: number;
  /** Bytes of tombstones that history no longer holds, kept because older segments may hold their keys. */
  readonly carriedBytes: number;
  /** What no version in it accounts for, and merging it again would not free. 0 for a log segment. */
  readonly overheadBytes: number;
  /** Tombstones in it, of whatever age; at least 1 where the number is not known. */
  readonly tombstones: number;
}

export interface SegmentsChange {
  readonly added: readonly SegmentInfo[];
  readonly removed: readonly number[];
  /** What the merge has dropped was dead as of this revision. */
  readonly compactRevision: number;
}

export interface Preamble {
  readonly revision: number;
  readonly compactRevision: number;
  /** All sealed segments. */
  readonly segments: readonly SegmentInfo[];
  readonly leases: readonly LeaseRecord[];
  readonly times: readonly TimeSample[];
}

export interface Closing {
  readonly compactRevision: number;
  readonly leases: readonly LeaseImage[];
}

const KIND_CODES: readonly (SegmentKind | undefined)[] = [undefined, "log", "merged"];

/** Newest samples that a preamble keeps as they are; of older ones it keeps at most as many again, evenly spread. */
const SAMPLES_KEPT = 4_096;

function writeList<T>(writer: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  writer.varint(items.length);
  for (const item of items) write(item);
}

function readList<T>(reader: ByteReader, read: () => T): T[] {
  const items: T[] = [];
  for (let left = reader.varint(); left > 0; left--) items.push(read());
  return items;
}

export function writeSegmentInfo(writer: ByteWriter, info: SegmentInfo): void {
  writer.varint(info.id);
  writer.u8(KIND_CODES.indexOf(info.kind));
  writer.varint(info.bytes);
  writer.varint(info.minRevision);
  writer.varint(info.maxRevision);
  writer.varint(info.cleanAsOf);
  writer.varint(info.carriedBytes);
  writer.varint(info.overheadBytes);
  writer.varint(info.tombstones);
}

export function readSegmentInfo(reader: ByteReader): SegmentInfo {
  const id = reader.varint();
  const kind = KIND_CODES[reader.u8()];
  if (kind === undefined) throw new ByteFormatError(`segment ${id} is of an unknown kind`);
  const bytes = reader.varint();
  const minRevision = reader.varint();
  const maxRevision = reader.varint();
  const cleanAsOf = reader.varint();
  const carriedBytes = reader.varint();
  const overheadBytes = reader.varint();
  const tombstones = reader.varint();
  return { id, kind, bytes, minRevision, maxRevision, cleanAsOf, carriedBytes, overheadBytes, tombstones };
}

export function writeLease(writer: ByteWriter, { id, ttlMs }: LeaseRecord): void {
  writer.i64(id);
  writer.f64(ttlMs);
}

export function readLease(reader: ByteReader): LeaseRecord {
  return { id: reader.i64(), ttlMs: reader.f64() };
}

export function writeTimes(writer: ByteWriter, times: readonly TimeSample[]): void {
  let revision = 0;
  let timeMs = 0;
  writeList(writer, thinned(times), (sample) => {
    const wholeMs = Math.floor(sample.timeMs);
    writer.varint(sample.revision - revision);
    writer.zigzag(wholeMs - timeMs);
    revision = sample.revision;
    timeMs = wholeMs;
  });
}

export function readTimes(reader: ByteReader): TimeSample[] {
  let revision = 0;
  let timeMs = 0;
  return readList(reader, () => {
    revision += reader.varint();
    timeMs += reader.zigzag();
    return { revision, timeMs };
  });
}

/** History kept forever has more samples than every segment should carry. */
function thinned(times: readonly TimeSample[]): readonly TimeSample[] {
  const older = times.length - SAMPLES_KEPT;
  if (older <= SAMPLES_KEPT) return times;
  const step = Math.ceil(older / SAMPLES_KEPT);
  return times.filter((_, at) => at >= older || at % step === 0);
}

export function writePreamble(writer: ByteWriter, preamble: Preamble): void {
  writer.varint(preamble.revision);
  writer.varint(preamble.compactRevision);
  writeList(writer, preamble.segments, (info) => writeSegmentInfo(writer, info));
  writeList(writer, preamble.leases, (lease) => writeLease(writer, lease));
  writeTimes(writer, preamble.times);
}

export function readPreamble(reader: ByteReader): Preamble {
  const revision = reader.varint();
  const compactRevision = reader.varint();
  const segments = readList(reader, () => readSegmentInfo(reader));
  const leases = readList(reader, () => readLease(reader));
  return { revision, compactRevision, segments, leases, times: readTimes(reader) };
}

export function writeSegmentsChange(writer: ByteWriter, change: SegmentsChange): void {
  writer.varint(change.compactRevision);
  writeList(writer, change.added, (info) => writeSegmentInfo(writer, info));
  writeList(writer, change.removed, (id) => writer.varint(id));
}

export function readSegmentsChange(reader: ByteReader): SegmentsChange {
  const compactRevision = reader.varint();
  const added = readList(reader, () => readSegmentInfo(reader));
  return { compactRevision, added, removed: readList(reader, () => reader.varint()) };
}

export function writeClosing(writer: ByteWriter, closing: Closing): void {
  writer.varint(closing.compactRevision);
  writeList(writer, closing.leases, (lease) => {
    writeLease(writer, lease);
    writer.f64(lease.remainingMs);
  });
}

export function readClosing(reader: ByteReader): Closing {
  const compactRevision = reader.varint();
  const leases = readList(reader, () => ({ ...readLease(reader), remainingMs: reader.f64() }));
  return { compactRevision, leases };
}
