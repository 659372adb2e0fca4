/** The command line as commander knows it: the commands, what all of them share, and how misuse is told. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { HoldfastError } from "../contract/errors.ts";
import { COMMANDS } from "./commands.ts";
import { createContext, DEFAULT_STORE } from "./context.ts";
import { isDebugging } from "./environment.ts";
import { reportError } from "./error-report.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";

const OVERVIEW = `
A store is named by --store URL or HOLDFAST_STORE: file:DIR is a directory, mem: is gone when the command ends.

Examples:
  $ holdfast put /config/timeout 30s
  $ holdfast get /config/timeout
  $ holdfast list /config/ --json
  $ holdfast watch /config/ --prefix

Exit codes: 0 done; 1 the answer is no (not there, condition not met, damage found); 2 wrong usage; 3 the store failed.`;

/** @param words load the commands named in these; all where absent */
export async function createProgram(words?: readonly string[]): Promise<Command> {
  const program = new Command("holdfast")
    .description("A durable, revisioned key-value store in a directory, from the command line.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .option("--store <url>", `the store: file:DIR or mem: (default: $HOLDFAST_STORE or ${DEFAULT_STORE})`)
    .option("--json", "print JSON, one object a line")
    .option("--quiet", "no notes and no progress on standard error")
    .configureHelp({ showGlobalOptions: true, sortOptions: false })
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText("after", OVERVIEW);
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).summary(summary);
    if (words === undefined || words.includes(name)) (await load()).define(command);
  }
  return program;
}

/** From `dist/cli` and from `src/cli` alike, the manifest is two directories up. */
function packageVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The whole of `holdfast ARGUMENTS`. Never rejects; the outcome is in `process.exitCode`. */
export async function runProgram(words: readonly string[]): Promise<void> {
  let program: Command | undefined;
  try {
    program = await createProgram(words);
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    process.exitCode = reportMisuse(error, words);
  }
}

function reportMisuse(error: unknown, words: readonly string[]): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  // Commander has shown the help by itself.
  if (error instanceof CommanderError && error.code === "commander.help") return EXIT.usage;
  const json = words.includes("--json");
  const mistake = error instanceof CommanderError ? asUsageError(error, words) : error;
  return reportError(mistake, createContext({ json }).diagnostics, { json, debug: isDebugging() });
}

function asUsageError(error: CommanderError, words: readonly string[]): HoldfastError {
  const message = error.message.replace(/^error: /, "").replace(/\n/g, " ");
  const named = COMMANDS.find(({ name }) => words.includes(name));
  const hint = `see \`holdfast ${named === undefined ? "" : `${named.name} `}--help\``;
  return new HoldfastError("INVALID_ARGUMENT", message, { details: { hint } });
}
