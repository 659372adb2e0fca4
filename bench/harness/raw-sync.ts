/**
 * What the disk and Node allow: one record at the end of a growing file, one `fdatasync`, and again. No store that
 * syncs before it answers can serve a single caller faster than the blocking form, which stops the event loop; the
 * awaited form is what a plain Node program would write.
 */
import { fdatasyncSync, openSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

/** A value of 256 bytes with its key and what a log needs around them. */
export const RECORD_BYTES = 300;
/** Between two looks at the clock. */
const BLOCKING_BATCH = 8;

const record = Buffer.alloc(RECORD_BYTES, "record ");

export class RawSyncLoop {
  readonly #handle: FileHandle;
  #end = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(directory: string): Promise<RawSyncLoop> {
    return new RawSyncLoop(await open(join(directory, "raw-awaited"), "w"));
  }

  /** Syncs per second. */
  async run(durationMs: number): Promise<number> {
    const startedMs = performance.now();
    let done = 0;
    let elapsedMs = 0;
    while (elapsedMs < durationMs) {
      await this.#handle.write(record, 0, RECORD_BYTES, this.#end);
      await this.#handle.datasync();
      this.#end += RECORD_BYTES;
      done++;
      elapsedMs = performance.now() - startedMs;
    }
    return (done / elapsedMs) * 1000;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** The same without ever giving way to the event loop. Answers a function that measures syncs per second. */
export function blockingSyncLoop(directory: string): (durationMs: number) => Promise<number> {
  const descriptor = openSync(join(directory, "raw-blocking"), "w");
  let end = 0;
  return async (durationMs) => {
    const startedMs = performance.now();
    let done = 0;
    let elapsedMs = 0;
    while (elapsedMs < durationMs) {
      for (let at = 0; at < BLOCKING_BATCH; at++) {
        writeSync(descriptor, record, 0, RECORD_BYTES, end);
        fdatasyncSync(descriptor);
        end += RECORD_BYTES;
      }
      done += BLOCKING_BATCH;
      elapsedMs = performance.now() - startedMs;
    }
    return (done / elapsedMs) * 1000;
  };
}
