/**
 * Making a new store from a backup, from another store's directory, or from a snapshot.
 *
 * A restored store is another line of history: its past was not what clients of the old one may have seen since. So it
 * gets a history id of its own, and goes on well above the old revision, with everything before that compacted: a
 * watch or cache that comes back with an old revision is told COMPACTED and starts anew, instead of being given
 * changes that are not those it has missed. Keys keep the revisions, versions and leases that they had.
 */
import { type Clock, systemClock } from "../../base/clock.ts";
import { type Random, randomHex128, systemRandom } from "../../base/random.ts";
import { HoldfastError } from "../../contract/errors.ts";
import { NO_LEASE } from "../../contract/key-value.ts";
import { DirectoryLayout, listSegments } from "../../disk/directory-layout.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { withIoErrors } from "../../disk/io-error.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import { removeIfThere } from "../../disk/whole-file.ts";
import type { LeaseImage, StateImage } from "../../mvcc/image.ts";
import { readSnapshot } from "../../mvcc/snapshot-codec.ts";
import { Version, versionAt } from "../../mvcc/version.ts";
import { compactedError } from "../../mvcc/versioned-keys.ts";
import { requireEmpty } from "./backup-copy.ts";
import { createStoreDirectory } from "./create-directory.ts";
import { type ImageSource, openImage } from "./directory-reader.ts";

/** How far above the old revision a restored store goes on. */
export const REVISION_BUMP = 1_000_000;
/** A lease that keys were bound to then, and that has ended since, gets this long for its owner to come back. */
const ENDED_LEASE_TTL_MS = 60_000;
/** Times are sampled once a second at the most. */
const SAMPLE_MS = 1_000;

export interface RestoreOptions {
  readonly fileSystem?: FileSystem | undefined;
  readonly clock?: Clock | undefined;
  /** Draws the new history id. */
  readonly random?: Random | undefined;
  /** Default {@link REVISION_BUMP}. */
  readonly revisionBump?: number | undefined;
  readonly onProgress?: ((keysDone: number, keys: number) => void) | undefined;
  /** Aborting it rejects with ABORTED; what was written is removed. */
  readonly signal?: AbortSignal | undefined;
}

export interface PointInTime {
  /** The state as of this revision. */
  readonly atRevision?: number | undefined;
  /** The state as of this wall time in milliseconds; times are known to the second. */
  readonly atTimeMs?: number | undefined;
}

export interface RestoreResult {
  readonly historyId: string;
  /** The revision of the source whose state was restored. */
  readonly sourceRevision: number;
  /** Where the new store goes on. */
  readonly revision: number;
  readonly keys: number;
  readonly leases: number;
}

/**
 * Writes what the store in `directory` holds, or held, into the new directory `target`. The source may be in use.
 * @throws {HoldfastError} NOT_FOUND (no store in `directory`), INVALID_ARGUMENT (`target` is not empty), COMPACTED and
 *   FUTURE_REVISION (that point in time is not retained, or has not happened), CORRUPT, UNKNOWN_FORMAT, NO_SPACE, IO
 */
export async function restoreDirectory(
  directory: string,
  target: string,
  options: RestoreOptions & PointInTime = {},
): Promise<RestoreResult> {
  const { fileSystem: fs = nodeFileSystem } = options;
  return await withIoErrors(`restore ${directory} to ${target}`, async () => {
    await requireEmpty(fs, new DirectoryLayout(target));
    const source = await openImage(fs, directory);
    try {
      const revision = pointIn(source.image, options);
      return await create(target, imageAt(source.image, revision), { ...options, load: source.load });
    } finally {
      await source.close();
    }
  });
}

/**
 * Writes what a snapshot holds into the new directory `target`.
 * @throws {HoldfastError} INVALID_ARGUMENT (`target` is not empty), CORRUPT, UNKNOWN_FORMAT, NO_SPACE, IO
 */
export async function restoreSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  target: string,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const { fileSystem: fs = nodeFileSystem } = options;
  return await withIoErrors(`restore a snapshot to ${target}`, async () => {
    await requireEmpty(fs, new DirectoryLayout(target));
    const { image } = await readSnapshot(chunks);
    return await create(target, image, options);
  });
}

