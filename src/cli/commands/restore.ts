/** `holdfast restore`: a new store from a backup, from another store's directory, or from a snapshot. */
import { stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import { HoldfastError } from "../../contract/errors.ts";
import type { RestoreResult } from "../../engines/file/restore.ts";
import type { CommandContext } from "../context.ts";
import { chunksOf } from "../input.ts";
import { formatCount, parseCount, parseTime, plural } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { directoryArgument } from "../store-url.ts";

interface RestoreOptions {
  readonly to: string;
  readonly atRevision?: string;
  readonly atTime?: string;
  readonly revisionBump?: string;
}

export function define(command: Command): void {
  command
    .description(
      "Makes a new store from a backup or a snapshot. It has a history of its own: revisions go on well above the old ones, " +
        "and everything before is compacted, so that clients of the old store notice and start anew.",
    )
    .argument(
      "<source>",
      "a backup, any store's directory, a snapshot file, or - for a snapshot on standard input",
    )
    .requiredOption("--to <dir>", "the new directory")
    .option("--at-revision <n>", "the state as of this revision, if the source still has it")
    .addOption(
      new Option(
        "--at-time <time>",
        "the state as of this time (2026-01-31T12:00:00Z), to about a second",
      ).conflicts("atRevision"),
    )
    .option("--revision-bump <n>", "how far above the source's revision to go on (default: 1000000)")
    .addHelpText(
      "after",
      examples(
        "restore /backups/2026-01-31 --to ./holdfast-data",
        "restore ./holdfast-data --to ./before --at-revision 1200",
        "restore ./holdfast-data --to ./before --at-time 2026-01-31T12:00:00Z",
        "gunzip < snapshot.gz | holdfast restore - --to ./holdfast-data",
      ),
    )
    .action((source: string, options: RestoreOptions) =>
      run(command, (context) => restore(context, source, options)),
    );
}

async function restore(context: CommandContext, source: string, options: RestoreOptions): Promise<void> {
  const { output, diagnostics } = context;
  const target = directoryArgument(options.to, context.storeUrl);
  const atRevision =
    options.atRevision === undefined ? undefined : parseCount(options.atRevision, "--at-revision", 1);
  const atTimeMs = options.atTime === undefined ? undefined : parseTime(options.atTime, "--at-time");
  const revisionBump =
    options.revisionBump === undefined ? undefined : parseCount(options.revisionBump, "--revision-bump", 1);
  const from = directoryArgument(source, context.storeUrl);
  const signal = context.interruptible();
  const result = await diagnostics.withProgress(`restoring ${source}`, async (progress) => {
    const { restoreDirectory, restoreSnapshot } = await import("../../engines/file/restore.ts");
    const onProgress = (done: number, total: number) =>
      progress.state(`${formatCount(done)} of ${formatCount(total)} keys`);
    if (await isDirectory(from)) {
      return restoreDirectory(from, target, { atRevision, atTimeMs, revisionBump, signal, onProgress });
    }
    if (atRevision !== undefined || atTimeMs !== undefined) {
      throw new HoldfastError(
        "INVALID_ARGUMENT",
        "a snapshot holds one revision: --at-revision and --at-time need a directory",
      );
    }
    return restoreSnapshot(chunksOf(source), target, { revisionBump, signal, onProgress });
  });
  output.answer({ directory: target, ...result }, ...lines(target, result));
}

/** A path that is not there reads as a file, which then says so. */
async function isDirectory(path: string): Promise<boolean> {
  if (path === "-") return false;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function lines(target: string, result: RestoreResult): string[] {
  const { sourceRevision, revision, keys, leases, historyId } = result;
  return [
    `restored revision ${formatCount(sourceRevision)} to ${target}: ${plural(keys, "key")}, ${plural(leases, "lease")}`,
    `the new store is at revision ${formatCount(revision)}, history ${historyId}`,
  ];
}
