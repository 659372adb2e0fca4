/** Tells when the files of a data directory may have changed, and how soon to look at them again. */
import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { SEGMENTS_NAME } from "../disk/directory-layout.ts";

/** How long a change stays unseen at the most where the file system does not report changes. */
const LOOK_EVERY_MS = 500;
/** Reading takes at most one part in 1 + REST of the time, however often something changes. */
const REST = 3;
const REST_MIN_MS = 20;

export class DirectoryChanges {
  readonly #segments: string;
  readonly #clock: Clock;
  #watcher: FSWatcher | undefined;
  #hasChanged = false;
  #seen = "";
  #startedMs = 0;
  #wake: () => void = () => {};

  constructor(directory: string, clock: Clock) {
    this.#segments = join(directory, SEGMENTS_NAME);
    this.#clock = clock;
  }

  /** Reading the directory begins now: what changes from here on counts as a change. */
  async reading(): Promise<void> {
    this.#watcher ??= this.#startWatching();
    this.#startedMs = this.#clock.monotonicMs();
    this.#hasChanged = false;
    this.#seen = await this.#look();
  }

  /** Waits for a change since {@link reading}, and a pause that grows with what the reading took. */
  async wait(stop: AbortSignal): Promise<void> {
    const tookMs = this.#clock.monotonicMs() - this.#startedMs;
    await this.#pause(Math.max(REST_MIN_MS, REST * tookMs), stop);
    while (!stop.aborted && !this.#hasChanged && (await this.#look()) === this.#seen) {
      await this.#pause(LOOK_EVERY_MS, stop, true);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
  }

  /** Undefined where the directory is not there, or the system cannot watch it: then looking has to do. */
  #startWatching(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#segments, { persistent: false }, () => {
        this.#hasChanged = true;
        this.#wake();
      });
      watcher.on("error", () => watcher.close());
      return watcher;
    } catch {
      return undefined;
    }
  }

  /** A text that differs once something has been written. */
  async #look(): Promise<string> {
    try {
      const names = await readdir(this.#segments);
      const newest = names
        .filter((name) => name.endsWith(".log"))
        .sort()
        .at(-1);
      if (newest === undefined) return names.join();
      const { mtimeMs, size } = await stat(join(this.#segments, newest));
      return `${names.length} ${newest} ${mtimeMs} ${size}`;
    } catch {
      return "";
    }
  }

  #pause(ms: number, stop: AbortSignal, untilChange = false): Promise<void> {
    if (stop.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        stop.removeEventListener("abort", end);
        this.#wake = () => {};
        resolve();
      };
      const timer = this.#clock.setTimer(ms, end);
      stop.addEventListener("abort", end);
      if (untilChange) this.#wake = end;
    });
  }
}
