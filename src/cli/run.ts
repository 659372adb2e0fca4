/** Runs the work of a command: what it returns, or what its error says, becomes the exit code. */
import type { Command } from "commander";
import { type CommandContext, type CommonOptions, createContext, holdProcess } from "./context.ts";
import { isDebugging } from "./environment.ts";
import { reportError } from "./error-report.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";

/** @param work gives the exit code; nothing for 0 */
export async function run(
  command: Command,
  work: (context: CommandContext) => Promise<ExitCode> | Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<CommonOptions>();
  const context = createContext(options);
  const release = holdProcess();
  try {
    process.exitCode = (await work(context)) ?? EXIT.ok;
    await context.output.finish();
  } catch (error) {
    const json = options.json === true;
    process.exitCode = reportError(error, context.diagnostics, { json, debug: isDebugging() });
  } finally {
    release();
  }
}

/** The end of a help text: what a command is used for. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ holdfast ${line}`).join("\n")}`;
}
