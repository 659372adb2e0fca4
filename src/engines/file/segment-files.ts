/**
 * Open segment files for reading, shared and bounded in number. A file that someone reads stays open; one that is
 * to be removed is waited for, so a read that has begun always finds its bytes.
 */
import type { DirectoryLayout, SegmentName } from "../../disk/directory-layout.ts";
import type { FileSystem, OpenFile } from "../../disk/fs-port.ts";

/** Files kept open although nobody reads them now. */
const IDLE_OPEN_MAX = 128;

interface Entry {
  readonly file: Promise<OpenFile>;
  users: number;
  /** Called when the last user is gone, once the file is to be closed. */
  onUnused: (() => void) | undefined;
}

export class SegmentFiles {
  readonly #fs: FileSystem;
  readonly #layout: DirectoryLayout;
  /** In order of use, the latest last. */
  readonly #entries = new Map<number, Entry>();

  constructor(fs: FileSystem, layout: DirectoryLayout) {
    this.#fs = fs;
    this.#layout = layout;
  }

  /** Runs `read` with the segment's file, which stays open, and in place, until it is done. */
  async use<T>(segment: SegmentName, read: (file: OpenFile) => Promise<T>): Promise<T> {
    const entry = this.#acquire(segment);
    try {
      return await read(await entry.file);
    } finally {
      this.#release(segment.id, entry);
    }
  }

  /** Opens a file and keeps it: for a reader whose files may be removed by someone else. */
  async hold(segment: SegmentName): Promise<void> {
    await this.#acquire(segment).file;
  }

  /** Closes the segment's file once nobody reads it any more. */
  async retire(id: number): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    if (entry.users > 0) {
      await new Promise<void>((resolve) => {
        entry.onUnused = resolve;
      });
    }
    await close(entry);
  }

  /** Closes all files; those being read, when that is done. */
  async close(): Promise<void> {
    const open = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of open) await close(entry);
  }

  #acquire(segment: SegmentName): Entry {
    let entry = this.#entries.get(segment.id);
    if (entry === undefined) {
      const file = this.#fs.open(this.#layout.segment(segment), "read");
      file.catch(() => {});
      entry = { file, users: 0, onUnused: undefined };
    } else {
      this.#entries.delete(segment.id);
    }
    this.#entries.set(segment.id, entry);
    entry.users++;
    return entry;
  }

  #release(id: number, entry: Entry): void {
    entry.users--;
    if (entry.users > 0) return;
    entry.onUnused?.();
    if (this.#entries.size <= IDLE_OPEN_MAX || this.#entries.get(id) !== entry) return;
    for (const [oldId, old] of this.#entries) {
      if (old.users > 0) continue;
      this.#entries.delete(oldId);
      void close(old);
      return;
    }
  }
}

async function close(entry: Entry): Promise<void> {
  try {
    await (await entry.file).close();
  } catch {
    // It was never opened, or only read: nothing is lost.
  }
}
