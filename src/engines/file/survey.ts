/**
 * Looks at every byte of every segment and stops at nothing: for `verify`, which reports what is broken, and
 * `salvage`, which takes what is not.
 */
import { ByteFormatError } from "../../base/byte-reader.ts";
import { isHoldfastError } from "../../contract/errors.ts";
import { DirectoryLayout, listSegments, type SegmentName } from "../../disk/directory-layout.ts";
import { type Frame, findFrames, findProof, frameAt, readerOf } from "../../disk/frame.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { readIdentity, type StoreIdentity } from "../../disk/identity.ts";
import { parseSegmentHeader, SEGMENT_HEADER_BYTES, segmentSalt } from "../../disk/segment-header.ts";
import { FRAME } from "./frame-types.ts";
import { readRecords } from "./group-reader.ts";
import { readPreamble, type SegmentInfo } from "./log-records.ts";
import { LogState } from "./log-state.ts";
import { hasHeader, readSegmentFile, type StoreSource } from "./segment-scan.ts";

/** Bytes that are not what they should be. */
export interface Damage {
  readonly file: string;
  /** Absent where the file is not a segment. */
  readonly segment?: number | undefined;
  /** Where it starts in the file. */
  readonly offset: number;
  /** How many bytes it makes unreadable. */
  readonly bytes: number;
  readonly what: string;
  /** Revisions that are lost with it, as far as can be told: somewhere from the first to the second. */
  readonly revisions?: readonly [number, number] | undefined;
}

export interface SegmentSurvey {
  readonly name: SegmentName;
  readonly file: string;
  readonly bytes: Uint8Array;
  /** All good frames. */
  readonly frames: readonly Frame[];
  readonly versions: number;
  readonly minRevision: number;
  readonly maxRevision: number;
  /** What the log says of it; absent where it does not know it, and for the newest log segment. */
  readonly info?: SegmentInfo | undefined;
  readonly role: "sealed" | "newest" | "leftover";
  readonly damages: readonly Damage[];
  /** Bytes at the end of the newest log segment that were never acknowledged. */
  readonly tornBytes: number;
}

export interface DirectorySurvey {
  readonly source: StoreSource;
  /** Absent where STORE cannot be read. */
  readonly identity?: StoreIdentity | undefined;
  /** What the log says; absent where no log segment tells. */
  readonly state?: LogState | undefined;
  readonly segments: readonly SegmentSurvey[];
  /** Everything that is broken, that of segments included. */
  readonly damages: readonly Damage[];
}

export interface SurveyOptions {
  readonly onProgress?: ((bytesDone: number, bytes: number) => void) | undefined;
}

/**
 * Reads a directory's segments, all of them.
 * @returns undefined where there is nothing that could be a store
 * @throws {HoldfastError} UNKNOWN_FORMAT, IO
 */
export async function surveyDirectory(
  fs: FileSystem,
  directory: string,
  options: SurveyOptions = {},
): Promise<DirectorySurvey | undefined> {
  const layout = new DirectoryLayout(directory);
  const names = await listSegments(fs, layout);
  const damages: Damage[] = [];
  const identity = await identityOf(fs, layout, damages);
  if (identity === undefined && names.length === 0 && damages.length === 0) return undefined;
  const historyId = identity?.logId ?? (await historyOf(fs, layout, names));
  if (historyId === undefined) return { source: { fs, layout, historyId: "" }, segments: [], damages };
  const source: StoreSource = { fs, layout, historyId };
  const files = await readAllSegments(source, names, options);
  const { newest, state } = findState(source, files);
  const segments = files.map((file) => surveySegment(source, file, { newest, state }));
  for (const segment of segments) damages.push(...segment.damages);
  const present = new Set(names.map(({ id }) => id));
  for (const info of state?.segments.values() ?? []) {
    if (present.has(info.id)) continue;
    const { id: number, bytes, minRevision, maxRevision } = info;
    const revisions = [minRevision, maxRevision] as const;
    damages.push({ file: layout.segment(info), segment: number, offset: 0, bytes, what: "missing", revisions });
  }
  if (state === undefined) {
    damages.push({ file: layout.segments, offset: 0, bytes: 0, what: "no log segment has a good beginning" });
  }
  return { source, identity, state, segments, damages };
}

interface SegmentFile {
  readonly name: SegmentName;
  readonly bytes: Uint8Array;
}

interface LogView {
  readonly newest?: number | undefined;
  readonly state?: LogState | undefined;
}

async function identityOf(fs: FileSystem, layout: DirectoryLayout, damages: Damage[]) {
  try {
    const identity = await readIdentity(fs, layout);
    if (identity === undefined && (await fs.stat(layout.segments)) !== undefined) {
      damages.push({ file: layout.identity, offset: 0, bytes: 0, what: "missing" });
    }
    return identity;
  } catch (error) {
    if (!isHoldfastError(error, "CORRUPT")) throw error;
    damages.push({ file: layout.identity, offset: 0, bytes: 0, what: "damaged" });
    return undefined;
  }
}

/** Segments say whose they are, where STORE does not. */
async function historyOf(
  fs: FileSystem,
  layout: DirectoryLayout,
  names: readonly SegmentName[],
): Promise<string | undefined> {
  for (const name of names) {
    const bytes = await readSegmentFile({ fs, layout, historyId: "" }, name);
    const header = parseSegmentHeader(bytes);
    if (header !== undefined) return header.historyId;
  }
  return undefined;
}

