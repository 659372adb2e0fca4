/** Reads segments for opening a store, and tells a torn tail from damage. */
import { ByteFormatError } from "../../base/byte-reader.ts";
import type { DirectoryLayout, SegmentName } from "../../disk/directory-layout.ts";
import { type Frame, findFrames, findProof, readerOf, scanFrames } from "../../disk/frame.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { checkFormatVersion } from "../../disk/identity.ts";
import { isMissing, withIoErrors } from "../../disk/io-error.ts";
import { parseSegmentHeader, SEGMENT_HEADER_BYTES, segmentSalt } from "../../disk/segment-header.ts";
import { ReadBuffers, readAll } from "../../disk/whole-file.ts";
import { corruptSegment, missingSegment } from "./corruption.ts";
import { FRAME } from "./frame-types.ts";
import { type RecordVisitor, readRecords } from "./group-reader.ts";
import { type Preamble, readPreamble, type SegmentInfo } from "./log-records.ts";
import type { SegmentFiles } from "./segment-files.ts";

/** A directory to be read: where, and as part of which history. */
export interface StoreSource {
  readonly fs: FileSystem;
  readonly layout: DirectoryLayout;
  /** What the checksums are tied to: `logId` of the identity. */
  readonly historyId: string;
  /** Open files to read through, where there are such. */
  readonly files?: SegmentFiles | undefined;
}

export interface ScannedSegment {
  readonly name: SegmentName;
  readonly bytes: Uint8Array;
  readonly frames: readonly Frame[];
  /** Where the last frame ends. */
  readonly end: number;
}

export interface NewestLog extends ScannedSegment {
  readonly preamble: Preamble;
  /** Bytes behind the last good frame that were begun and never acknowledged. */
  readonly tornBytes: number;
}

/** @throws {HoldfastError} CORRUPT where the file is not there, IO */
export async function readSegmentFile(
  { fs, layout, files }: StoreSource,
  name: SegmentName,
  buffers?: ReadBuffers,
): Promise<Buffer> {
  const path = layout.segment(name);
  return await withIoErrors(`read ${path}`, async () => {
    try {
      if (files !== undefined) return await files.use(name, (file) => readAll(file, buffers));
      const file = await fs.open(path, "read");
      try {
        return await readAll(file, buffers);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw isMissing(error) ? missingSegment(layout, name) : error;
    }
  });
}

/** Whether the file starts as this segment should. @throws {HoldfastError} UNKNOWN_FORMAT */
export function hasHeader(bytes: Uint8Array, { layout, historyId }: StoreSource, name: SegmentName): boolean {
  const header = parseSegmentHeader(bytes);
  if (header === undefined) return false;
  checkFormatVersion(header.version, layout.segment(name));
  return header.id === name.id && header.kind === name.kind && header.historyId === historyId;
}

/**
 * A sealed segment, whole.
 * @param buffers hold its bytes, until they are used for another
 * @throws {HoldfastError} CORRUPT, UNKNOWN_FORMAT, IO
 */
export async function scanSealed(
  source: StoreSource,
  info: SegmentInfo,
  buffers?: ReadBuffers,
): Promise<ScannedSegment> {
  const file = await readSegmentFile(source, info, buffers);
  if (!hasHeader(file, source, info)) {
    throw corruptSegment(source.layout, info, 0, "its header is not what it should be");
  }
  const bytes = file.subarray(0, info.bytes);
  const salt = segmentSalt(source.historyId, info.id);
  const { frames, end } = scanFrames(bytes, SEGMENT_HEADER_BYTES, salt);
  if (end !== info.bytes) {
    throw corruptSegment(source.layout, info, end, `a sealed segment of ${info.bytes} bytes breaks off`);
  }
  return { name: info, bytes, frames, end };
}

/** Scans sealed segments one after another, the next while one is used; its bytes are there during the call only. */
export async function forEachSealed(
  source: StoreSource,
  infos: readonly SegmentInfo[],
  use: (segment: ScannedSegment) => void,
): Promise<void> {
  const buffers = new ReadBuffers(2, Math.max(0, ...infos.map(({ bytes }) => bytes)));
  const start = (at: number): Promise<ScannedSegment> | undefined => {
    const scan = at < infos.length ? scanSealed(source, infos[at]!, buffers) : undefined;
    scan?.catch(() => {});
    return scan;
  };
  let next = start(0);
  for (let at = 0; at < infos.length; at++) {
    const segment = await next!;
    next = start(at + 1);
    use(segment);
  }
}

/**
 * Reads the segment as the newest of the log: it may end anywhere.
 * @returns undefined where nothing in it was ever acknowledged: it was made ahead, or a crash cut its beginning
 * @throws {HoldfastError} CORRUPT where something that was acknowledged is broken; UNKNOWN_FORMAT, IO
 */
export async function scanNewest(source: StoreSource, name: SegmentName): Promise<NewestLog | undefined> {
  const { layout, historyId } = source;
  const bytes = await readSegmentFile(source, name);
  const salt = segmentSalt(historyId, name.id);
  const isWhole = hasHeader(bytes, source, name);
  const { frames, end } = scanFrames(bytes, SEGMENT_HEADER_BYTES, salt);
  const first = frames[0];
  if (!isWhole || first === undefined || first.type !== FRAME.preamble) {
    const proof = vouchedFrame(bytes, salt);
    if (proof === undefined) return undefined;
    throw corruptSegment(
      layout,
      name,
      isWhole ? end : 0,
      `what comes before its frame at ${proof.offset} is broken`,
    );
  }
  const proof = findProof(bytes, end, salt, frames.at(-1)!.sequence + 1);
  if (proof !== undefined) {
    throw corruptSegment(layout, name, end, `a frame is broken, and those from ${proof.offset} on are not`);
  }
  const preamble = inFormat(source, name, first, () => readPreamble(readerOf(bytes, first)));
  return { name, bytes, frames, end, preamble, tornBytes: tornLength(bytes, end) };
}

/** A frame in a segment without a good beginning that another frame proves to have been synced. */
function vouchedFrame(bytes: Uint8Array, salt: number): Frame | undefined {
  let first: Frame | undefined;
  for (const frame of findFrames(bytes, 0, salt)) {
    first ??= frame;
    if (frame.sequence - 1 - frame.unsynced >= first.sequence) return first;
  }
  return undefined;
}

/** Bytes from `end` to the last that is not zero. */
function tornLength(bytes: Uint8Array, end: number): number {
  let last = bytes.length;
  while (last > end && bytes[last - 1] === 0) last--;
  return last - end;
}

/** Gives a visitor what the frames of a segment hold, in order. @throws {HoldfastError} CORRUPT */
export function visitFrames(
  source: StoreSource,
  { name, bytes, frames }: ScannedSegment,
  visitor: RecordVisitor,
  fromOffset = 0,
): void {
  for (const frame of frames) {
    if (frame.offset >= fromOffset) inFormat(source, name, frame, () => readRecords(bytes, frame, visitor));
  }
}

function inFormat<T>({ layout }: StoreSource, name: SegmentName, frame: Frame, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ByteFormatError)) throw error;
    throw corruptSegment(layout, name, frame.offset, `a frame is whole but makes no sense: ${error.message}`);
  }
}
