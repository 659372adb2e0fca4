/** Latencies in buckets that each span 2 %, so that millions of them cost nothing and any quantile can be asked. */

const BUCKETS_PER_OCTAVE = 32;
const BUCKETS = 32 * BUCKETS_PER_OCTAVE;
/** The lower end of the first bucket; the last one then ends beyond an hour. */
const FIRST_MS = 0.001;

export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(latencyMs: number): void {
    const bucket = Math.floor(Math.log2(latencyMs / FIRST_MS) * BUCKETS_PER_OCTAVE);
    this.#counts[Math.min(Math.max(bucket, 0), BUCKETS - 1)]!++;
    this.#total++;
  }

  addAll(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += other.#counts[bucket]!;
    this.#total += other.#total;
  }

  /** In milliseconds: the upper end of the bucket that holds it. NaN where nothing was added. */
  quantile(share: number): number {
    if (this.#total === 0) return Number.NaN;
    let left = Math.ceil(this.#total * share);
    let bucket = 0;
    while (bucket < BUCKETS - 1 && left > this.#counts[bucket]!) {
      left -= this.#counts[bucket]!;
      bucket++;
    }
    return FIRST_MS * 2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE);
  }
}

/** Of several histograms together. */
export function quantileOf(histograms: readonly LatencyHistogram[], share: number): number {
  const all = new LatencyHistogram();
  for (const histogram of histograms) all.addAll(histogram);
  return all.quantile(share);
}