async function readAllSegments(
  source: StoreSource,
  names: readonly SegmentName[],
  { onProgress }: SurveyOptions,
): Promise<SegmentFile[]> {
  const sizes = await Promise.all(names.map((name) => source.fs.stat(source.layout.segment(name))));
  const total = sizes.reduce((sum, stat) => sum + (stat?.size ?? 0), 0);
  const files: SegmentFile[] = [];
  let done = 0;
  for (const name of names) {
    const bytes = await readSegmentFile(source, name);
    files.push({ name, bytes });
    done += bytes.length;
    onProgress?.(done, total);
  }
  return files;
}

/** The newest log segment with a good preamble, and what it says, leaving out what is broken in it. */
function findState(source: StoreSource, files: readonly SegmentFile[]): LogView {
  for (const { name, bytes } of [...files].reverse()) {
    if (name.kind !== "log") continue;
    const frames = [...findFrames(bytes, 0, segmentSalt(source.historyId, name.id))];
    const first = frames[0];
    if (first?.type !== FRAME.preamble) continue;
    try {
      const state = new LogState(readPreamble(readerOf(bytes, first)));
      const visitor = state.visitor(() => {});
      for (const frame of frames) readRecords(bytes, frame, visitor);
      return { newest: name.id, state };
    } catch (error) {
      if (!(error instanceof ByteFormatError)) throw error;
    }
  }
  return {};
}

function surveySegment(source: StoreSource, { name, bytes }: SegmentFile, { newest, state }: LogView): SegmentSurvey {
  const file = source.layout.segment(name);
  const info = state?.segments.get(name.id);
  const role = name.id === newest ? "newest" : info === undefined && state !== undefined ? "leftover" : "sealed";
  const walk = new FrameWalk(source, name, bytes);
  const end = info?.bytes ?? bytes.length;
  walk.run(end, role === "sealed");
  const { frames, versions, minRevision, maxRevision, tornBytes } = walk;
  const damages = role === "leftover" ? [] : walk.damages;
  return { name, file, bytes, frames, versions, minRevision, maxRevision, info, role, damages, tornBytes };
}

/** Goes through a segment from frame to frame, over whatever lies between. */
class FrameWalk {
  readonly frames: Frame[] = [];
  readonly damages: Damage[] = [];
  versions = 0;
  minRevision = Number.POSITIVE_INFINITY;
  maxRevision = 0;
  tornBytes = 0;
  readonly #source: StoreSource;
  readonly #name: SegmentName;
  readonly #bytes: Uint8Array;
  readonly #salt: number;
  #gapAt: number | undefined;
  #revisionBefore = 0;

  constructor(source: StoreSource, name: SegmentName, bytes: Uint8Array) {
    this.#source = source;
    this.#name = name;
    this.#bytes = bytes;
    this.#salt = segmentSalt(source.historyId, name.id);
  }

  run(end: number, isSealed: boolean): void {
    const bytes = this.#bytes;
    if (!hasHeader(bytes, this.#source, this.#name)) {
      this.#damage(0, Math.min(SEGMENT_HEADER_BYTES, end), "the header is not what it should be");
    }
    let at = SEGMENT_HEADER_BYTES;
    while (at < end) {
      const frame = frameAt(bytes, at, this.#salt) ?? this.#nextFrame(at);
      if (frame === undefined || frame.offset >= end) break;
      if (frame.offset > at) this.#gapAt = at;
      this.#take(frame);
      at = frame.end;
    }
    if (at >= end) return;
    if (isSealed && (this.#name.kind === "merged" || !isZero(bytes, at))) {
      this.#damage(at, end - at, "frames are broken up to the end", [this.#revisionBefore + 1, Number.MAX_SAFE_INTEGER]);
    } else if (!isSealed) {
      this.tornBytes = lastNonZero(bytes) - at;
    }
  }

  #nextFrame(at: number): Frame | undefined {
    for (const frame of findFrames(this.#bytes, at, this.#salt)) {
      const expected = (this.frames.at(-1)?.sequence ?? 0) + 1;
      const isProof = findProof(this.#bytes, frame.offset, this.#salt, expected) !== undefined;
      return isProof || this.frames.length === 0 ? frame : undefined;
    }
    return undefined;
  }

  #take(frame: Frame): void {
    let first = Number.POSITIVE_INFINITY;
    try {
      readRecords(this.#bytes, frame, {
        version: ({ revision }) => {
          this.versions++;
          first = Math.min(first, revision);
          this.minRevision = Math.min(this.minRevision, revision);
          this.maxRevision = Math.max(this.maxRevision, revision);
        },
      });
      this.frames.push(frame);
    } catch (error) {
      if (!(error instanceof ByteFormatError)) throw error;
      this.#damage(frame.offset, frame.end - frame.offset, `a frame is whole but makes no sense: ${error.message}`);
    }
    if (this.#gapAt !== undefined) {
      const until = first === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : first - 1;
      const range = [this.#revisionBefore + 1, until] as const;
      this.#damage(this.#gapAt, frame.offset - this.#gapAt, "frames are broken", range);
      this.#gapAt = undefined;
    }
    this.#revisionBefore = Math.max(this.#revisionBefore, this.maxRevision);
  }

  #damage(offset: number, bytes: number, what: string, revisions?: readonly [number, number]): void {
    const file = this.#source.layout.segment(this.#name);
    this.damages.push({ file, segment: this.#name.id, offset, bytes, what, revisions });
  }
}

function lastNonZero(bytes: Uint8Array): number {
  let last = bytes.length;
  while (last > 0 && bytes[last - 1] === 0) last--;
  return last;
}

function isZero(bytes: Uint8Array, from: number): boolean {
  return lastNonZero(bytes) <= from;
}
