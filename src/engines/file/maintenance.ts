/**
 * What the engine does in the background: merging, and index checkpoints, one thing at a time. One at a time also
 * because a checkpoint must not start while versions move from merged segments to their new place.
 *
 * Merging keeps pace with writing: the more dead data there is, the longer its slices.
 */
import type { Clock } from "../../base/clock.ts";
import type { DirectoryLayout } from "../../disk/directory-layout.ts";
import { ReadBuffers } from "../../disk/whole-file.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import { writeCheckpoint } from "./checkpoint-writer.ts";
import { chooseVictims } from "./merge-plan.ts";
import { Merge } from "./merger.ts";
import type { FileStoreSettings } from "./options.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { SegmentJournal } from "./segment-journal.ts";
import type { SegmentTable } from "./segment-table.ts";
import { Slices } from "./slices.ts";

export interface MaintenanceOptions {
  readonly settings: FileStoreSettings;
  readonly layout: DirectoryLayout;
  readonly historyId: string;
  readonly state: MvccState;
  readonly table: SegmentTable;
  readonly files: SegmentFiles;
  readonly journal: SegmentJournal;
  /** How much of each segment the checkpoint covers that the store was opened with. */
  readonly covered: ReadonlyMap<number, number>;
}

/** After a failure, such as a full disk, nothing is tried again for so long. */
const RETRY_AFTER_MS = 5_000;
const SLICE_MS = 1;
const SLICE_MAX_MS = 8;
/** A merge's output is about as long as a segment of the log, and at least this. */
const OUTPUT_BYTES_MIN = 2 * 2 ** 20;
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;
const OUTPUT_SHARE = 8;
const FRUITLESS_GROWTH = 1.05;
/** Of `mergeAboveBytes`, tombstones that are carried along may take this part before something is done about it. */
const CARRIED_SHARE = 8;

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #clock: Clock;
  readonly #slices: Slices;
  readonly #buffers = new ReadBuffers(1);
  #covered: ReadonlyMap<number, number>;
  #running: Promise<void> | undefined;
  #isClosing = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  /** How things stood when nothing was found to merge: not looked at again before they have changed. */
  #fruitless = { segments: 0, deadBytes: 0 };
  /** No checkpoint is needed before so much has come in. */
  #lookAtBytes = 0;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#covered = options.covered;
    this.#clock = options.settings.clock;
    this.#slices = new Slices(this.#clock, options.settings.defer, SLICE_MS);
  }

  /** Sees whether something is to be done. Cheap: called after every group. */
  poke(): void {
    if (this.#running !== undefined || this.#isClosing) return;
    if (!this.#wantsMerge() && !this.#wantsCheckpoint()) return;
    if (this.#clock.monotonicMs() < this.#notBeforeMs) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /**
   * Finishes a merge that is under way, so that garbage stays bounded also where no process lives long; then
   * writes a checkpoint where opening would otherwise have much to read.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#running;
    if (this.#uncoveredBytes() <= this.#options.settings.checkpointAtCloseBytes) return;
    await this.#guarded("write a checkpoint", () => this.#checkpoint(() => false));
  }

  #wantsMerge(): boolean {
    const { table, settings } = this.#options;
    const dead = table.deadBytes;
    if (dead <= settings.mergeAboveBytes) return false;
    if (dead <= (settings.mergeAboveRatio - 1) * (table.bytes - dead)) return false;
    return table.size !== this.#fruitless.segments || dead > this.#fruitless.deadBytes * FRUITLESS_GROWTH;
  }

  #wantsCheckpoint(): boolean {
    const { table, settings } = this.#options;
    if (table.writtenBytes < this.#lookAtBytes) return false;
    // The exact answer takes a walk over all segments; until so much is written, it stays the same.
    const missing = settings.checkpointBytes - this.#uncoveredBytes();
    this.#lookAtBytes = table.writtenBytes + Math.max(0, missing);
    return missing <= 0;
  }

  #uncoveredBytes(): number {
    let bytes = 0;
    for (const segment of this.#options.table.all()) {
      bytes += segment.bytes - (this.#covered.get(segment.id) ?? 0);
    }
    return bytes;
  }

  async #run(): Promise<void> {
    while (!this.#isClosing) {
      if (this.#wantsCheckpoint()) {
        if (!(await this.#guarded("write a checkpoint", () => this.#checkpoint(() => this.#isClosing))))
          return;
      } else if (this.#wantsMerge()) {
        if (!(await this.#guarded("merge segments", () => this.#merge()))) return;
      } else {
        return;
      }
      await this.#slices.pause();
    }
  }

  /** True where it went well. A failure of the background is told, and tried again later; writing goes on. */
  async #guarded(doing: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#notBeforeMs = this.#clock.monotonicMs() + RETRY_AFTER_MS;
      this.#options.settings.logger.warn?.(`could not ${doing}`, { error: String(error) });
      return false;
    }
  }

  async #checkpoint(isCancelled: () => boolean): Promise<void> {
    const written = await writeCheckpoint(this.#options, isCancelled);
    if (written === undefined) return;
    this.#covered = written.covered;
    this.#options.journal.checkpointBytes = written.bytes;
  }

  async #merge(): Promise<void> {
    const { table, settings } = this.#options;
    const share = table.liveBytes / OUTPUT_SHARE;
    const outputBytes = Math.min(OUTPUT_BYTES_MAX, Math.max(OUTPUT_BYTES_MIN, share));
    const carriedBytesMin = settings.mergeAboveBytes / CARRIED_SHARE;
    const victims = chooseVictims(table.sealed(), { outputBytes, carriedBytesMin });
    if (victims.length === 0) {
      this.#fruitless = { segments: table.size, deadBytes: table.deadBytes };
      return;
    }
    const ratio = table.bytes / Math.max(1, table.bytes - table.deadBytes);
    const excess = ratio / settings.mergeAboveRatio - 1;
    this.#slices.budgetMs = Math.min(SLICE_MAX_MS, SLICE_MS * (1 + 12 * excess));
    const context = { ...this.#options, slices: this.#slices, buffers: this.#buffers };
    await new Merge(context, victims).run();
  }
}
