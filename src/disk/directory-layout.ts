/**
 * What lies where in a data directory, and making one so that it survives a crash.
 *
 *     DIR/STORE                     identity, written last when a store is made
 *     DIR/segments/0000000001.log   log segments
 *     DIR/segments/0000000007.merged  what was still live in older segments
 *     DIR/checkpoint                index checkpoint; derived, may be deleted
 *     DIR/lock-…                    see lock-file.ts
 */
import { dirname, join } from "node:path";
import type { FileSystem } from "./fs-port.ts";
import { isLockFileName } from "./lock-file.ts";

export type SegmentKind = "log" | "merged";

export interface SegmentName {
  readonly id: number;
  readonly kind: SegmentKind;
}

export const IDENTITY_NAME = "STORE";
export const CHECKPOINT_NAME = "checkpoint";
export const SEGMENTS_NAME = "segments";
/** Files under this name are being written: never read, removed when the store opens. */
export const DRAFT_SUFFIX = ".tmp";

/** What a fresh file system or a file manager leaves in a directory, and what does no harm there. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set(["lost+found", ".DS_Store"]);
const SEGMENT_NAME = /^(\d{10,15})\.(log|merged)$/;

export function segmentFileName({ id, kind }: SegmentName): string {
  return `${String(id).padStart(10, "0")}.${kind}`;
}

/** Undefined where the name is not a segment's. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = SEGMENT_NAME.exec(name);
  return match === null ? undefined : { id: Number(match[1]), kind: match[2] as SegmentKind };
}

export class DirectoryLayout {
  readonly directory: string;
  readonly segments: string;
  readonly identity: string;
  readonly checkpoint: string;

  constructor(directory: string) {
    this.directory = directory;
    this.segments = join(directory, SEGMENTS_NAME);
    this.identity = join(directory, IDENTITY_NAME);
    this.checkpoint = join(directory, CHECKPOINT_NAME);
  }

  segment(name: SegmentName): string {
    return join(this.segments, segmentFileName(name));
  }
}

/** Segments by their files' names, ascending by id; an absent directory has none. */
export async function listSegments(fs: FileSystem, layout: DirectoryLayout): Promise<SegmentName[]> {
  const stat = await fs.stat(layout.segments);
  if (stat === undefined) return [];
  const names = await fs.list(layout.segments);
  return names
    .map(parseSegmentName)
    .filter((name) => name !== undefined)
    .sort((a, b) => a.id - b.id);
}

/** Names in a directory that no store put there. */
export function foreignNames(names: readonly string[]): string[] {
  const ours = new Set([IDENTITY_NAME, CHECKPOINT_NAME, SEGMENTS_NAME]);
  return names.filter((name) => {
    const plain = name.endsWith(DRAFT_SUFFIX) ? name.slice(0, -DRAFT_SUFFIX.length) : name;
    return !ours.has(plain) && !HARMLESS_NAMES.has(name) && !isLockFileName(name);
  });
}

/**
 * Makes a directory and its parents so that their names survive a crash: every directory that holds a new name
 * is synced.
 */
export async function makeDurableDirectory(fs: FileSystem, directory: string): Promise<void> {
  const made: string[] = [];
  for (let path = directory; (await fs.stat(path)) === undefined; path = dirname(path)) {
    made.push(path);
    if (dirname(path) === path) break;
  }
  if (made.length === 0) return;
  await fs.makeDirectory(directory);
  for (const path of made.reverse()) await fs.syncDirectory(dirname(path));
}
