/** `holdfast backup`: a consistent copy of a store, taken while it is in use. */
import { open, rm } from "node:fs/promises";
import { type Command, Option } from "commander";
import { HoldfastError } from "../../contract/errors.ts";
import type { StoreSnapshot } from "../../contract/store.ts";
import type { CommandContext } from "../context.ts";
import { noteOwner, withReader } from "../open-store.ts";
import { formatBytes, formatCount, plural } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { requireDirectory } from "../store-url.ts";

interface BackupOptions {
  readonly link?: boolean;
  readonly snapshot?: boolean;
}

export function define(command: Command): void {
  command
    .description(
      "Copies a store to a new directory, history included, while it is in use. Every copied segment is read back and checked. " +
        "Restore from it with `holdfast restore`; do not open the copy itself for writing.",
    )
    .argument("<destination>", "a new directory; with --snapshot a new file, or - for standard output")
    .option("--link", "share unchanging files with the store by hard links: quick, but on the same disk")
    .addOption(
      new Option("--snapshot", "write one stream with the present state alone, without history").conflicts(
        "link",
      ),
    )
    .addHelpText(
      "after",
      examples(
        "backup /backups/2026-01-31",
        "backup ./before-migration --link",
        "backup --snapshot - | gzip > snapshot.gz",
      ),
    )
    .action((destination: string, options: BackupOptions) =>
      run(command, (context) =>
        options.snapshot === true
          ? writeSnapshot(context, destination)
          : backup(context, destination, options),
      ),
    );
}

async function backup(context: CommandContext, destination: string, { link }: BackupOptions): Promise<void> {
  const { output, diagnostics } = context;
  const directory = requireDirectory(context.storeUrl);
  await noteOwner(context, directory);
  const { backupDirectory } = await import("../../engines/file/backup.ts");
  const signal = context.interruptible();
  const result = await diagnostics.withProgress(`backing up ${directory}`, (progress) =>
    backupDirectory(directory, destination, {
      link,
      signal,
      onProgress: (done, total) => progress.bytes(done, total),
    }),
  );
  const { revision, compactRevision, segments, bytes, linkedBytes } = result;
  output.answer(
    { destination, ...result },
    `backed up revision ${formatCount(revision)} to ${destination}: ${plural(segments, "segment")}, ${formatBytes(bytes)}` +
      (linkedBytes > 0 ? `, ${formatBytes(linkedBytes)} of it shared` : ""),
    `history from revision ${formatCount(Math.max(1, compactRevision))} on`,
  );
}

async function writeSnapshot(context: CommandContext, destination: string): Promise<void> {
  const { output, diagnostics } = context;
  const isPiped = destination === "-";
  if (isPiped && process.stdout.isTTY === true) {
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      "a snapshot is not text: send standard output to a file or a pipe",
    );
  }
  await withReader(context, async (store) => {
    const snapshot = await store.snapshot();
    let bytes = 0;
    await diagnostics.withProgress("writing the snapshot", async (progress) => {
      const counted = counting(snapshot, (count) => {
        bytes += count;
        progress.state(formatBytes(bytes));
      });
      if (isPiped) {
        for await (const chunk of counted) {
          output.write(chunk);
          await output.drained();
          if (output.isClosed) return;
        }
      } else {
        await writeFile(counted, destination, context.interruptible());
      }
    });
    const { revision } = snapshot;
    const said = `wrote a snapshot of revision ${formatCount(revision)} to ${destination}: ${formatBytes(bytes)}`;
    if (!isPiped) output.answer({ destination, revision, bytes }, said);
  });
}

async function* counting(
  snapshot: StoreSnapshot,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of snapshot) {
    count(chunk.length);
    yield chunk;
  }
}

async function writeFile(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const file = await open(path, "wx");
    try {
      for await (const chunk of chunks) {
        if (signal.aborted) throw new HoldfastError("ABORTED", "stopped before the end");
        await file.writeFile(chunk);
      }
      await file.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

function fileError(error: unknown, path: string): unknown {
  if (error instanceof HoldfastError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EEXIST") {
    return new HoldfastError("INVALID_ARGUMENT", `${path} exists: name a new file`, { cause: error });
  }
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  return new HoldfastError(isFull ? "NO_SPACE" : "IO", `could not write ${path}: ${message}`, {
    cause: error,
  });
}
