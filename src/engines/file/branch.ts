/**
 * Branching a store off another: an independent store that starts as the other one is now, with its history.
 *
 * Sealed segments are never written to again, so both sides can have the same files under their own names: a branch
 * costs the unsealed end of the log. Whatever either side writes goes to files of its own, and what either removes
 * stays with the other.
 */
import { type Clock, systemClock } from "../../base/clock.ts";
import { type Random, randomHex128, systemRandom } from "../../base/random.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { withIoErrors } from "../../disk/io-error.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import { type CopyResult, copyDirectory } from "./backup-copy.ts";

export interface BranchOptions {
  readonly fileSystem?: FileSystem | undefined;
  readonly clock?: Clock | undefined;
  /** Draws the new history id. */
  readonly random?: Random | undefined;
  readonly onProgress?: ((bytesDone: number, bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a store in the new directory `target` that starts as the one in `directory`, which may be in use. It has a
 * history id of its own; revisions go on from the same number on both sides. Where hard links are not to be had
 * (another file system) segments are copied.
 * @throws {HoldfastError} NOT_FOUND (no store in `directory`), INVALID_ARGUMENT (`target` is not empty), CORRUPT,
 *   UNKNOWN_FORMAT, NO_SPACE, IO, ABORTED: the target then holds no store
 */
export async function branchDirectory(
  directory: string,
  target: string,
  options: BranchOptions = {},
): Promise<CopyResult> {
  const { fileSystem: fs = nodeFileSystem, clock = systemClock, random = systemRandom } = options;
  const { onProgress, signal } = options;
  const historyId = randomHex128(random);
  const createdMs = Math.floor(clock.nowMs());
  return await withIoErrors(`branch ${directory} to ${target}`, () =>
    copyDirectory(directory, target, {
      ...{ fs, link: true, verify: true, onProgress, signal },
      identity: ({ logId }) => ({ historyId, createdMs, logId }),
    }),
  );
}
