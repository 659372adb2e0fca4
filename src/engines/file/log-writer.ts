/**
 * Puts groups of commits on the disk, one after another, and moves on from one log segment to the next.
 *
 * The next group is written only when the one before it is synced, and each frame says how many frames before
 * it were not synced yet. So at open, a broken frame with any later good one behind it that vouches for it was
 * damaged after it had been acknowledged; one without was never acknowledged, and may be cut.
 *
 * Rolling costs a commit nothing. The next segment's file is made ahead, empty, and its directory synced. When a
 * group fills the segment, the group after it goes into that file, together with the segment's header and a
 * preamble, by one write and one sync; only then the older segment counts as sealed. A crash in between leaves
 * a file without an acknowledged frame, which the next open removes.
 *
 * The preamble is what the state was when the last group of the older segment was closed to new commits: it is
 * taken then, since the commits that come next already belong to the next group.
 */
import type { DirectoryLayout } from "../../disk/directory-layout.ts";
import { framePlace, sealFrame } from "../../disk/frame.ts";
import { isOutOfSpace } from "../../disk/io-error.ts";
import { putSegmentHeader, SEGMENT_HEADER_BYTES } from "../../disk/segment-header.ts";
import type { SegmentWriter } from "../../disk/segment-writer.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import { FRAME } from "./frame-types.ts";
import type { Group } from "./group.ts";
import { NothingKept, WriteFailed } from "./log-errors.ts";
import { type SegmentInfo, type SegmentsChange, writePreamble } from "./log-records.ts";
import { NextSegment, type OpenSegment } from "./next-segment.ts";
import type { FileStoreSettings } from "./options.ts";
import type { Segment, SegmentTable } from "./segment-table.ts";

/** A place in the log: everything before it has happened, nothing after it. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

export interface LogWriterOptions {
  readonly settings: FileStoreSettings;
  readonly layout: DirectoryLayout;
  readonly historyId: string;
  readonly state: MvccState;
  readonly table: SegmentTable;
  readonly active: OpenSegment;
  readonly nextSequence: number;
  /** Told of a failed sync that no group waits for. */
  readonly onSyncFailed: (error: unknown) => void;
}

const MIB = 2 ** 20;
const SEGMENT_BYTES_MIN = 4 * MIB;
const SEGMENT_BYTES_MAX = 64 * MIB;
/** Of the live data: so that a segment's garbage is a small part of the whole. */
const SEGMENT_SHARE = 8;
/** A segment is at least this many times its preamble, however many leases that lists. */
const PREAMBLE_SHARE = 16;

