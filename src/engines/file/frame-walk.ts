/** Goes through a segment from frame to frame, over whatever lies between, and says what is broken. */
import { ByteFormatError } from "../../base/byte-reader.ts";
import type { SegmentName } from "../../disk/directory-layout.ts";
import { type Frame, findFrames, findProof, frameAt } from "../../disk/frame.ts";
import { SEGMENT_HEADER_BYTES, segmentSalt } from "../../disk/segment-header.ts";
import { readRecords } from "./group-reader.ts";
import type { SegmentInfo } from "./log-records.ts";
import { hasHeader, type StoreSource } from "./segment-scan.ts";

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
  /** Where versions are lost with it: their revisions lie from `from` to `to`; no `to`: up to the newest. */
  readonly revisions?: { readonly from: number; readonly to?: number | undefined } | undefined;
}

export interface WalkedSegment {
  readonly name: SegmentName;
  readonly file: string;
  readonly bytes: Uint8Array;
  /** All good frames. */
  readonly frames: readonly Frame[];
  readonly versions: number;
  /** 0 where there are no versions. */
  readonly minRevision: number;
  readonly maxRevision: number;
  readonly damages: readonly Damage[];
  /** Bytes at the end that were begun and never acknowledged. */
  readonly tornBytes: number;
}

/**
 * @param info what the log says of a sealed segment; absent for the newest of the log, which may end anywhere
 * @throws {HoldfastError} UNKNOWN_FORMAT
 */
export function walkSegment(
  source: StoreSource,
  { name, bytes }: { readonly name: SegmentName; readonly bytes: Uint8Array },
  info: SegmentInfo | undefined,
): WalkedSegment {
  const walk = new FrameWalk(source, name, bytes);
  if (!hasHeader(bytes, source, name)) {
    walk.damage(0, Math.min(SEGMENT_HEADER_BYTES, bytes.length), "the header is not what it should be");
  }
  const end = walk.run(info?.bytes ?? bytes.length);
  if (info !== undefined && end < info.bytes) walk.cutOff(end, info);
  const tornBytes = info === undefined ? Math.max(0, lastNonZero(bytes) - end) : 0;
  const { frames, versions, minRevision, maxRevision, damages } = walk;
  const file = source.layout.segment(name);
  return { name, file, bytes, frames, versions, minRevision, maxRevision, damages, tornBytes };
}

class FrameWalk {
  readonly frames: Frame[] = [];
  readonly damages: Damage[] = [];
  versions = 0;
  minRevision = 0;
  maxRevision = 0;
  readonly #source: StoreSource;
  readonly #name: SegmentName;
  readonly #bytes: Uint8Array;
  readonly #salt: number;

  constructor(source: StoreSource, name: SegmentName, bytes: Uint8Array) {
    this.#source = source;
    this.#name = name;
    this.#bytes = bytes;
    this.#salt = segmentSalt(source.historyId, name.id);
  }

  /** Takes all good frames before `end`; gives the place behind the last. */
  run(end: number): number {
    let at = SEGMENT_HEADER_BYTES;
    for (;;) {
      const frame = frameAt(this.#bytes, at, this.#salt) ?? this.#frameAfter(at);
      if (frame === undefined || frame.offset >= end) return at;
      const before = this.maxRevision;
      const first = this.#take(frame);
      if (frame.offset > at) this.#gap(at, frame.offset, { before, first });
      at = frame.end;
    }
  }

  /** A sealed segment ends too early. */
  cutOff(at: number, info: SegmentInfo): void {
    const from = info.kind === "merged" ? info.minRevision : this.maxRevision + 1;
    this.damage(at, info.bytes - at, "frames are broken up to the end", { from, to: info.maxRevision });
  }

  damage(offset: number, bytes: number, what: string, revisions?: Damage["revisions"]): void {
    const file = this.#source.layout.segment(this.#name);
    this.damages.push({ file, segment: this.#name.id, offset, bytes, what, revisions });
  }

  /** The next good frame, if it shows that what lies before it was once whole. */
  #frameAfter(at: number): Frame | undefined {
    const next = findFrames(this.#bytes, at, this.#salt).next().value as Frame | undefined;
    const last = this.frames.at(-1);
    if (next === undefined || last === undefined) return next;
    return findProof(this.#bytes, next.offset, this.#salt, last.sequence + 1) === undefined
      ? undefined
      : next;
  }

  /** Gives the first revision in the frame; undefined where it has none. */
  #take(frame: Frame): number | undefined {
    let first: number | undefined;
    let last = 0;
    let versions = 0;
    try {
      readRecords(this.#bytes, frame, {
        version: ({ revision }) => {
          versions++;
          first = Math.min(first ?? revision, revision);
          last = Math.max(last, revision);
        },
      });
    } catch (error) {
      if (!(error instanceof ByteFormatError)) throw error;
      this.damage(
        frame.offset,
        frame.end - frame.offset,
        `a frame is whole but makes no sense: ${error.message}`,
      );
      return first;
    }
    this.frames.push(frame);
    this.versions += versions;
    this.maxRevision = Math.max(this.maxRevision, last);
    if (first !== undefined) this.minRevision = Math.min(this.minRevision || first, first);
    return first;
  }

  #gap(from: number, to: number, { before, first }: { before: number; first: number | undefined }): void {
    const revisions =
      this.#name.kind === "merged"
        ? { from: 1 }
        : { from: before + 1, to: first === undefined ? undefined : first - 1 };
    this.damage(from, to - from, "frames are broken", revisions);
  }
}

/** Where the last byte that is not zero ends. */
function lastNonZero(bytes: Uint8Array): number {
  let last = bytes.length;
  while (last > 0 && bytes[last - 1] === 0) last--;
  return last;
}
