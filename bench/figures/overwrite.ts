/** Whether a store that is overwritten at full speed for a minute stays small, and its puts quick: merging at work. */
import type { Database } from "holdfast";
import { draws, fill, KEY_BYTES, keyAt, VALUE_BYTES, values } from "../harness/data.ts";
import { type DirectorySize, directorySize } from "../harness/directory-size.ts";
import { atMost, type Figure, type Row } from "../harness/figure.ts";
import { LatencyHistogram, quantileOf } from "../harness/latency-histogram.ts";
import { mean } from "../harness/statistics.ts";
import { formatNumber } from "../report/format.ts";

const KEYS = 100_000;
const IN_FLIGHT = 192;
const SECONDS = 60;
const FIRST_SECONDS = 5;
const QUICK_SECONDS = 2;
/** No age: at this speed an hour of history is bounded by memory alone, and would be measured instead of merging. */
const HISTORY = { ageMs: 0, revisionsMin: 10_000 };

/** What was seen in one second, or in what is left of it when the clock is looked at late. */
interface Second {
  readonly latencies: LatencyHistogram;
  readonly size: DirectorySize;
}

export const overwrite: Figure = {
  name: "overwrite",
  asks: "disk and put latency while 100 000 keys are overwritten for 60 s, beside live data and the first 5 s",
  run: async (bench) => {
    const directory = await bench.directory("overwrite");
    const db = await bench.openAt(directory, { history: HISTORY });
    const keys = bench.count(KEYS);
    await fill(db, keys);
    const strain = bench.strain("overwrite");
    const watch = new SecondBySecond(directory, bench.isQuick ? QUICK_SECONDS : SECONDS);
    await strain.during(() => overwriteAll(db, keys, watch));
    const liveBytes = keys * (KEY_BYTES + VALUE_BYTES);
    return [
      diskRow(watch.seconds, liveBytes),
      latencyRow(watch.seconds, bench.isQuick ? 1 : FIRST_SECONDS, strain.notes),
    ];
  },
};

/** Keeps latencies by second, and looks at the directory at the end of each. */
class SecondBySecond {
  readonly seconds: Second[] = [];
  readonly #directory: string;
  readonly #startedMs = performance.now();
  readonly #count: number;
  #current = new LatencyHistogram();
  #nextMs = this.#startedMs + 1000;

  constructor(directory: string, count: number) {
    this.#directory = directory;
    this.#count = count;
  }

  get puts(): number {
    return this.seconds.reduce((sum, { latencies }) => sum + latencies.total, 0);
  }

  get isOver(): boolean {
    return this.seconds.length >= this.#count;
  }

  add(startedMs: number, endedMs: number): void {
    this.#current.add(endedMs - startedMs);
    if (endedMs < this.#nextMs) return;
    this.#nextMs += 1000;
    this.seconds.push({ latencies: this.#current, size: directorySize(this.#directory) });
    this.#current = new LatencyHistogram();
  }
}

/** Answers puts per second. */
async function overwriteAll(db: Database, keys: number, watch: SecondBySecond): Promise<number> {
  const draw = draws(keys);
  const write = async (): Promise<void> => {
    while (!watch.isOver) {
      const index = draw();
      const startedMs = performance.now();
      await db.put(keyAt(index), values[index % values.length]!);
      watch.add(startedMs, performance.now());
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, write));
  return watch.puts / watch.seconds.length;
}

function diskRow(seconds: readonly Second[], liveBytes: number): Row {
  const sizes = seconds.map(({ size }) => size.allocatedBytes);
  const largest = Math.max(...sizes);
  const removed = new Set(seconds.flatMap(({ size }) => size.files));
  for (const path of seconds.at(-1)!.size.files) removed.delete(path);
  const atEnd = sizes.at(-1)! / liveBytes;
  return {
    id: "overwrite-disk",
    title: "disk at most, overwriting 100 000 keys for 60 s",
    value: { unit: "bytes", samples: [largest] },
    beside: { title: "live keys and values", unit: "bytes", samples: [liveBytes] },
    ratio: [largest / liveBytes],
    required: atMost(2.5),
    series: { diskOverLive: sizes.map((bytes) => bytes / liveBytes) },
    notes: [`${atEnd.toFixed(2)} × at the end; ${removed.size} files were written, merged and deleted`],
  };
}

function latencyRow(seconds: readonly Second[], firstSeconds: number, strainNotes: readonly string[]): Row {
  const histograms = seconds.map(({ latencies }) => latencies);
  const first = quantileOf(histograms.slice(0, firstSeconds), 0.99);
  const later = quantileOf(histograms.slice(firstSeconds), 0.99);
  const last = quantileOf(histograms.slice(-firstSeconds), 0.99);
  const worst = Math.max(...histograms.map((histogram) => histogram.quantile(0.99)));
  const rates = histograms.map(({ total }) => total);
  const rate = formatNumber(mean(rates), "/s");
  return {
    id: "overwrite-p99",
    title: "put p99 after the first 5 s of it, 192 in flight",
    value: { unit: "ms", samples: [later] },
    beside: { title: "in the first 5 s", unit: "ms", samples: [first] },
    ratio: [later / first],
    required: atMost(3),
    series: {
      putP99Ms: histograms.map((histogram) => histogram.quantile(0.99)),
      putsPerSecond: rates,
    },
    notes: [
      `last 5 s ${last.toFixed(2)} ms, worst second ${worst.toFixed(2)} ms; ${rate} on average`,
      ...strainNotes,
    ],
  };
}
