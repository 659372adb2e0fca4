/**
 * Frames: how bytes lie in every file of a store. A frame is a header of 32 bytes and a payload; a log segment
 * gets one frame for each group of commits that share a sync.
 *
 *     0  magic      u32    4  type u8, 3 zero bytes    8  payload length u32   12  crc32 of the payload u32
 *    16  sequence   u64   24  unsynced u32            28  crc32 of bytes 0–27 u32, seeded with `place`
 *
 * `sequence` grows by one from frame to frame. `unsynced` says how many of the frames before this one were not
 * yet synced when it was written: so a valid frame proves that frame `sequence − 1 − unsynced`, and all before
 * it, had reached the disk. That is how a torn tail, which was never acknowledged and may be cut, is told from
 * damage, which must be reported (see `findProof`).
 *
 * `place` is the file's salt plus the frame's offset. Frame bytes that a user has stored in a value are
 * therefore not mistaken for a frame: they are in the wrong place.
 */
import { ByteReader } from "../base/byte-reader.ts";
import { getU32, getU64, putU32, putU64 } from "../base/byte-writer.ts";
import { crc32 } from "./checksum.ts";

export const FRAME_HEADER_BYTES = 32;
/** "HFfr", little-endian. */
const MAGIC = 0x72664648;
const MAGIC_BYTES = Uint8Array.of(0x48, 0x46, 0x66, 0x72);

export interface Frame {
  readonly type: number;
  readonly sequence: number;
  readonly unsynced: number;
  /** Where the header starts in the file. */
  readonly offset: number;
  /** Where the payload lies in the file. */
  readonly start: number;
  readonly end: number;
}

export interface FrameFacts {
  readonly type: number;
  readonly sequence: number;
  readonly unsynced: number;
}

/** Ties header checksums to a file and an offset in it. */
export function framePlace(salt: number, offset: number): number {
  return (salt + offset) >>> 0;
}

/**
 * Fills in the header of the frame whose payload lies in `bytes` from `at` + 32 to `end`.
 * @param place {@link framePlace} of where the header will lie in the file
 */
export function sealFrame(
  bytes: Uint8Array,
  at: number,
  end: number,
  facts: FrameFacts,
  place: number,
): void {
  const start = at + FRAME_HEADER_BYTES;
  putU32(bytes, at, MAGIC);
  putU32(bytes, at + 4, facts.type);
  putU32(bytes, at + 8, end - start);
  putU32(bytes, at + 12, crc32(bytes.subarray(start, end)));
  putU64(bytes, at + 16, facts.sequence);
  putU32(bytes, at + 24, facts.unsynced);
  putU32(bytes, at + 28, crc32(bytes.subarray(at, at + 28), place));
}

/**
 * The frame at `at`, if header and payload are whole and unharmed.
 * @param base where `bytes` starts in the file
 */
export function frameAt(bytes: Uint8Array, at: number, salt: number, base = 0): Frame | undefined {
  const start = at + FRAME_HEADER_BYTES;
  if (start > bytes.length || getU32(bytes, at) !== MAGIC) return undefined;
  const place = framePlace(salt, base + at);
  if (getU32(bytes, at + 28) !== crc32(bytes.subarray(at, at + 28), place)) return undefined;
  const end = start + getU32(bytes, at + 8);
  if (end > bytes.length || getU32(bytes, at + 12) !== crc32(bytes.subarray(start, end))) return undefined;
  const sequence = getU64(bytes, at + 16);
  const unsynced = getU32(bytes, at + 24);
  return {
    type: bytes[at + 4]!,
    sequence,
    unsynced,
    offset: base + at,
    start: base + start,
    end: base + end,
  };
}

export interface FrameScan {
  readonly frames: readonly Frame[];
  /** Where the last good frame of the unbroken run ends. */
  readonly end: number;
}

/** The unbroken run of frames from `start` on, sequences ascending by one. Stops at the first thing that is no such frame. */
export function scanFrames(bytes: Uint8Array, start: number, salt: number): FrameScan {
  const frames: Frame[] = [];
  let at = start;
  for (;;) {
    const frame = frameAt(bytes, at, salt);
    const last = frames.at(-1);
    if (frame === undefined || (last !== undefined && frame.sequence !== last.sequence + 1)) break;
    frames.push(frame);
    at = frame.end;
  }
  return { frames, end: at };
}

/** Every good frame from byte `from` on, whatever lies between. */
export function* findFrames(bytes: Uint8Array, from: number, salt: number): Generator<Frame> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = buffer.indexOf(MAGIC_BYTES, from); at >= 0; ) {
    const frame = frameAt(bytes, at, salt);
    if (frame !== undefined) yield frame;
    at = buffer.indexOf(MAGIC_BYTES, frame?.end ?? at + 1);
  }
}

/** A frame from byte `from` on that proves frame `sequence` to have been synced: what lies before it is damage, not a torn tail. */
export function findProof(
  bytes: Uint8Array,
  from: number,
  salt: number,
  sequence: number,
): Frame | undefined {
  for (const frame of findFrames(bytes, from, salt)) {
    if (frame.sequence - 1 - frame.unsynced >= sequence) return frame;
  }
  return undefined;
}

export function readerOf(bytes: Uint8Array, frame: Frame): ByteReader {
  return new ByteReader(bytes, frame.start, frame.end);
}
