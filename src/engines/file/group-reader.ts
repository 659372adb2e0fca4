/** Reads the payload of a group frame, or of a frame of merged versions, back. */
import { ByteFormatError, type ByteReader } from "../../base/byte-reader.ts";
import { type Frame, readerOf } from "../../disk/frame.ts";
import { FRAME, RECORD } from "./frame-types.ts";
import {
  type Closing,
  readClosing,
  readLease,
  readSegmentsChange,
  type SegmentsChange,
} from "./log-records.ts";
import { readVersion, VersionRecord } from "./version-codec.ts";

/** Told what a frame holds, in order. */
export interface RecordVisitor {
  /** @param record filled anew for each version: copy what is to be kept */
  version?(record: VersionRecord): void;
  /** A commit whose versions have been given. */
  commit?(revision: number, timeMs: number): void;
  granted?(id: bigint, ttlMs: number): void;
  revoked?(id: bigint): void;
  compacted?(revision: number): void;
  segmentsChanged?(change: SegmentsChange): void;
  opened?(): void;
  closed?(closing: Closing): void;
}

/** @throws {ByteFormatError} where the payload is not what a writer of this format makes, though its checksum holds */
export function readRecords(bytes: Uint8Array, frame: Frame, visitor: RecordVisitor): void {
  const reader = readerOf(bytes, frame);
  const record = new VersionRecord();
  if (frame.type === FRAME.versions) {
    while (!reader.done) {
      readVersion(reader, record, true);
      visitor.version?.(record);
    }
    return;
  }
  if (frame.type === FRAME.group) new GroupReader(reader, record, visitor).readAll();
}

class GroupReader {
  readonly #reader: ByteReader;
  readonly #record: VersionRecord;
  readonly #visitor: RecordVisitor;
  #revision = 0;
  #timeMs = 0;

  constructor(reader: ByteReader, record: VersionRecord, visitor: RecordVisitor) {
    this.#reader = reader;
    this.#record = record;
    this.#visitor = visitor;
  }

  readAll(): void {
    while (!this.#reader.done) this.#readOne(this.#reader.u8());
  }

  /** Each record is read before anyone is told, so that what nobody asked for is passed over all the same. */
  #readOne(kind: number): void {
    const reader = this.#reader;
    const visitor = this.#visitor;
    if (kind === RECORD.commit) {
      this.#commit();
    } else if (kind === RECORD.granted) {
      const { id, ttlMs } = readLease(reader);
      visitor.granted?.(id, ttlMs);
    } else if (kind === RECORD.revoked) {
      const id = reader.i64();
      visitor.revoked?.(id);
    } else if (kind === RECORD.compacted) {
      const revision = reader.varint();
      visitor.compacted?.(revision);
    } else if (kind === RECORD.segmentsChanged) {
      const change = readSegmentsChange(reader);
      visitor.segmentsChanged?.(change);
    } else if (kind === RECORD.closed) {
      const closing = readClosing(reader);
      visitor.closed?.(closing);
    } else if (kind === RECORD.opened) {
      visitor.opened?.();
    } else {
      throw new ByteFormatError(`a record of unknown kind ${kind}`);
    }
  }

  #commit(): void {
    const reader = this.#reader;
    const record = this.#record;
    const visitor = this.#visitor;
    this.#revision += reader.varint();
    this.#timeMs += reader.zigzag();
    const count = reader.varint();
    for (let order = 0; order < count; order++) {
      record.revision = this.#revision;
      record.order = order;
      readVersion(reader, record, false);
      visitor.version?.(record);
    }
    visitor.commit?.(this.#revision, this.#timeMs);
  }
}
