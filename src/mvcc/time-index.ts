/** When revisions happened, to the second: one sample at most each second, so an hour costs 3 600 of them. */

export interface TimeSample {
  /** The first revision at or after `timeMs` was first sampled. */
  readonly revision: number;
  /** Wall time in milliseconds. */
  readonly timeMs: number;
}

const SAMPLE_EVERY_MS = 1_000;

export class TimeIndex {
  #samples: TimeSample[] = [];
  #start = 0;

  /** Records that `revision` happened at `timeMs`. Revisions ascend; a clock that steps back is ignored. */
  note(revision: number, timeMs: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && timeMs < last.timeMs + SAMPLE_EVERY_MS) return;
    this.#samples.push({ revision, timeMs });
  }

  /**
   * The newest revision that certainly happened before `timeMs`. 0 where none did; MAX_SAFE_INTEGER where all
   * did: revisions after a sample and before the next one came within a second of it.
   */
  lastBefore(timeMs: number): number {
    let low = this.#start;
    let high = this.#samples.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#samples[middle]!.timeMs + SAMPLE_EVERY_MS <= timeMs) low = middle + 1;
      else high = middle;
    }
    if (low === this.#start) return 0;
    const next = this.#samples[low];
    return next === undefined ? Number.MAX_SAFE_INTEGER : next.revision - 1;
  }

  /** Wall time of the newest sample at or before the revision; undefined where history does not reach. */
  timeOf(revision: number): number | undefined {
    for (let at = this.#samples.length - 1; at >= this.#start; at--) {
      if (this.#samples[at]!.revision <= revision) return this.#samples[at]!.timeMs;
    }
    return undefined;
  }

  forgetBefore(revision: number): void {
    while (this.#start + 1 < this.#samples.length && this.#samples[this.#start + 1]!.revision <= revision) {
      this.#start++;
    }
    if (this.#start > 1_024 && this.#start * 2 > this.#samples.length) {
      this.#samples = this.#samples.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Forgets samples of revisions that were discarded. */
  forgetAfter(revision: number): void {
    while (this.#samples.length > this.#start && this.#samples.at(-1)!.revision > revision)
      this.#samples.pop();
  }

  samples(): readonly TimeSample[] {
    return this.#samples.slice(this.#start);
  }

  load(samples: readonly TimeSample[]): void {
    this.#samples = [...samples];
    this.#start = 0;
  }
}
