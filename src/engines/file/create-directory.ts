/**
 * Makes a data directory that holds a given state: an empty one, a restored snapshot, a branch, what salvage has
 * saved. The identity is written last: a directory without it is not a store, so a crash on the way leaves
 * nothing that could be taken for one.
 */

import type { ByteString } from "../../base/byte-string.ts";
import { ByteWriter } from "../../base/byte-writer.ts";
import { systemClock } from "../../base/clock.ts";
import { HoldfastError } from "../../contract/errors.ts";
import {
  DirectoryLayout,
  foreignNames,
  IDENTITY_NAME,
  listSegments,
  makeDurableDirectory,
  type SegmentName,
} from "../../disk/directory-layout.ts";
import { FRAME_HEADER_BYTES, framePlace, scanFrames, sealFrame } from "../../disk/frame.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { readIdentity, writeIdentity } from "../../disk/identity.ts";
import { withIoErrors } from "../../disk/io-error.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import {
  parseSegmentHeader,
  putSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentSalt,
} from "../../disk/segment-header.ts";
import { readFileIfThere, removeIfThere } from "../../disk/whole-file.ts";
import type { StateImage } from "../../mvcc/image.ts";
import type { Version } from "../../mvcc/version.ts";
import { FRAME } from "./frame-types.ts";
import { type Preamble, type SegmentInfo, writePreamble } from "./log-records.ts";
import { MergedWriter } from "./merged-writer.ts";
import { FILE_STORE_DEFAULTS } from "./options.ts";

const SEGMENT_BYTES_MAX = 64 * 2 ** 20;
/** The log of a store that is just being made is shorter than this. */
const UNFINISHED_BYTES_MAX = 1_024;

export const EMPTY_IMAGE: StateImage = { revision: 1, compactRevision: 0, heads: [], leases: [], times: [] };

export interface CreateDirectoryOptions {
  readonly image: StateImage;
  /** 32 hexadecimal digits. A state that goes on elsewhere too needs a new one. */
  readonly historyId: string;
  /** Reads values that are not in memory. Needed where the image has such versions. */
  readonly load?: ((version: Version) => Promise<ByteString>) | undefined;
  /** Wall time in milliseconds. Default: now. */
  readonly createdMs?: number | undefined;
  readonly fileSystem?: FileSystem | undefined;
  /** Told after every so many keys. */
  readonly onProgress?: ((keysDone: number, keys: number) => void) | undefined;
}

/**
 * Writes a new store directory with that state, durable when this resolves. Leases have their full time to live
 * when it is opened.
 * @throws {HoldfastError} INVALID_ARGUMENT where the directory holds something already; NO_SPACE, IO, READ_ONLY
 */
export async function createStoreDirectory(
  directory: string,
  options: CreateDirectoryOptions,
): Promise<void> {
  const fs = options.fileSystem ?? nodeFileSystem;
  const layout = new DirectoryLayout(directory);
  await withIoErrors(`create a store in ${directory}`, async () => {
    await makeDurableDirectory(fs, directory);
    if ((await readIdentity(fs, layout)) !== undefined) {
      throw new HoldfastError("INVALID_ARGUMENT", `${directory} holds a store already: name a new directory`);
    }
    await clearUnfinished(fs, layout);
    await fillDirectory(fs, layout, options);
  });
}

/**
 * Makes the directory as it was before a creation that did not come to its end.
 * @throws {HoldfastError} INVALID_ARGUMENT where something else is in it
 */
async function clearUnfinished(fs: FileSystem, layout: DirectoryLayout): Promise<void> {
  const foreign = foreignNames(await fs.list(layout.directory));
  const segments = await listSegments(fs, layout);
  if (foreign.length > 0) {
    const shown = foreign.slice(0, 3).join(", ");
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      `${layout.directory} is no Holdfast store and is not empty (${shown}): name a store, or an empty directory`,
      { details: { names: foreign } },
    );
  }
  for (const name of segments) {
    if (await mayHoldData(fs, layout, name)) {
      throw new HoldfastError(
        "CORRUPT",
        `${layout.directory} holds segments, but the file ${IDENTITY_NAME} that would make it a store is missing: ` +
          "if a restore was broken off, remove the directory and start again; else `holdfast salvage` saves the data",
        { details: { file: layout.identity, offset: 0, missing: true } },
      );
    }
  }
  for (const name of segments) await removeIfThere(fs, layout.segment(name));
}