export class LogWriter {
  readonly #options: LogWriterOptions;
  #active: OpenSegment;
  readonly #next: NextSegment;
  #nextSequence: number;
  /** The newest frame that is certainly on the disk. */
  #syncedSequence: number;
  /** The highest revision that a commit in the log compacts at. */
  #compacted = 0;
  #preambleBytes = 0;
  /** Files of sealed segments on their way to be closed. */
  #closing = Promise.resolve();
  /** The last sync that is not part of writing a group. Never rejects. */
  #syncing: Promise<void> = Promise.resolve();
  #syncError: unknown;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#active = options.active;
    this.#next = new NextSegment({ ...options, syncDirectory: () => this.syncDirectory() });
    this.#nextSequence = options.nextSequence;
    this.#syncedSequence = options.nextSequence - 1;
  }

  get active(): Segment {
    return this.#active.segment;
  }

  /** Where the log ends. */
  get end(): LogPosition {
    return { segment: this.#active.segment.id, offset: this.#active.writer.end };
  }

  get isSynced(): boolean {
    return this.#syncedSequence === this.#nextSequence - 1;
  }

  /**
   * Makes the next segment now where the present one is full already: a process that writes little and ends would
   * else never come to it, and the log of many such processes would be one segment that nothing can merge.
   */
  async rollIfFull(): Promise<void> {
    if (this.#active.writer.end >= this.#segmentBytes()) await this.#next.prepare();
  }

  /** Makes an empty group ready to be written after everything that is in the log. */
  placeFirst(group: Group): void {
    group.reset(this.#active.segment.id, this.#active.writer.end);
  }

  /** Makes an empty group ready to be written after `previous` (which may be empty), in the next segment if it is time. */
  placeAfter(group: Group, previous: Group): void {
    const end = previous.base + previous.writer.length;
    const next = this.#next.made?.segment;
    const isTime = previous.segment === this.#active.segment.id && end >= this.#segmentBytes();
    if (next === undefined || !isTime) {
      group.reset(previous.segment, end);
      return;
    }
    group.reset(next.id, 0);
    next.minRevision = this.#options.state.revision;
    next.maxRevision = this.#options.state.revision;
    this.#writeOpening(group, next, previous);
  }

  /**
   * Writes the group, and syncs it where the store promises that.
   * @throws {NothingKept} where the disk was full and all of it could be taken back; any other error is final
   */
  async write(group: Group): Promise<void> {
    const target = group.segment === this.#active.segment.id ? this.#active : this.#next.made!;
    const firstSequence = this.#nextSequence;
    try {
      // A frame in the next segment vouches for all before it.
      if (target !== this.#active && !this.isSynced) await this.sync();
      await this.#writeFrames(group, target);
    } catch (error) {
      if (!(error instanceof WriteFailed) || !isOutOfSpace(error.cause)) throw error;
      // Its sync must not run beside one that fails.
      await this.#syncing;
      if (this.#syncError !== undefined) throw this.#syncError;
      target.writer.end = group.base;
      await target.writer.cutBack();
      this.#nextSequence = firstSequence;
      this.#syncedSequence = Math.min(this.#syncedSequence, firstSequence - 1);
      throw new NothingKept("the disk is full", { cause: error.cause });
    }
    if (target !== this.#active) this.#switchTo(target);
    this.#account(group, target.segment);
    if (this.#active.writer.end >= this.#segmentBytes() / 2) void this.#next.prepare();
  }

  /**
   * Brings what was written so far to the disk. One at a time: a sync beside one that fails could succeed, and
   * prove nothing.
   */
  sync(): Promise<void> {
    const sync = this.#syncing.then(() => this.#syncNow());
    this.#syncing = sync.catch(() => {});
    return sync;
  }

  async #syncNow(): Promise<void> {
    if (this.#syncError !== undefined) throw this.#syncError;
    if (this.isSynced) return;
    const sequence = this.#nextSequence - 1;
    try {
      await this.#active.writer.file.sync();
    } catch (error) {
      this.#syncError = error;
      throw error;
    }
    this.#syncedSequence = Math.max(this.#syncedSequence, sequence);
  }

  /** Gives back zeros written ahead and lets go of the files. Nothing may be under way. */
  async close(): Promise<void> {
    await this.#next.close();
    await Promise.all([this.#closing, this.#syncing]);
    await this.#active.writer.trim().catch(() => {});
    await this.#active.writer.file.close();
  }

  /**
   * Makes the names of new segments durable. Where that fails, names made before may be lost although a later
   * sync succeeds: so, as with any sync, it is the end.
   */
  async syncDirectory(): Promise<void> {
    const { settings, layout, onSyncFailed } = this.#options;
    try {
      await settings.fs.syncDirectory(layout.segments);
    } catch (error) {
      onSyncFailed(error);
      throw error;
    }
  }

  /** The sealed segments once a group is in the log that is on its way there; without one, now. */
  sealedAfter(group: Group | undefined): SegmentInfo[] {
    const sealed = this.#options.table.sealedInfos();
    if (group === undefined) return sealed;
    const list = changed(sealed, group.changes);
    return group.segment === this.active.id ? list : [...list, this.active.info()];
  }

  /** Lets go of the files as they are. */
  async abandon(): Promise<void> {
    await this.#next.close();
    await Promise.all([this.#closing, this.#syncing]);
    await this.#active.writer.file.close().catch(() => {});
  }

  #segmentBytes(): number {
    const { segmentBytes } = this.#options.settings;
    if (segmentBytes !== undefined) return segmentBytes;
    const share = Math.max(SEGMENT_BYTES_MIN, this.#options.table.liveBytes / SEGMENT_SHARE);
    return Math.max(Math.min(SEGMENT_BYTES_MAX, share), PREAMBLE_SHARE * this.#preambleBytes);
  }

  /** The header and preamble of a segment, in front of its first group. */
  #writeOpening(group: Group, next: Segment, previous: Group): void {
    const { historyId, settings, state } = this.#options;
    const { writer } = group;
    writer.skip(SEGMENT_HEADER_BYTES);
    const { id, kind } = next;
    putSegmentHeader(writer.bytes, { id, kind, historyId, createdMs: Math.floor(settings.clock.nowMs()) });
    group.beginFrame(FRAME.preamble);
    const active = this.#active.segment;
    const sealed = {
      ...active.info(),
      bytes: previous.base + previous.writer.length,
      minRevision: Math.min(active.minRevision, previous.minRevision),
      maxRevision: Math.max(active.maxRevision, previous.maxRevision),
      tombstones: active.tombstones + previous.tombstones,
    };
    writePreamble(writer, {
      revision: state.revision,
      compactRevision: Math.max(state.compactRevision, this.#compacted, previous.compacted),
      segments: [...this.sealedAfter(previous), sealed],
      leases: state.leaseImages(settings.clock.monotonicMs()),
      times: state.times.samples(),
    });
    this.#preambleBytes = writer.length;
  }

  async #writeFrames(group: Group, { writer: out, salt }: OpenSegment): Promise<void> {
    const { frames, writer } = group;
    const isSyncing = this.#options.settings.durability === "fsync";
    let from = 0;
    for (const [index, frame] of frames.entries()) {
      const end = frames[index + 1]?.at ?? writer.length;
      const sequence = this.#nextSequence++;
      const facts = { type: frame.type, sequence, unsynced: sequence - 1 - this.#syncedSequence };
      sealFrame(writer.bytes, frame.at, end, facts, framePlace(salt, group.base + frame.at));
      // A preamble goes out with the group behind it.
      if (frame.type === FRAME.preamble) continue;
      try {
        await out.write(writer.bytes.subarray(from, end));
      } catch (error) {
        throw new WriteFailed(error);
      }
      out.advance(end - from);
      if (isSyncing) {
        await out.file.sync();
        this.#syncedSequence = this.#nextSequence - 1;
      }
      from = end;
    }
  }

  #account(group: Group, segment: Segment): void {
    const { table } = this.#options;
    table.grow(segment, group.writer.length);
    table.addLive(segment, group.liveBytes, group.inlineBytes);
    for (const change of group.changes) table.apply(change);
    segment.tombstones += group.tombstones;
    segment.minRevision = Math.min(segment.minRevision, group.minRevision);
    segment.maxRevision = Math.max(segment.maxRevision, group.maxRevision);
    this.#compacted = Math.max(this.#compacted, group.compacted);
  }

  #switchTo(next: OpenSegment): void {
    const old = this.#active;
    old.segment.isSealed = true;
    this.#active = next;
    this.#next.taken();
    this.#options.table.add(next.segment);
    this.#closing = Promise.all([this.#closing, this.#syncing]).then(() => letGo(old.writer));
  }
}

/** The list with changes that are on their way to the disk. */
function changed(segments: readonly SegmentInfo[], changes: readonly SegmentsChange[]): SegmentInfo[] {
  let list = [...segments];
  for (const { added, removed } of changes) {
    list = [...list.filter(({ id }) => !removed.includes(id)), ...added];
  }
  return list;
}

async function letGo(writer: SegmentWriter): Promise<void> {
  // Zeros behind the end of a sealed segment are in nobody's way, should this fail.
  await writer.trim().catch(() => {});
  await writer.file.close().catch(() => {});
}
