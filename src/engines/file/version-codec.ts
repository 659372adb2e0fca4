/**
 * One version of a key as bytes: in a group (revision and order follow from the commit), in a merged segment
 * (both are written), each with all it needs, so that a version can be read without any other segment.
 *
 * What a merge operation did to a long value is kept as a patch, the bytes it covered, as long as the value
 * before it lies in the same segment.
 */
import type { ByteReader } from "../../base/byte-reader.ts";
import { ByteFormatError, slice } from "../../base/byte-reader.ts";
import { type ByteString, EMPTY } from "../../base/byte-string.ts";
import { type ByteWriter, putU32 } from "../../base/byte-writer.ts";
import { NO_LEASE } from "../../contract/key-value.ts";
import type { MergeOperation } from "../../contract/txn.ts";
import { crc32 } from "../../disk/checksum.ts";
import { Version } from "../../mvcc/version.ts";
import { VERSION } from "./frame-types.ts";

/** What a version takes on disk beside its key and value, about. */
const VERSION_OVERHEAD_BYTES = 12;

/** About what a version takes in a segment: for the balance of live and dead bytes. */
export function versionBytes({ key, valueBytes }: Pick<Version, "key" | "valueBytes">): number {
  return VERSION_OVERHEAD_BYTES + key.length + valueBytes;
}

/**
 * Writes a version with its value.
 * @param checkAbove values longer than this get a checksum of their own
 * @param place of a version in a merged segment; absent in a group
 * @returns where in the writer the value starts
 */
export function writePut(
  writer: ByteWriter,
  version: Version,
  value: ByteString,
  checkAbove: number,
  merged = false,
): number {
  const length = value.length;
  const leased = version.leaseId !== NO_LEASE;
  const checked = length > checkAbove;
  writer.u8(VERSION.put | (leased ? VERSION.leased : 0) | (checked ? VERSION.checked : 0));
  writeHead(writer, version, merged);
  writer.varint(length);
  if (!checked) {
    writer.raw(value);
    return writer.length - length;
  }
  const crcAt = writer.skip(4);
  writer.raw(value);
  putU32(writer.bytes, crcAt, crc32(writer.bytes.subarray(crcAt + 4, writer.length)));
  return crcAt + 4;
}

/** Writes a version of a merged segment whose value is copied from another, with its checksum. */
export function writeCopiedPut(writer: ByteWriter, version: Version, checkedValue: Uint8Array): number {
  const leased = version.leaseId !== NO_LEASE;
  writer.u8(VERSION.put | VERSION.checked | (leased ? VERSION.leased : 0));
  writeHead(writer, version, true);
  writer.varint(checkedValue.length - 4);
  writer.copy(checkedValue);
  return writer.length - checkedValue.length + 4;
}

export function writeTombstone(
  writer: ByteWriter,
  version: { readonly key: ByteString; readonly revision: number; readonly order: number },
  merged = false,
): void {
  writer.u8(VERSION.tombstone);
  writer.string(version.key);
  if (!merged) return;
  writer.varint(version.revision);
  writer.varint(version.order);
}

/** Writes what merges changed: the bytes that they covered, as they are in the result. */
export function writePatch(writer: ByteWriter, version: Version, merges: readonly MergeOperation[]): void {
  const leased = version.leaseId !== NO_LEASE;
  writer.u8(VERSION.patch | (leased ? VERSION.leased : 0));
  writeHead(writer, version, false);
  writer.varint(version.value.length);
  writer.varint(merges.length);
  for (const { offset, operand } of merges) {
    writer.varint(offset);
    writer.string(version.value.slice(offset, offset + operand.length) as ByteString);
  }
}

function writeHead(writer: ByteWriter, version: Version, merged: boolean): void {
  writer.string(version.key);
  if (merged) {
    writer.varint(version.revision);
    writer.varint(version.order);
  }
  writer.varint(version.revision - version.createRevision);
  writer.varint(version.version);
  if (version.leaseId !== NO_LEASE) writer.i64(version.leaseId);
}

/** A version as it lies in a file. One object is filled again and again, so that reading a million makes no garbage. */
export class VersionRecord {
  kind = 0;
  checked = false;
  key: ByteString = EMPTY;
  revision = 0;
  order = 0;
  createRevision = 0;
  version = 0;
  leaseId = NO_LEASE;
  /** Where the value lies in the file; for a patch, where its list of changes does. */
  valueStart = 0;
  /** Length of the value; for a patch, of the result. */
  valueLength = 0;

  get isTombstone(): boolean {
    return this.kind === VERSION.tombstone;
  }

  get isPatch(): boolean {
    return this.kind === VERSION.patch;
  }
}

/**
 * Reads the next version into `record`, whose revision and order must be set where it is not `merged`.
 * @throws {ByteFormatError}
 */
export function readVersion(reader: ByteReader, record: VersionRecord, merged: boolean): void {
  const flags = reader.u8();
  const kind = flags & VERSION.kindMask;
  record.kind = kind;
  record.checked = (flags & VERSION.checked) !== 0;
  record.key = reader.string();
  if (merged) {
    record.revision = reader.varint();
    record.order = reader.varint();
  }
  if (kind === VERSION.tombstone) {
    record.createRevision = 0;
    record.version = 0;
    record.leaseId = NO_LEASE;
    record.valueLength = 0;
    record.valueStart = 0;
    return;
  }
  record.createRevision = record.revision - reader.varint();
  record.version = reader.varint();
  record.leaseId = (flags & VERSION.leased) === 0 ? NO_LEASE : reader.i64();
  record.valueLength = reader.varint();
  if (kind === VERSION.put) {
    if (record.checked) reader.skip(4);
    record.valueStart = reader.skip(record.valueLength);
  } else if (kind === VERSION.patch && !merged) {
    record.valueStart = reader.position;
    for (let left = reader.varint(); left > 0; left--) {
      reader.varint();
      reader.skip(reader.varint());
    }
  } else {
    throw new ByteFormatError(`a version of unknown kind ${kind}`);
  }
}

/** The result of a patch whose list of changes starts at the reader's position. */
export function applyPatch(reader: ByteReader, before: ByteString, resultLength: number): ByteString {
  const result = Buffer.alloc(resultLength);
  result.write(before, "latin1");
  for (let left = reader.varint(); left > 0; left--) {
    const offset = reader.varint();
    const length = reader.varint();
    const start = reader.skip(length);
    if (offset + length > resultLength) throw new ByteFormatError("a patch reaches past its result");
    result.set(reader.bytes.subarray(start, start + length), offset);
  }
  return slice(result, 0, resultLength);
}

/** A version without its value: the caller decides where that is to be. */
export function versionOf(record: VersionRecord, value: ByteString): Version {
  return new Version(
    record.key,
    value,
    record.revision,
    record.order,
    record.createRevision,
    record.version,
    record.leaseId,
  );
}