/** Creating an empty store leaves, at any moment, one log segment without a commit; anything else has been of use. */
async function mayHoldData(fs: FileSystem, layout: DirectoryLayout, name: SegmentName): Promise<boolean> {
  if (name.kind === "merged" || name.id !== 1) return true;
  const bytes = (await readFileIfThere(fs, layout.segment(name))) ?? new Uint8Array();
  const header = parseSegmentHeader(bytes);
  if (header === undefined) return bytes.length > UNFINISHED_BYTES_MAX;
  return scanFrames(bytes, SEGMENT_HEADER_BYTES, segmentSalt(header.historyId, name.id)).frames.length > 1;
}

async function fillDirectory(
  fs: FileSystem,
  layout: DirectoryLayout,
  options: CreateDirectoryOptions,
): Promise<void> {
  const { image, historyId } = options;
  const createdMs = Math.floor(options.createdMs ?? systemClock.nowMs());
  await makeDurableDirectory(fs, layout.segments);
  const segments = await writeVersions(fs, layout, { ...options, createdMs });
  const { revision, compactRevision, leases, times } = image;
  const log: SegmentName = { id: segments.length + 1, kind: "log" };
  const preamble = { revision, compactRevision, segments, leases, times };
  const file = await fs.open(layout.segment(log), "create");
  try {
    await file.write(firstLogBytes({ log, historyId, createdMs }, preamble), 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.syncDirectory(layout.segments);
  await writeIdentity(fs, layout, { historyId, logId: historyId, createdMs });
}

function firstLogBytes(
  { log, historyId, createdMs }: { log: SegmentName; historyId: string; createdMs: number },
  preamble: Preamble,
): Uint8Array {
  const writer = new ByteWriter(64 * 1024);
  writer.skip(SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES);
  writePreamble(writer, preamble);
  putSegmentHeader(writer.bytes, { ...log, historyId, createdMs });
  const facts = { type: FRAME.preamble, sequence: 1, unsynced: 0 };
  const place = framePlace(segmentSalt(historyId, log.id), SEGMENT_HEADER_BYTES);
  sealFrame(writer.bytes, SEGMENT_HEADER_BYTES, writer.length, facts, place);
  return writer.written();
}

async function writeVersions(
  fs: FileSystem,
  layout: DirectoryLayout,
  options: CreateDirectoryOptions & { readonly createdMs: number },
): Promise<SegmentInfo[]> {
  const { image, historyId, createdMs, load, onProgress } = options;
  const { inlineValueBytesMax } = FILE_STORE_DEFAULTS;
  const done: SegmentInfo[] = [];
  let writer: MergedWriter | undefined;
  const finish = async (): Promise<void> => {
    if (writer !== undefined) done.push(await writer.finish(image.compactRevision));
    writer = undefined;
  };
  for (const [at, head] of image.heads.entries()) {
    for (let version: Version | undefined = head; version !== undefined; version = version.previous) {
      const id = done.length + 1;
      writer ??= await MergedWriter.create({ fs, layout, historyId, id, createdMs, inlineValueBytesMax });
      if (version.isTombstone) writer.tombstone(version);
      else writer.put(version, version.spilledBytes === 0 ? version.value : await load!(version));
      if (writer.isFull) await writer.drain();
      if (writer.length >= SEGMENT_BYTES_MAX) await finish();
    }
    if (at % 10_000 === 0) onProgress?.(at, image.heads.length);
  }
  await finish();
  onProgress?.(image.heads.length, image.heads.length);
  return done;
}
