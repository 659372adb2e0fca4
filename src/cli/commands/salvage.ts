/** `holdfast salvage`: saves what is whole of a damaged directory into a new store. */
import type { Command } from "commander";
import { HoldfastError } from "../../contract/errors.ts";
import type { CommandContext } from "../context.ts";
import { damageJson, damageTable } from "../damage.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { liveOwner } from "../owner.ts";
import { formatBytes, formatCount, plural } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { directoryArgument } from "../store-url.ts";

interface SalvageOptions {
  readonly to: string;
}

export function define(command: Command): void {
  command
    .description(
      "Reads whatever is whole of a damaged directory and writes it as a new store: the newest known state of every key. " +
        "Says exactly what was lost. The damaged directory is not changed. If there is a backup, restore that instead.",
    )
    .argument("<directory>", "the damaged directory")
    .requiredOption("--to <dir>", "the new directory")
    .addHelpText(
      "after",
      `\nExit code 1 where something was lost.\n${examples("salvage ./holdfast-data --to ./salvaged")}`,
    )
    .action((directory: string, options: SalvageOptions) =>
      run(command, (context) => salvage(context, directory, options)),
    );
}

async function salvage(
  context: CommandContext,
  argument: string,
  options: SalvageOptions,
): Promise<ExitCode> {
  const { output, diagnostics, storeUrl } = context;
  const directory = directoryArgument(argument, storeUrl);
  const target = directoryArgument(options.to, storeUrl);
  await requireNoOwner(directory);
  const { salvageDirectory } = await import("../../engines/file/salvage.ts");
  const report = await diagnostics.withProgress(`salvaging ${directory}`, (progress) =>
    salvageDirectory(directory, target, { onProgress: (done, total) => progress.bytes(done, total) }),
  );
  const { losses, ...figures } = report;
  const exitCode = losses.length === 0 ? EXIT.ok : EXIT.no;
  if (output.json) {
    output.record({ directory: target, ...figures, losses: losses.map(damageJson) });
    return exitCode;
  }
  if (losses.length > 0) await damageTable(output, losses);
  const { keys, leases, revision, bytesLost } = figures;
  output.line(
    `saved ${plural(keys, "key")} and ${plural(leases, "lease")} to ${target}, now at revision ${formatCount(revision)}`,
  );
  output.line(
    losses.length === 0
      ? "nothing was lost"
      : `${output.paint("lost:", "red")} what was in ${plural(losses.length, "place")}, ${formatBytes(bytesLost)}`,
  );
  return exitCode;
}

async function requireNoOwner(directory: string): Promise<void> {
  const owner = await liveOwner(directory);
  if (owner === undefined) return;
  const { pid, host, sinceMs } = owner;
  throw new HoldfastError("LOCKED", `${directory} is in use by process ${pid} on host ${host}`, {
    details: {
      pid,
      host,
      sinceMs,
      hint: "stop that process first: what is being written would look damaged",
    },
  });
}
