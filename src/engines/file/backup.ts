/** Backing up a data directory: a copy with the same history, meant to be restored from, never to be opened for writing. */
import type { FileSystem } from "../../disk/fs-port.ts";
import { withIoErrors } from "../../disk/io-error.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import { type CopyResult, copyDirectory } from "./backup-copy.ts";

export interface BackupOptions {
  readonly fileSystem?: FileSystem | undefined;
  /**
   * Share sealed segments with the store by hard links, where the file system can: quick and without extra space,
   * but a disk that loses one loses both. Default false.
   */
  readonly link?: boolean | undefined;
  readonly onProgress?: ((bytesDone: number, bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type { CopyResult } from "./backup-copy.ts";

/**
 * Copies the store in `directory`, which may be in use by a live owner, this process included: the copy holds
 * everything that was acknowledged when the call was made. Each copied segment is read back and checked.
 * @throws {HoldfastError} NOT_FOUND (no store in `directory`), INVALID_ARGUMENT (`target` is not empty), CORRUPT,
 *   UNKNOWN_FORMAT, NO_SPACE, IO, ABORTED: the target then holds no store
 */
export async function backupDirectory(
  directory: string,
  target: string,
  options: BackupOptions = {},
): Promise<CopyResult> {
  const { fileSystem: fs = nodeFileSystem, link = false, onProgress, signal } = options;
  return await withIoErrors(`back up ${directory} to ${target}`, () =>
    copyDirectory(directory, target, {
      fs,
      link,
      verify: true,
      identity: (same) => same,
      onProgress,
      signal,
    }),
  );
}
