/**
 * Writes the index checkpoint in the background, from a state that goes on changing.
 *
 * It stands for a place in the log, taken at a moment when the state was exactly what the log holds up to there.
 * The walk through the keys comes later and sees a newer state, which does no harm: versions newer than the place
 * are left out, since opening reads them from the log; versions that history has let go of meanwhile are missing,
 * so the end of the file says up to which revision that may be so.
 *
 * The file gets its name only when everything that had been written by then is on the disk. So a checkpoint never
 * knows more than the log, and a log that ends earlier has lost something.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { ByteWriter } from "../../base/byte-writer.ts";
import type { DirectoryLayout } from "../../disk/directory-layout.ts";
import { FRAME_HEADER_BYTES, framePlace, sealFrame } from "../../disk/frame.ts";
import type { OpenFile } from "../../disk/fs-port.ts";
import { replaceFile } from "../../disk/whole-file.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import type { Version } from "../../mvcc/version.ts";
import {
  CHECKPOINT_HEADER_BYTES,
  type CheckpointStart,
  checkpointSalt,
  putCheckpointHeader,
  writeEnd,
  writeEntry,
  writeStart,
} from "./checkpoint-format.ts";
import { FRAME } from "./frame-types.ts";
import type { FileStoreSettings } from "./options.ts";
import type { SegmentJournal } from "./segment-journal.ts";
import type { SegmentTable } from "./segment-table.ts";
import { Slices } from "./slices.ts";

const FRAME_BYTES = 256 * 1024;
const SYNC_EVERY_BYTES = 4 * 2 ** 20;
const SLICE_MS = 1;
const KEYS_AT_ONCE = 64;
/** Where less than this part of a segment is small values, opening should not have to read all of it for them. */
const SPARSE_SHARE = 4;

export interface CheckpointContext {
  readonly settings: FileStoreSettings;
  readonly layout: DirectoryLayout;
  readonly historyId: string;
  readonly state: MvccState;
  readonly table: SegmentTable;
  readonly journal: SegmentJournal;
}

export interface WrittenCheckpoint {
  readonly bytes: number;
  /** How much of each segment it covers. */
  readonly covered: Map<number, number>;
}

/**
 * Writes a checkpoint of now.
 * @param isCancelled asked between slices: true ends it without a checkpoint
 * @returns undefined where it was cancelled
 * @throws what the file system or the journal does; the checkpoint before then still stands
 */
export async function writeCheckpoint(
  context: CheckpointContext,
  isCancelled: () => boolean,
): Promise<WrittenCheckpoint | undefined> {
  const { settings, layout, journal } = context;
  const { start, written } = await startOf(context);
  await written;
  const writer = new CheckpointFileWriter(context, start);
  const cancelled = new Error("cancelled");
  try {
    await replaceFile(settings.fs, layout.checkpoint, async (draft) => {
      if (!(await writer.writeAll(draft, isCancelled))) throw cancelled;
      await journal.sync();
    });
  } catch (error) {
    if (error === cancelled) return undefined;
    throw error;
  }
  const covered = new Map(start.segments.map(({ id, bytes }) => [id, bytes]));
  covered.set(start.position.segment, start.position.offset);
  return { bytes: writer.length, covered };
}

function startOf({ settings, state, journal }: CheckpointContext) {
  return new Promise<{ start: CheckpointStart; written: Promise<void> }>((resolve) => {
    journal.whenAtBoundary(({ position, segments, written }) => {
      written.catch(() => {});
      const start: CheckpointStart = {
        position,
        revision: state.revision,
        compactRevision: state.compactRevision,
        segments,
        leases: state.leaseImages(settings.clock.monotonicMs()),
        times: state.times.samples(),
      };
      resolve({ start, written });
    });
  });
}

class CheckpointFileWriter {
  readonly #state: MvccState;
  readonly #table: SegmentTable;
  readonly #start: CheckpointStart;
  readonly #salt: number;
  readonly #writer = new ByteWriter(FRAME_BYTES * 2);
  readonly #slices: Slices;
  /** Where the writer's first byte goes in the file. */
  #base = 0;
  #frameAt = 0;
  #sequence = 1;
  #entries = 0;
  #unsyncedBytes = 0;

  constructor({ settings, historyId, state, table }: CheckpointContext, start: CheckpointStart) {
    this.#state = state;
    this.#table = table;
    this.#start = start;
    this.#salt = checkpointSalt(historyId);
    this.#slices = new Slices(settings.clock, settings.defer, SLICE_MS);
    this.#writer.skip(CHECKPOINT_HEADER_BYTES);
    putCheckpointHeader(this.#writer.bytes, historyId);
  }

  get length(): number {
    return this.#base;
  }

  /** False where it was cancelled. */
  async writeAll(draft: OpenFile, isCancelled: () => boolean): Promise<boolean> {
    const writer = this.#writer;
    this.#beginFrame();
    writeStart(writer, this.#start);
    this.#endFrame(FRAME.checkpointStart);
    this.#beginFrame();
    let key: ByteString | undefined;
    for (;;) {
      const heads = this.#state.headsAfter(key, KEYS_AT_ONCE);
      for (const head of heads) this.#writeChain(head);
      key = heads.at(-1)?.key;
      if (key === undefined) break;
      if (writer.length - this.#frameAt >= FRAME_BYTES) {
        this.#endFrame(FRAME.checkpointEntries);
        await this.#drain(draft);
        this.#beginFrame();
        this.#slices.restart();
      } else if (this.#slices.isOver(heads.length)) {
        if (isCancelled()) return false;
        await this.#slices.pause();
      }
    }
    this.#endFrame(FRAME.checkpointEntries);
    this.#beginFrame();
    const { compactRevision, durableRevision: logRevision } = this.#state;
    writeEnd(writer, { compactRevision, logRevision, entries: this.#entries });
    this.#endFrame(FRAME.checkpointEnd);
    await this.#drain(draft);
    return true;
  }

  #writeChain(head: Version): void {
    const { revision } = this.#start;
    let isOlder = false;
    for (let version: Version | undefined = head; version !== undefined; version = version.previous) {
      if (version.revision > revision) continue;
      writeEntry(this.#writer, version, { isOlder, isInline: this.#isInline(version) });
      isOlder = true;
      this.#entries++;
    }
  }

  #isInline(version: Version): boolean {
    if (version.spilledBytes > 0 || version.version === 0) return false;
    if (version.offset === 0) return true;
    const segment = this.#table.get(version.segment);
    return segment === undefined || segment.inlineBytes * SPARSE_SHARE < segment.bytes;
  }

  #beginFrame(): void {
    this.#frameAt = this.#writer.skip(FRAME_HEADER_BYTES);
  }

  #endFrame(type: number): void {
    const { bytes, length } = this.#writer;
    const facts = { type, sequence: this.#sequence++, unsynced: 0 };
    sealFrame(bytes, this.#frameAt, length, facts, framePlace(this.#salt, this.#base + this.#frameAt));
  }

  async #drain(draft: OpenFile): Promise<void> {
    const written = this.#writer.written();
    await draft.write(written, this.#base);
    this.#base += written.length;
    this.#unsyncedBytes += written.length;
    this.#writer.reset();
    if (this.#unsyncedBytes < SYNC_EVERY_BYTES) return;
    this.#unsyncedBytes = 0;
    await draft.sync();
  }
}
