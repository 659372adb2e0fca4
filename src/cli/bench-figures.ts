/** What `holdfast bench` measures: each figure runs for a while and says how often something was done, and how fast. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { systemDefer } from "../base/defer.ts";
import type { Database } from "../database/database.ts";

export interface BenchSettings {
  readonly clock: Clock;
  /** How long each figure runs. */
  readonly durationMs: number;
  readonly valueBytes: number;
  /** Ends the figure under way early. */
  readonly stop: AbortSignal;
}

export interface Figure {
  readonly name: "raw-sync" | "put" | "get";
  /** How many are under way at a time. */
  readonly writers: number;
  readonly operations: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Reads in a row between two looks at the clock: one alone is shorter than the look. */
const GETS_AT_A_TIME = 500;
const KEYS = 1_000;

class Stopwatch {
  readonly #settings: BenchSettings;
  readonly #startMs: number;
  readonly #latenciesMs: number[] = [];

  constructor(settings: BenchSettings) {
    this.#settings = settings;
    this.#startMs = settings.clock.monotonicMs();
  }

  get isOver(): boolean {
    return this.#settings.stop.aborted || this.#elapsedMs >= this.#settings.durationMs;
  }

  /** Times `work`, which does `count` operations. */
  async time(work: () => Promise<unknown>): Promise<void> {
    const { clock } = this.#settings;
    const startMs = clock.monotonicMs();
    await work();
    this.#latenciesMs.push(clock.monotonicMs() - startMs);
  }

  /** @param each operations in one timed piece of work */
  figure(name: Figure["name"], writers: number, each = 1): Figure {
    const sorted = Float64Array.from(this.#latenciesMs, (ms) => ms / each).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const operations = sorted.length * each;
    const perSecond = Math.round((operations * 1_000) / Math.max(this.#elapsedMs, 0.001));
    return { name, writers, operations, perSecond, p50Ms: at(0.5), p99Ms: at(0.99) };
  }

  get #elapsedMs(): number {
    return this.#settings.clock.monotonicMs() - this.#startMs;
  }
}

/** The disk's own limit: append as many bytes as a put has, bring them to the disk, again and again. */
export async function measureRawSync(directory: string, settings: BenchSettings): Promise<Figure> {
  const bytes = Buffer.alloc(settings.valueBytes, "x");
  const file = await open(join(directory, "raw-sync"), "wx");
  try {
    const watch = new Stopwatch(settings);
    while (!watch.isOver) {
      await watch.time(async () => {
        await file.write(bytes);
        await file.datasync();
      });
    }
    return watch.figure("raw-sync", 1);
  } finally {
    await file.close();
  }
}

/** Puts, each awaited by its writer: on a directory each is on the disk when it counts. */
export async function measurePuts(
  database: Database,
  writers: number,
  settings: BenchSettings,
): Promise<Figure> {
  const value = "x".repeat(settings.valueBytes);
  const watch = new Stopwatch(settings);
  const write = async (writer: number) => {
    for (let round = 0; !watch.isOver; round++) {
      const key = `/bench/${(round * writers + writer) % KEYS}`;
      await watch.time(() => database.put(key, value));
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return watch.figure("put", writers);
}

/** Reads of keys that exist, one after another. */
export async function measureGets(database: Database, settings: BenchSettings): Promise<Figure> {
  await database.put("/bench/0", "x".repeat(settings.valueBytes));
  const watch = new Stopwatch(settings);
  while (!watch.isOver) {
    await watch.time(async () => {
      for (let get = 0; get < GETS_AT_A_TIME; get++) await database.get("/bench/0");
    });
    // Nothing else gets a turn otherwise: not Ctrl-C, not the progress line.
    await new Promise<void>((resolve) => systemDefer(resolve));
  }
  return watch.figure("get", 1, GETS_AT_A_TIME);
}
