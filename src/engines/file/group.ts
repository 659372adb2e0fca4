/**
 * The commits that will share a sync, encoded as they come: one frame, or several where it grows large. The
 * group knows where in which segment it will lie, so each version learns its place at once.
 *
 * Two groups take turns: one fills while the other is on its way to the disk.
 */
import { ByteWriter } from "../../base/byte-writer.ts";
import { FRAME_HEADER_BYTES } from "../../disk/frame.ts";
import type { Commit } from "../../mvcc/commit.ts";
import type { Version } from "../../mvcc/version.ts";
import { FRAME, RECORD } from "./frame-types.ts";
import {
  type Closing,
  type SegmentsChange,
  writeClosing,
  writeLease,
  writeSegmentsChange,
} from "./log-records.ts";
import { versionBytes, writePatch, writePut, writeTombstone } from "./version-codec.ts";

/** A group beyond this goes out in several frames, each synced before the next. */
const FRAME_BYTES_MAX = 8 * 2 ** 20;
/** Memory that an empty group keeps for the next commits. */
const KEEP_BYTES = 16 * 2 ** 20;
/** Results up to this long are logged whole: a patch would hardly be shorter. */
const PATCH_ABOVE_BYTES = 64;
/** Longer results are logged whole: a patched value has to stay in memory, and these should not. */
const PATCH_UP_TO_BYTES = 64 * 1024;
/** Every so many writes of a key, its value is logged whole: what is damaged takes no more than that with it. */
const PATCHES_MAX = 32;

export interface GroupFrame {
  readonly type: number;
  /** Where its header starts in the group's bytes. */
  readonly at: number;
}

/** Someone who waits for a record of the engine's own to be durable. */
export interface RecordWaiter {
  resolve(): void;
  reject(error: unknown): void;
}

export class Group {
  readonly writer = new ByteWriter(256 * 1024);
  frames: GroupFrame[] = [];
  /** Values that leave memory once they are on disk. */
  spills: Version[] = [];
  waiters: RecordWaiter[] = [];
  commits = 0;
  /** Whether anything is in it that must be written: a preamble alone can wait. */
  isEmpty = true;
  /** About what its versions will take, for the balance of their segment; and those of them that stay in memory. */
  liveBytes = 0;
  inlineBytes = 0;
  tombstones = 0;
  changes: SegmentsChange[] = [];
  minRevision = Number.POSITIVE_INFINITY;
  maxRevision = 0;
  /** The highest revision that a commit in it compacts at. */
  compacted = 0;
  /** The segment it will lie in, and where its first byte will. */
  segment = 0;
  base = 0;

  readonly #spillAbove: number;
  #revision = 0;
  #timeMs = 0;

  constructor(inlineValueBytesMax: number) {
    this.#spillAbove = inlineValueBytesMax;
  }

  /** Starts again, to be written at `base` of a segment. */
  reset(segment: number, base: number): void {
    this.writer.reset(KEEP_BYTES);
    this.frames = [];
    this.spills = [];
    this.waiters = [];
    this.commits = 0;
    this.isEmpty = true;
    this.liveBytes = 0;
    this.inlineBytes = 0;
    this.tombstones = 0;
    this.changes = [];
    this.minRevision = Number.POSITIVE_INFINITY;
    this.maxRevision = 0;
    this.compacted = 0;
    this.segment = segment;
    this.base = base;
  }

  append(commit: Commit): void {
    this.commits++;
    if (commit.versions.length > 0) this.#appendVersions(commit);
    if (commit.granted !== undefined) {
      this.#begin(RECORD.granted);
      writeLease(this.writer, commit.granted);
    }
    if (commit.revoked !== undefined) {
      this.#begin(RECORD.revoked);
      this.writer.i64(commit.revoked);
    }
    if (commit.compacted !== undefined) {
      this.#begin(RECORD.compacted);
      this.writer.varint(commit.compacted);
      this.compacted = Math.max(this.compacted, commit.compacted);
    }
  }

  appendSegmentsChange(change: SegmentsChange): void {
    this.#begin(RECORD.segmentsChanged);
    writeSegmentsChange(this.writer, change);
    this.changes.push(change);
  }

  appendOpened(): void {
    this.#begin(RECORD.opened);
  }

  appendClosed(closing: Closing): void {
    this.#begin(RECORD.closed);
    writeClosing(this.writer, closing);
  }

  /** Starts a frame of another type; the caller writes its payload. */
  beginFrame(type: number): void {
    this.frames.push({ type, at: this.writer.skip(FRAME_HEADER_BYTES) });
    this.#revision = 0;
    this.#timeMs = 0;
  }

  #begin(record: number): void {
    this.isEmpty = false;
    const last = this.frames.at(-1);
    if (last === undefined || last.type !== FRAME.group || this.writer.length - last.at > FRAME_BYTES_MAX) {
      this.beginFrame(FRAME.group);
    }
    this.writer.u8(record);
  }

  #appendVersions({ revision, timeMs, versions, merges }: Commit): void {
    this.#begin(RECORD.commit);
    const writer = this.writer;
    const wholeMs = Math.floor(timeMs);
    // Differences to the commit before in the same frame; the first one's are to zero.
    writer.varint(revision - this.#revision);
    writer.zigzag(wholeMs - this.#timeMs);
    writer.varint(versions.length);
    this.#revision = revision;
    this.#timeMs = wholeMs;
    this.minRevision = Math.min(this.minRevision, revision);
    this.maxRevision = revision;
    for (let at = 0; at < versions.length; at++) {
      const version = versions[at]!;
      version.segment = this.segment;
      if (version.version === 0) this.#tombstone(version);
      else if (merges === undefined || !this.#tryPatch(version, merges)) this.#put(version);
    }
  }

  #put(version: Version): void {
    const bytes = versionBytes(version);
    this.liveBytes += bytes;
    version.offset = this.base + writePut(this.writer, version, version.value, this.#spillAbove);
    if (version.value.length > this.#spillAbove) this.spills.push(version);
    else this.inlineBytes += bytes;
  }

  #tombstone(version: Version): void {
    const bytes = versionBytes(version);
    this.liveBytes += bytes;
    this.inlineBytes += bytes;
    this.tombstones++;
    writeTombstone(this.writer, version);
  }

  /** Logs what the merges changed, where the value before lies in the same segment and it is worth it. */
  #tryPatch(version: Version, allMerges: NonNullable<Commit["merges"]>): boolean {
    const merges = allMerges.get(version);
    const { previous } = version;
    const length = version.value.length;
    if (merges === undefined || length <= PATCH_ABOVE_BYTES || length > PATCH_UP_TO_BYTES) return false;
    if (previous === undefined || previous.version === 0 || previous.segment !== this.segment) return false;
    if (version.version % PATCHES_MAX === 0) return false;
    let patchBytes = 0;
    for (const { operand } of merges) patchBytes += operand.length + 8;
    if (patchBytes * 2 > length) return false;
    writePatch(this.writer, version, merges);
    const bytes = versionBytes(version);
    this.liveBytes += bytes;
    this.inlineBytes += bytes;
    return true;
  }
}
