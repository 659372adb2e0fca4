/**
 * The segment that the log will go on in: its file is made ahead, empty, while there is time, because its name must
 * be durable before the first commit in it.
 */
import type { DirectoryLayout } from "../../disk/directory-layout.ts";
import { segmentSalt } from "../../disk/segment-header.ts";
import { SegmentWriter } from "../../disk/segment-writer.ts";
import { removeIfThere } from "../../disk/whole-file.ts";
import type { FileStoreSettings } from "./options.ts";
import { Segment, type SegmentTable } from "./segment-table.ts";

/** A segment of the log that is written to. */
export interface OpenSegment {
  readonly segment: Segment;
  readonly writer: SegmentWriter;
  readonly salt: number;
}

export interface NextSegmentOptions {
  readonly settings: FileStoreSettings;
  readonly layout: DirectoryLayout;
  readonly historyId: string;
  readonly table: SegmentTable;
  readonly syncDirectory: () => Promise<void>;
}

export class NextSegment {
  readonly #options: NextSegmentOptions;
  #made: OpenSegment | undefined;
  #making: Promise<void> | undefined;

  constructor(options: NextSegmentOptions) {
    this.#options = options;
  }

  /** Undefined as long as it is not made: the log goes on in the old one. */
  get made(): OpenSegment | undefined {
    return this.#made;
  }

  /**
   * Makes it, unless it is there or being made; resolves when that has ended. A failure leaves things as they
   * are, and is tried again.
   */
  async prepare(): Promise<void> {
    if (this.#made !== undefined) return;
    this.#making ??= this.#make()
      .catch((error: unknown) => {
        const { logger } = this.#options.settings;
        logger.warn?.("could not make the next segment; going on with this one", { error: String(error) });
      })
      .finally(() => {
        this.#making = undefined;
      });
    await this.#making;
  }

  /** It is in use now: another one will be next. */
  taken(): void {
    this.#made = undefined;
  }

  /** Removes it: nothing is in it. */
  async close(): Promise<void> {
    await this.#making;
    if (this.#made === undefined) return;
    await this.#made.writer.file.close().catch(() => {});
    const { settings, layout } = this.#options;
    await removeIfThere(settings.fs, layout.segment(this.#made.segment)).catch(() => {});
  }

  async #make(): Promise<void> {
    const { layout, table, settings, historyId, syncDirectory } = this.#options;
    const segment = new Segment(table.takeId(), "log");
    const file = await settings.fs.open(layout.segment(segment), "create");
    try {
      await syncDirectory();
    } catch (error) {
      await file.close();
      throw error;
    }
    const writer = new SegmentWriter(file, { end: 0, allocated: 0, extentBytes: settings.extentBytes });
    this.#made = { segment, writer, salt: segmentSalt(historyId, segment.id) };
  }
}