async function create(
  target: string,
  image: StateImage,
  options: RestoreOptions & Partial<Pick<ImageSource, "load">>,
): Promise<RestoreResult> {
  const { clock = systemClock, random = systemRandom, revisionBump = REVISION_BUMP } = options;
  const { fileSystem, load, signal } = options;
  const historyId = randomHex128(random);
  const createdMs = Math.floor(clock.nowMs());
  const revision = image.revision + revisionBump;
  if (!Number.isSafeInteger(revision)) {
    throw new HoldfastError("OUT_OF_RANGE", `${image.revision} + ${revisionBump} is no possible revision`);
  }
  const raised = { ...image, revision, compactRevision: revision, times: [{ revision, timeMs: createdMs }] };
  const onProgress = (done: number, total: number): void => {
    if (signal?.aborted === true) throw new HoldfastError("ABORTED", "stopped before the end");
    options.onProgress?.(done, total);
  };
  try {
    await createStoreDirectory(target, { image: raised, historyId, createdMs, fileSystem, load, onProgress });
  } catch (error) {
    await discard(fileSystem ?? nodeFileSystem, new DirectoryLayout(target));
    throw error;
  }
  const { heads, leases } = image;
  return { historyId, sourceRevision: image.revision, revision, keys: heads.length, leases: leases.length };
}

/** Takes away what was written to a target that was empty. */
async function discard(fs: FileSystem, layout: DirectoryLayout): Promise<void> {
  const names = await listSegments(fs, layout).catch(() => []);
  for (const name of names) await removeIfThere(fs, layout.segment(name)).catch(() => {});
}

/** The revision that is meant. @throws {HoldfastError} COMPACTED, FUTURE_REVISION, INVALID_ARGUMENT */
function pointIn(image: StateImage, { atRevision, atTimeMs }: PointInTime): number {
  if (atRevision !== undefined && atTimeMs !== undefined) {
    throw new HoldfastError("INVALID_ARGUMENT", "give a revision or a time, not both");
  }
  const revision = atTimeMs === undefined ? (atRevision ?? image.revision) : revisionAt(image, atTimeMs);
  if (revision > image.revision) {
    throw new HoldfastError(
      "FUTURE_REVISION",
      `revision ${revision} has not happened: the store is at ${image.revision}`,
      {
        details: { revision, currentRevision: image.revision },
      },
    );
  }
  if (revision < image.compactRevision) throw compactedError(revision, image.compactRevision);
  return revision;
}

/** The newest revision that had certainly happened. @throws {HoldfastError} COMPACTED */
function revisionAt({ times, revision, compactRevision }: StateImage, timeMs: number): number {
  const next = times.findIndex((sample) => sample.timeMs > timeMs);
  const before = next < 0 ? times.at(-1) : times[next - 1];
  if (before === undefined) {
    const oldest = times[0];
    const from =
      oldest === undefined ? "no times are known" : `known from ${new Date(oldest.timeMs).toISOString()} on`;
    throw new HoldfastError(
      "COMPACTED",
      `what the store held at ${new Date(timeMs).toISOString()} is not kept: ${from}`,
      {
        details: { compactRevision },
      },
    );
  }
  // A sample stands for the revisions of the second that it begins.
  if (timeMs < before.timeMs + SAMPLE_MS) return before.revision;
  return next < 0 ? revision : times[next]!.revision - 1;
}

/** The state as of a revision, without the history before it. */
function imageAt(image: StateImage, revision: number): StateImage {
  const heads: Version[] = [];
  const leases = new Map<bigint, LeaseImage>(image.leases.map((lease) => [lease.id, lease]));
  for (const head of image.heads) {
    const version = versionAt(head, revision);
    if (version === undefined) continue;
    heads.push(alone(version));
    const id = version.leaseId;
    if (id !== NO_LEASE && !leases.has(id)) {
      leases.set(id, { id, ttlMs: ENDED_LEASE_TTL_MS, remainingMs: ENDED_LEASE_TTL_MS });
    }
  }
  return { revision, compactRevision: revision, heads, leases: [...leases.values()], times: [] };
}

/** The version without those before it. */
function alone(version: Version): Version {
  const { key, value, revision, order, createRevision, leaseId, segment, offset, spilledBytes } = version;
  const copy = new Version(key, value, revision, order, createRevision, version.version, leaseId);
  return Object.assign(copy, { segment, offset, spilledBytes });
}
