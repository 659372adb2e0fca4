/**
 * Writes a merged segment: complete versions, each independent of every other file. Used by the merger and by
 * everything that makes a store out of a state. Nothing names the file until its last byte is synced.
 */

import type { ByteString } from "../../base/byte-string.ts";
import { ByteWriter } from "../../base/byte-writer.ts";
import type { DirectoryLayout } from "../../disk/directory-layout.ts";
import { FRAME_HEADER_BYTES, framePlace, sealFrame } from "../../disk/frame.ts";
import type { FileSystem, OpenFile } from "../../disk/fs-port.ts";
import { putSegmentHeader, SEGMENT_HEADER_BYTES, segmentSalt } from "../../disk/segment-header.ts";
import { removeIfThere } from "../../disk/whole-file.ts";
import type { Version } from "../../mvcc/version.ts";
import { FRAME } from "./frame-types.ts";
import type { SegmentInfo } from "./log-records.ts";
import { versionBytes, writeCopiedPut, writePut, writeTombstone } from "./version-codec.ts";

/** A frame is closed when its payload has reached this. */
const FRAME_BYTES = 256 * 1024;
/** The file is synced in steps, so that no sync of the log has to wait for all of it. */
const SYNC_EVERY_BYTES = 2 * 2 ** 20;

export interface MergedWriterOptions {
  readonly fs: FileSystem;
  readonly layout: DirectoryLayout;
  readonly historyId: string;
  readonly id: number;
  readonly createdMs: number;
  /** Values longer than this get a checksum of their own. */
  readonly inlineValueBytesMax: number;
}

/** What of a tombstone is written. */
type Grave = Pick<Version, "key" | "revision" | "order">;

export class MergedWriter {
  readonly #options: MergedWriterOptions;
  readonly #file: OpenFile;
  readonly #salt: number;
  readonly #writer = new ByteWriter(FRAME_BYTES * 2);
  /** Where the writer's first byte goes in the file. */
  #base = 0;
  #frameAt = 0;
  #sequence = 1;
  #unsyncedBytes = 0;
  #minRevision = Number.POSITIVE_INFINITY;
  #maxRevision = 0;
  #carriedBytes = 0;
  /** What the versions in it account for. */
  #versionBytes = 0;
  #tombstones = 0;

  static async create(options: MergedWriterOptions): Promise<MergedWriter> {
    const path = options.layout.segment({ id: options.id, kind: "merged" });
    return new MergedWriter(options, await options.fs.open(path, "create"));
  }

  private constructor(options: MergedWriterOptions, file: OpenFile) {
    this.#options = options;
    this.#file = file;
    this.#salt = segmentSalt(options.historyId, options.id);
    this.#writer.skip(SEGMENT_HEADER_BYTES);
    const { id, historyId, createdMs } = options;
    putSegmentHeader(this.#writer.bytes, { id, kind: "merged", historyId, createdMs });
    this.#frameAt = this.#writer.skip(FRAME_HEADER_BYTES);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#base + this.#writer.length;
  }

  /** Nothing was added. */
  get isEmpty(): boolean {
    return this.#maxRevision === 0;
  }

  /** Enough is gathered that {@link drain} should be called. */
  get isFull(): boolean {
    return this.#writer.length - this.#frameAt >= FRAME_BYTES;
  }

  /** Adds a version with its value; gives the place of the value in the file. */
  put(version: Version, value: ByteString): number {
    this.#note(version.revision);
    this.#versionBytes += versionBytes(version);
    return this.#base + writePut(this.#writer, version, value, this.#options.inlineValueBytesMax, true);
  }

  /** Adds a version whose value, with the checksum before it, is copied from another segment. */
  copy(version: Version, checkedValue: Uint8Array): number {
    this.#note(version.revision);
    this.#versionBytes += versionBytes(version);
    return this.#base + writeCopiedPut(this.#writer, version, checkedValue);
  }

  tombstone(version: Grave): void {
    this.#versionBytes += versionBytes({ key: version.key, valueBytes: 0 });
    this.#addTombstone(version);
  }

  /** Adds a tombstone that history no longer holds. */
  carry(version: Grave): void {
    const before = this.#writer.length;
    this.#addTombstone(version);
    this.#carriedBytes += this.#writer.length - before;
  }

  /** Writes what is gathered. */
  async drain(): Promise<void> {
    const { bytes, length } = this.#writer;
    if (length - this.#frameAt > FRAME_HEADER_BYTES) {
      const facts = { type: FRAME.versions, sequence: this.#sequence++, unsynced: 0 };
      sealFrame(bytes, this.#frameAt, length, facts, framePlace(this.#salt, this.#base + this.#frameAt));
    } else {
      this.#writer.length = this.#frameAt;
    }
    await this.#file.write(this.#writer.written(), this.#base);
    this.#base += this.#writer.length;
    this.#unsyncedBytes += this.#writer.length;
    this.#writer.reset(FRAME_BYTES * 4);
    this.#frameAt = this.#writer.skip(FRAME_HEADER_BYTES);
    if (this.#unsyncedBytes < SYNC_EVERY_BYTES) return;
    this.#unsyncedBytes = 0;
    await this.#file.sync();
  }

  /** Writes the rest and syncs the file; its name is the caller's to sync. */
  async finish(cleanAsOf: number): Promise<SegmentInfo> {
    await this.drain();
    await this.#file.sync();
    await this.#file.close();
    return {
      id: this.#options.id,
      kind: "merged",
      bytes: this.#base,
      minRevision: Math.min(this.#minRevision, this.#maxRevision),
      maxRevision: this.#maxRevision,
      cleanAsOf,
      carriedBytes: this.#carriedBytes,
      overheadBytes: Math.max(0, this.#base - this.#versionBytes - this.#carriedBytes),
      tombstones: this.#tombstones,
    };
  }

  /** Gives up: removes the file. */
  async discard(): Promise<void> {
    const { fs, layout, id } = this.#options;
    await this.#file.close().catch(() => {});
    await removeIfThere(fs, layout.segment({ id, kind: "merged" })).catch(() => {});
  }

  #addTombstone(version: Grave): void {
    this.#note(version.revision);
    this.#tombstones++;
    writeTombstone(this.#writer, version, true);
  }

  #note(revision: number): void {
    this.#minRevision = Math.min(this.#minRevision, revision);
    this.#maxRevision = Math.max(this.#maxRevision, revision);
  }
}
