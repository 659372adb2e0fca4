/**
 * The index checkpoint: all versions as of one place in the log, in key order, with where their values lie. It
 * is derived: without it, or where it does not fit, the segments tell the same.
 *
 * The file is a header of 64 bytes and frames: a start (the place in the log), entries, an end. What compaction
 * took away while it was written is missing; the end says up to which revision that may be so, and the log behind
 * the place has what replaced it.
 */
import type { ByteReader } from "../../base/byte-reader.ts";
import { ByteFormatError } from "../../base/byte-reader.ts";
import { type ByteString, EMPTY } from "../../base/byte-string.ts";
import { type ByteWriter, getU32, putU32 } from "../../base/byte-writer.ts";
import { NO_LEASE } from "../../contract/key-value.ts";
import { crc32 } from "../../disk/checksum.ts";
import { FORMAT_VERSION } from "../../disk/identity.ts";
import { Version } from "../../mvcc/version.ts";
import { VERSION } from "./frame-types.ts";
import { type Preamble, readPreamble, writePreamble } from "./log-records.ts";
import type { LogPosition } from "./log-writer.ts";

/** What holds at the place in the log that a checkpoint stands for. What is in no segment of the list, is not in it. */
export interface CheckpointStart extends Preamble {
  readonly position: LogPosition;
}

export interface CheckpointEnd {
  /** Up to here compaction may have taken away what was being written. */
  readonly compactRevision: number;
  /** The log had reached this revision, durably, before the checkpoint got its name. */
  readonly logRevision: number;
  readonly entries: number;
}

export const CHECKPOINT_HEADER_BYTES = 64;
const MAGIC = Buffer.from("HFCHECKP", "latin1");

/** Seeds the checksums of the frame headers in a checkpoint. */
export function checkpointSalt(historyId: string): number {
  return crc32(Buffer.from(`${historyId}/checkpoint`, "latin1"));
}

export function putCheckpointHeader(bytes: Uint8Array, historyId: string): void {
  bytes.fill(0, 0, CHECKPOINT_HEADER_BYTES);
  bytes.set(MAGIC, 0);
  putU32(bytes, 8, FORMAT_VERSION);
  bytes.set(Buffer.from(historyId, "hex"), 16);
  putU32(bytes, 60, crc32(bytes.subarray(0, 60)));
}

/** Whether these bytes start a checkpoint of this format and history. */
export function hasCheckpointHeader(bytes: Uint8Array, historyId: string): boolean {
  if (bytes.length < CHECKPOINT_HEADER_BYTES) return false;
  const expected = new Uint8Array(CHECKPOINT_HEADER_BYTES);
  putCheckpointHeader(expected, historyId);
  return Buffer.compare(expected, bytes.subarray(0, CHECKPOINT_HEADER_BYTES)) === 0 && getU32(bytes, 60) > 0;
}

export function writeStart(writer: ByteWriter, start: CheckpointStart): void {
  writer.varint(start.position.segment);
  writer.varint(start.position.offset);
  writePreamble(writer, start);
}

export function readStart(reader: ByteReader): CheckpointStart {
  const position = { segment: reader.varint(), offset: reader.varint() };
  return { position, ...readPreamble(reader) };
}

export function writeEnd(writer: ByteWriter, end: CheckpointEnd): void {
  writer.varint(end.compactRevision);
  writer.varint(end.logRevision);
  writer.varint(end.entries);
}

export function readEnd(reader: ByteReader): CheckpointEnd {
  return { compactRevision: reader.varint(), logRevision: reader.varint(), entries: reader.varint() };
}

/**
 * @param isOlder an older version of the key that was written last: the key is not repeated
 * @param isInline the value itself is written, not where it lies
 */
export function writeEntry(
  writer: ByteWriter,
  version: Version,
  { isOlder, isInline }: { readonly isOlder: boolean; readonly isInline: boolean },
): void {
  const isTombstone = version.version === 0;
  const leased = version.leaseId !== NO_LEASE;
  writer.u8(
    (isTombstone ? VERSION.tombstone : VERSION.put) |
      (leased ? VERSION.leased : 0) |
      (version.spilledBytes > 0 ? VERSION.checked : 0) |
      (isInline ? VERSION.inline : 0),
  );
  writer.string(isOlder ? EMPTY : version.key);
  writer.varint(version.revision);
  writer.varint(version.order);
  writer.varint(Math.abs(version.segment));
  if (isTombstone) return;
  writer.varint(version.revision - version.createRevision);
  writer.varint(version.version);
  if (leased) writer.i64(version.leaseId);
  if (isInline) {
    writer.string(version.value);
  } else {
    writer.varint(version.valueBytes);
    writer.varint(version.offset);
  }
}

/**
 * Reads an entry. A value that is not inline is left out: `spilledBytes` and `offset` say where it lies.
 * @param lastKey the key of the entry before
 * @param onPlaced told of such versions, and whether the value has a checksum of its own
 */
export function readEntry(
  reader: ByteReader,
  lastKey: ByteString,
  onPlaced: (version: Version, isChecked: boolean) => void,
): Version {
  const flags = reader.u8();
  const kind = flags & VERSION.kindMask;
  if (kind !== VERSION.put && kind !== VERSION.tombstone)
    throw new ByteFormatError(`an entry of kind ${kind}`);
  const writtenKey = reader.string();
  const key = writtenKey === EMPTY ? lastKey : writtenKey;
  const revision = reader.varint();
  const order = reader.varint();
  const segment = reader.varint();
  if (kind === VERSION.tombstone) {
    const version = new Version(key, EMPTY, revision, order, 0, 0, NO_LEASE);
    version.segment = segment;
    return version;
  }
  const createRevision = revision - reader.varint();
  const number = reader.varint();
  const leaseId = (flags & VERSION.leased) === 0 ? NO_LEASE : reader.i64();
  const value = (flags & VERSION.inline) === 0 ? EMPTY : reader.string();
  const version = new Version(key, value, revision, order, createRevision, number, leaseId);
  version.segment = segment;
  if ((flags & VERSION.inline) === 0) {
    version.spilledBytes = reader.varint();
    version.offset = reader.varint();
    if (version.spilledBytes > 0) onPlaced(version, (flags & VERSION.checked) !== 0);
  }
  return version;
}
