/** `npm run bench`: measures what was asked for, prints one table, and saves it in the forms that were asked for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BenchArguments, parseArguments, UsageError, usage } from "./arguments.ts";
import { FIGURES } from "./figures/index.ts";
import { Child } from "./harness/child.ts";
import { readEnvironment } from "./harness/environment.ts";
import type { Figure, Row } from "./harness/figure.ts";
import { NO_PEERS, preparePeers } from "./peers/install.ts";
import type { FigureQuestion } from "./processes/run-figure.ts";
import { chart } from "./report/chart.ts";
import { type ResultRow, type Results, readResults } from "./report/results.ts";
import { textTable, writeMarkdown } from "./report/table.ts";

const SUITE = "embedded";

/** Progress goes beside the table, not into it. */
function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

async function main(): Promise<void> {
  const given = process.argv.slice(2);
  const parsed = parseArguments(given);
  if (parsed.help) {
    process.stdout.write(usage(FIGURES));
    return;
  }
  if (parsed.suite !== SUITE) throw new UsageError(`there is no suite ${parsed.suite}, only ${SUITE}`);
  const figures = chooseFigures(parsed.only);
  const results = parsed.from === undefined ? await measure(parsed, figures) : readResults(parsed.from);
  process.stdout.write(`\n${textTable(results)}\n`);
  if (parsed.json !== undefined) writeFileSync(parsed.json, `${JSON.stringify(results, undefined, 1)}\n`);
  if (parsed.chart !== undefined) writeFileSync(parsed.chart, chart(results));
  if (parsed.markdown !== undefined) writeMarkdown(parsed.markdown, results);
}

function chooseFigures(only: readonly string[] | undefined): readonly Figure[] {
  const unknown = only?.find((name) => !FIGURES.some((figure) => figure.name === name));
  if (unknown !== undefined) throw new UsageError(`there is no figure ${unknown}; --help lists them`);
  return only === undefined ? FIGURES : FIGURES.filter(({ name }) => only.includes(name));
}

async function measure(parsed: BenchArguments, figures: readonly Figure[]): Promise<Results> {
  const peers = parsed.peers ? preparePeers(say) : NO_PEERS;
  for (const sentence of peers.missing) say(sentence);
  const directory = mkdtempSync(join(resolve(parsed.directory), "holdfast-bench-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const environment = readEnvironment(directory, peers.versions);
  const { engine, quick, rounds } = parsed;
  const profile = parsed.profile === undefined ? undefined : resolve(parsed.profile);
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const settings = { engine, quick, rounds, directory, profile, peers: peers.available };
  const rows: ResultRow[] = [];
  for (const figure of figures) {
    say(`${figure.name}: ${figure.asks}`);
    const startedMs = performance.now();
    const found = await runFigure({ name: figure.name, settings });
    rows.push(...found.map((row) => ({ figure: figure.name, ...row })));
    say(`${figure.name}: done in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  }
  if (quick) say("the numbers below come from very little work and mean nothing");
  // Where numbers mean nothing, nothing can be missed.
  const judged = quick ? rows.map((row) => ({ ...row, required: undefined })) : rows;
  return { suite: SUITE, command: commandOf(parsed), environment, rows: judged };
}

async function runFigure(question: FigureQuestion): Promise<Row[]> {
  const child = Child.start(new URL("./processes/run-figure.js", import.meta.url));
  try {
    return await child.ask<Row[]>(question);
  } finally {
    await child.stop();
  }
}

/** What decides the numbers, without where they are saved. */
function commandOf({ only, quick, peers, engine, rounds }: BenchArguments): string {
  const options = [
    ...(only === undefined ? [] : [`--only ${only.join(",")}`]),
    ...(rounds === undefined ? [] : [`--rounds ${rounds}`]),
    ...(quick ? ["--quick"] : []),
    ...(peers ? [] : ["--no-peers"]),
    ...(engine === "file" ? [] : [`--engine ${engine}`]),
  ];
  return ["npm run bench --", SUITE, ...options].join(" ");
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  say(error.message);
  process.exitCode = 2;
}
