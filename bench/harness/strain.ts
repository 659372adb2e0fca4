/** What a load does to the process that bears it: processor time, and how long the event loop keeps others waiting. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Profiler } from "./profile.ts";
import { median } from "./statistics.ts";

/** Milliseconds between the ticks that are watched for: an idle loop shows about this much. */
const RESOLUTION_MS = 1;

export class Strain {
  readonly #p99Ms: number[] = [];
  readonly #processorMicros: number[] = [];
  readonly #profiler: Profiler | undefined;
  #maxMs = 0;

  /** @param profile where to keep profiles; without, none are taken, which would slow the load down a little */
  constructor(profile?: { readonly directory: string; readonly name: string }) {
    if (profile !== undefined) this.#profiler = new Profiler(profile.directory, profile.name);
  }

  /** Watches only while `run` runs, which answers what it reached per second. */
  async during(run: () => Promise<number>): Promise<number> {
    // A fresh one each time: enabled again, it would count the pause as a delay.
    const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    monitor.enable();
    const startedMs = performance.now();
    const before = process.cpuUsage();
    const rate = await (this.#profiler === undefined ? run() : this.#profiler.during(run));
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - startedMs) / 1000;
    monitor.disable();
    this.#processorMicros.push((user + system) / (rate * seconds));
    if (monitor.count > 0) {
      this.#p99Ms.push(monitor.percentile(99) / 1e6);
      this.#maxMs = Math.max(this.#maxMs, monitor.max / 1e6);
    }
    return rate;
  }

  /** Of the median round, all threads of the process together. */
  get notes(): string[] {
    const processor = `${median(this.#processorMicros).toFixed(1)} µs of processor time each`;
    const delay = `event-loop delay p99 ${median(this.#p99Ms).toFixed(1)} ms, max ${this.#maxMs.toFixed(0)} ms`;
    const loop = this.#p99Ms.length === 0 ? "the event loop had no turn meanwhile" : delay;
    return [`${processor}; ${loop}`, ...(this.#profiler === undefined ? [] : [this.#profiler.note])];
  }
}
