/** What is on a store's disk: segments, how much of them is still needed, the index checkpoint, history. */
import type { FileSystem } from "../../disk/fs-port.ts";
import { withIoErrors } from "../../disk/io-error.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import type { Version } from "../../mvcc/version.ts";
import { openImage } from "./directory-reader.ts";

export interface SegmentFigures {
  readonly id: number;
  readonly kind: "log" | "merged";
  /** The one that the log goes on in. */
  readonly isActive: boolean;
  readonly bytes: number;
  /** About what the versions in it take that history still holds. */
  readonly liveBytes: number;
  /** Versions in it that history still holds. */
  readonly versions: number;
  readonly minRevision: number;
  readonly maxRevision: number;
}

export interface DirectoryFigures {
  readonly directory: string;
  readonly historyId: string;
  /** Wall time in milliseconds. */
  readonly createdMs: number;
  readonly revision: number;
  /** The oldest revision that can be read; 0 where nothing was compacted. */
  readonly compactRevision: number;
  /** Keys that exist. */
  readonly keys: number;
  /** States of keys that history holds, deletions included. */
  readonly versions: number;
  readonly leases: number;
  /** Key and value bytes of the keys that exist. */
  readonly dataBytes: number;
  /** Values that are kept on disk alone. */
  readonly spilledValues: number;
  readonly spilledBytes: number;
  readonly segments: readonly SegmentFigures[];
  readonly segmentBytes: number;
  readonly liveBytes: number;
  readonly checkpointBytes: number;
  /** Segment bytes that the checkpoint does not cover: what the next opening reads record by record. */
  readonly uncoveredBytes: number;
  /** The store was closed in good order. False: its process was killed, or is running. */
  readonly wasClosed: boolean;
}

export interface InspectOptions {
  readonly fileSystem?: FileSystem | undefined;
}

/**
 * Takes no lock and changes nothing: works beside a live owner.
 * @throws {HoldfastError} NOT_FOUND, CORRUPT, UNKNOWN_FORMAT, IO
 */
export async function inspectDirectory(
  directory: string,
  options: InspectOptions = {},
): Promise<DirectoryFigures> {
  const { fileSystem: fs = nodeFileSystem } = options;
  const { identity, image, recovered, close } = await withIoErrors(`read ${directory}`, () =>
    openImage(fs, directory),
  );
  await close();
  const counts = countVersions(image.heads);
  const { table, active, covered, checkpointBytes, wasClosed } = recovered;
  const segments = table
    .all()
    .sort((a, b) => a.id - b.id)
    .map(({ id, kind, bytes, liveBytes, minRevision, maxRevision }) => {
      const versions = counts.bySegment.get(id) ?? 0;
      return { id, kind, isActive: id === active.id, bytes, liveBytes, versions, minRevision, maxRevision };
    });
  const { keys, versions, dataBytes, spilledValues, spilledBytes } = counts;
  return {
    ...{ directory, historyId: identity.historyId, createdMs: identity.createdMs },
    ...{ revision: image.revision, compactRevision: image.compactRevision, leases: image.leases.length },
    ...{ keys, versions, dataBytes, spilledValues, spilledBytes },
    ...{ segments, segmentBytes: table.bytes, liveBytes: table.liveBytes, checkpointBytes, wasClosed },
    uncoveredBytes: segments.reduce((sum, { id, bytes }) => sum + bytes - (covered.get(id) ?? 0), 0),
  };
}

function countVersions(heads: readonly Version[]) {
  const bySegment = new Map<number, number>();
  const counts = { bySegment, keys: 0, versions: 0, dataBytes: 0, spilledValues: 0, spilledBytes: 0 };
  for (const head of heads) {
    if (!head.isTombstone) {
      counts.keys++;
      counts.dataBytes += head.key.length + head.valueBytes;
    }
    for (let version: Version | undefined = head; version !== undefined; version = version.previous) {
      counts.versions++;
      bySegment.set(version.segment, (bySegment.get(version.segment) ?? 0) + 1);
      if (version.spilledBytes === 0) continue;
      counts.spilledValues++;
      counts.spilledBytes += version.spilledBytes;
    }
  }
  return counts;
}
