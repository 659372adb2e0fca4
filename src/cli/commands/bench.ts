/** `holdfast bench`: what this machine and disk can do, in a few seconds. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { HoldfastError } from "../../contract/errors.ts";
import {
  type BenchSettings,
  type Figure,
  measureGets,
  measurePuts,
  measureRawSync,
} from "../bench-figures.ts";
import type { CommandContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Progress } from "../progress.ts";
import { formatCount, parseCount } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { directoryOfUrl } from "../store-url.ts";

interface BenchOptions {
  readonly seconds: string;
  readonly valueBytes: string;
}

const WRITERS = [1, 16, 192];

export function define(command: Command): void {
  command
    .description(
      "Measures durable puts with 1, 16 and 192 writers, and gets, beside the disk's own limit. " +
        "Works in a new directory next to the store's, on the same disk, and removes it; the store is not touched.",
    )
    .option("--seconds <n>", "how long each figure runs", "1")
    .option("--value-bytes <n>", "the length of the values", "256")
    .addHelpText("after", examples("bench", "bench --seconds 5 --json", "bench --store mem:"))
    .action((options: BenchOptions) => run(command, (context) => bench(context, options)));
}

async function bench(context: CommandContext, options: BenchOptions): Promise<ExitCode> {
  const { output, diagnostics, clock } = context;
  const stop = context.interruptible();
  const durationMs = parseCount(options.seconds, "--seconds", 1) * 1_000;
  const valueBytes = parseCount(options.valueBytes, "--value-bytes", 1);
  const settings = { clock, durationMs, valueBytes, stop };
  const figures = await diagnostics.withProgress("measuring", async (progress) => {
    const all: Figure[] = [];
    for await (const figure of measureAll(context.storeUrl, settings, progress)) {
      if (output.json) output.record({ ...figure });
      all.push(figure);
    }
    return all;
  });
  if (stop.aborted) return EXIT.interrupted;
  if (!output.json) await print(context, figures);
  return EXIT.ok;
}

async function* measureAll(
  url: string,
  settings: BenchSettings,
  progress: Progress,
): AsyncGenerator<Figure, void> {
  const { open } = await import("../../open.ts");
  const directory = directoryOfUrl(url);
  if (directory === undefined && url !== "mem:") {
    throw new HoldfastError("UNSUPPORTED", `${url} cannot be measured: give file:DIR or mem:`);
  }
  const scratch = directory === undefined ? undefined : await makeScratch(directory);
  try {
    if (scratch !== undefined) {
      progress.state("the disk");
      yield await measureRawSync(scratch, settings);
    }
    await using database = await open(scratch === undefined ? url : `file:${scratch}/store`);
    for (const writers of WRITERS) {
      if (settings.stop.aborted) return;
      progress.state(`puts, ${writers} at a time`);
      yield await measurePuts(database, writers, settings);
    }
    if (settings.stop.aborted) return;
    progress.state("gets");
    yield await measureGets(database, settings);
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  }
}

/** On the disk of the store, which is what is to be measured. */
async function makeScratch(directory: string): Promise<string> {
  const parent = dirname(resolve(directory));
  await mkdir(parent, { recursive: true });
  return mkdtemp(`${parent}/holdfast-bench-`);
}

async function print({ output }: CommandContext, figures: readonly Figure[]): Promise<void> {
  const raw = figures.find(({ name }) => name === "raw-sync")?.perSecond;
  const columns = [
    { title: "MEASURED" },
    { title: "PER SECOND", align: "right" as const },
    { title: "MEDIAN ms", align: "right" as const },
    { title: "P99 ms", align: "right" as const },
    { title: "x DISK", align: "right" as const },
  ];
  const rows = figures.map((figure) => [
    titleOf(figure),
    formatCount(figure.perSecond),
    shortMs(figure.p50Ms),
    shortMs(figure.p99Ms),
    raw === undefined || figure.name === "get" ? "" : (figure.perSecond / raw).toFixed(1),
  ]);
  await output.table(columns, rows);
}

function titleOf({ name, writers }: Figure): string {
  if (name === "raw-sync") return "disk alone: write + fdatasync";
  return name === "get" ? "get" : `put, ${writers} at a time`;
}

function shortMs(ms: number): string {
  return ms >= 0.01 ? ms.toFixed(2) : ms.toPrecision(2);
}
