/**
 * Appending to a segment file. Small writes land in zeros that were written ahead: then a sync has only their
 * bytes to bring to the disk, not a new file length too, which is measurably faster. What is beyond `end` in the
 * file is zeros, or what a failed or unfinished write has left there.
 */
import type { OpenFile } from "./fs-port.ts";
import { isOutOfSpace } from "./io-error.ts";

/** Up to here a write goes straight to the page cache; above, copying it would hold up this thread. */
const WRITE_NOW_BYTES_MAX = 256 * 1024;
/** From here on a write ahead would not pay: bringing the bytes to the disk takes longer than the file's new length. */
const EXTENT_WRITE_BYTES_MAX = 48 * 1024;

export class SegmentWriter {
  readonly file: OpenFile;
  /** Where the next bytes go. */
  end: number;
  /** How long the file is. */
  #allocated: number;
  readonly #zeros: Uint8Array;

  /** @param extentBytes how far to write zeros ahead; 0: never */
  constructor(file: OpenFile, options: { end: number; allocated: number; extentBytes: number }) {
    this.file = file;
    this.end = options.end;
    this.#allocated = options.allocated;
    this.#zeros = new Uint8Array(options.extentBytes);
  }

  /** Puts bytes at `end` without moving it: see {@link advance}. Throws what the file system does. */
  async write(bytes: Uint8Array): Promise<void> {
    const stop = this.end + bytes.length;
    if (bytes.length > WRITE_NOW_BYTES_MAX) {
      await this.file.write(bytes, this.end);
    } else {
      this.file.writeNow(bytes, this.end);
      if (stop > this.#allocated && bytes.length <= EXTENT_WRITE_BYTES_MAX && this.#zeros.length > 0) {
        this.#allocated = stop;
        this.#writeAhead(stop);
      }
    }
    this.#allocated = Math.max(this.#allocated, stop);
  }

  /** The bytes of the last write are kept. */
  advance(count: number): void {
    this.end += count;
  }

  /** Takes back everything beyond `end`. Throws what the file system does. */
  async cutBack(): Promise<void> {
    await this.file.truncate(this.end);
    this.#allocated = this.end;
    await this.file.sync();
  }

  /** Gives back the zeros that were written ahead. A crash may undo it, which does no harm. */
  async trim(): Promise<void> {
    if (this.#allocated === this.end) return;
    await this.file.truncate(this.end);
    this.#allocated = this.end;
  }

  /** A disk that has no room for zeros may still have it for data. */
  #writeAhead(from: number): void {
    try {
      this.file.writeNow(this.#zeros, from);
      this.#allocated = from + this.#zeros.length;
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
    }
  }
}
