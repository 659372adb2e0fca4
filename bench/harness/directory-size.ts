/** What a directory, or a file, takes on disk. */
import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";

const BLOCK_BYTES = 512;

export interface DirectorySize {
  /** What the disk has given: whole blocks, preallocated ones included. */
  readonly allocatedBytes: number;
  /** The lengths of the files. */
  readonly lengthBytes: number;
  /** The paths of the files below it. */
  readonly files: readonly string[];
}

/** A file that goes away meanwhile counts for nothing. */
export function directorySize(root: string): DirectorySize {
  let allocatedBytes = 0;
  let lengthBytes = 0;
  const files: string[] = [];
  for (const path of statSync(root).isDirectory() ? filesBelow(root) : [root]) {
    const stats: Stats | undefined = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) continue;
    allocatedBytes += stats.blocks * BLOCK_BYTES;
    lengthBytes += stats.size;
    files.push(path);
  }
  return { allocatedBytes, lengthBytes, files };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name));
}
