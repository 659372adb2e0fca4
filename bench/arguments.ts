/** What `npm run bench` takes. */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { fileSystemOf } from "./harness/environment.ts";

export interface BenchArguments {
  readonly suite: string;
  /** Instead of measuring: results that were saved. */
  readonly from: string | undefined;
  readonly json: string | undefined;
  readonly chart: string | undefined;
  readonly markdown: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly rounds: number | undefined;
  readonly quick: boolean;
  readonly peers: boolean;
  readonly engine: "file" | "memory";
  readonly directory: string;
  readonly profile: string | undefined;
  readonly help: boolean;
}

/** A wrong argument: said in one line, without a stack. */
export class UsageError extends Error {}

export function parseArguments(words: readonly string[]): BenchArguments {
  const { values, positionals } = parse(words);
  const { engine = "file", rounds } = values;
  if (engine !== "file" && engine !== "memory") throw new UsageError("--engine is file or memory");
  if (rounds !== undefined && !/^[1-9]\d*$/.test(rounds)) throw new UsageError("--rounds takes a number");
  if (positionals.length > 1) throw new UsageError(`one suite at a time, not ${positionals.join(" and ")}`);
  return {
    suite: positionals[0] ?? "embedded",
    from: values.from,
    json: values.json,
    chart: values.chart,
    markdown: values.markdown,
    only: values.only?.split(",").map((name) => name.trim()),
    rounds: rounds === undefined ? undefined : Number(rounds),
    quick: values.quick === true,
    peers: values["no-peers"] !== true,
    engine,
    directory: values.directory ?? defaultDirectory(),
    profile: values.profile,
    help: values.help === true,
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        from: { type: "string" },
        json: { type: "string" },
        chart: { type: "string" },
        markdown: { type: "string" },
        only: { type: "string" },
        rounds: { type: "string" },
        quick: { type: "boolean" },
        "no-peers": { type: "boolean" },
        engine: { type: "string" },
        directory: { type: "string" },
        profile: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Not in memory: syncing to a disk is what is measured. */
function defaultDirectory(): string {
  const temporary = tmpdir();
  return fileSystemOf(temporary) === "tmpfs" ? process.cwd() : temporary;
}

export function usage(figures: readonly { readonly name: string; readonly asks: string }[]): string {
  return `Usage: npm run bench -- [embedded] [options]

Measures the built package and prints one table.

  --only NAME,…      only these figures (below)
  --json FILE        also save the results with all samples
  --chart FILE       also draw them, as SVG
  --markdown FILE    also put the table between the marks of a document
  --from FILE        measure nothing: show saved results
  --rounds N         how often each pair is measured (default: by figure)
  --quick            very little of everything: proves that the benchmark works
  --no-peers         without Redis and LMDB
  --engine memory    without the disk: what the state machine alone does
  --directory DIR    keep scratch files there (default: the system's temporary directory, unless in memory)
  --profile DIR      also say where the time of writes goes, and save their CPU profiles there
  --help

Figures:
${figures.map(({ name, asks }) => `  ${name.padEnd(14)} ${asks}`).join("\n")}
`;
}
