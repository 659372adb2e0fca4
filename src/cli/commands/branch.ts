/** `holdfast branch`: an independent store that starts as this one is, or was. */
import type { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { noteOwner } from "../open-store.ts";
import { formatBytes, formatCount, parseCount, plural } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { directoryArgument, requireDirectory } from "../store-url.ts";

interface BranchOptions {
  readonly to: string;
  readonly atRevision?: string;
}

export function define(command: Command): void {
  command
    .description(
      "Makes a new store that starts as this one is now, history included, and is independent from then on. " +
        "Unchanging files are shared by hard links, so it is quick and takes next to no space; the store may be in use.",
    )
    .requiredOption("--to <dir>", "the new directory")
    .option(
      "--at-revision <n>",
      "start as of this revision: copies what is needed, and has no history before it",
    )
    .addHelpText(
      "after",
      examples("branch --to ./try-migration", "branch --to ./yesterday --at-revision 1200"),
    )
    .action((options: BranchOptions) => run(command, (context) => branch(context, options)));
}

async function branch(context: CommandContext, options: BranchOptions): Promise<void> {
  const directory = requireDirectory(context.storeUrl);
  const target = directoryArgument(options.to, context.storeUrl);
  const atRevision =
    options.atRevision === undefined ? undefined : parseCount(options.atRevision, "--at-revision", 1);
  await noteOwner(context, directory);
  if (atRevision === undefined) await branchNow(context, directory, target);
  else await branchAt(context, { directory, target, atRevision });
}

async function branchNow(context: CommandContext, directory: string, target: string): Promise<void> {
  const { output, diagnostics } = context;
  const { branchDirectory } = await import("../../engines/file/branch.ts");
  const signal = context.interruptible();
  const result = await diagnostics.withProgress(`branching ${directory}`, (progress) =>
    branchDirectory(directory, target, { signal, onProgress: (done, total) => progress.bytes(done, total) }),
  );
  const { revision, segments, bytes, linkedBytes, historyId } = result;
  output.answer(
    { directory: target, ...result },
    `branched at revision ${formatCount(revision)} to ${target}: ${plural(segments, "segment")}, ` +
      `${formatBytes(bytes)}, ${formatBytes(linkedBytes)} of it shared`,
    `history ${historyId}`,
  );
}

interface BranchPoint {
  readonly directory: string;
  readonly target: string;
  readonly atRevision: number;
}

async function branchAt(
  context: CommandContext,
  { directory, target, atRevision }: BranchPoint,
): Promise<void> {
  const { output, diagnostics } = context;
  const { restoreDirectory } = await import("../../engines/file/restore.ts");
  const signal = context.interruptible();
  const result = await diagnostics.withProgress(`branching ${directory}`, (progress) =>
    restoreDirectory(directory, target, {
      atRevision,
      revisionBump: 0,
      signal,
      onProgress: (done, total) => progress.state(`${formatCount(done)} of ${formatCount(total)} keys`),
    }),
  );
  const { revision, keys, historyId } = result;
  output.answer(
    { directory: target, ...result },
    `branched at revision ${formatCount(revision)} to ${target}: ${plural(keys, "key")}`,
    `history ${historyId}`,
  );
}
