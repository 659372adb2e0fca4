/** Reads the index checkpoint. Whatever is wrong with it, the segments tell the same: it is then left alone. */
import { ByteFormatError, ByteReader } from "../../base/byte-reader.ts";
import { EMPTY } from "../../base/byte-string.ts";
import { type Frame, frameAt, readerOf } from "../../disk/frame.ts";
import { withIoErrors } from "../../disk/io-error.ts";
import { readFileIfThere } from "../../disk/whole-file.ts";
import type { Version } from "../../mvcc/version.ts";
import {
  CHECKPOINT_HEADER_BYTES,
  type CheckpointEnd,
  type CheckpointStart,
  checkpointSalt,
  hasCheckpointHeader,
  readEnd,
  readEntry,
  readStart,
} from "./checkpoint-format.ts";
import { FRAME } from "./frame-types.ts";
import type { StoreSource } from "./segment-scan.ts";

export interface Checkpoint {
  readonly start: CheckpointStart;
  readonly end: CheckpointEnd;
  /** Newest versions ascending by key, with their chains. */
  readonly heads: Version[];
  /** Versions by segment whose values must be read from there. */
  readonly unfilled: ReadonlyMap<number, readonly Version[]>;
  readonly bytes: number;
}

export interface CheckpointFile {
  readonly bytes: Uint8Array;
  readonly start: CheckpointStart;
}

/** The beginning of the checkpoint; undefined where there is none that can be used. */
export async function openCheckpoint(source: StoreSource): Promise<CheckpointFile | undefined> {
  const { fs, layout, historyId } = source;
  const path = layout.checkpoint;
  const bytes = await withIoErrors(`read ${path}`, () => readFileIfThere(fs, path));
  if (bytes === undefined || !hasCheckpointHeader(bytes, historyId)) return undefined;
  const frame = frameAt(bytes, CHECKPOINT_HEADER_BYTES, checkpointSalt(historyId));
  if (frame?.type !== FRAME.checkpointStart) return undefined;
  return unlessMalformed(() => ({ bytes, start: readStart(readerOf(bytes, frame)) }));
}

/**
 * All of it.
 * @param inlineValueBytesMax longer values that can be verified alone stay on disk
 * @returns undefined where it is damaged or not whole
 */
export function readCheckpoint(
  { bytes, start }: CheckpointFile,
  historyId: string,
  inlineValueBytesMax: number,
): Checkpoint | undefined {
  const salt = checkpointSalt(historyId);
  const reader = new EntryReader(inlineValueBytesMax);
  return unlessMalformed(() => {
    for (let at = CHECKPOINT_HEADER_BYTES, sequence = 1; ; sequence++) {
      const frame = frameAt(bytes, at, salt);
      if (frame === undefined || frame.sequence !== sequence) return undefined;
      at = frame.end;
      if (frame.type === FRAME.checkpointEntries) reader.read(bytes, frame);
      if (frame.type !== FRAME.checkpointEnd) continue;
      const end = readEnd(readerOf(bytes, frame));
      if (end.entries !== reader.count) return undefined;
      const { heads, unfilled } = reader;
      return { start, end, heads, unfilled, bytes: bytes.length };
    }
  });
}

class EntryReader {
  readonly heads: Version[] = [];
  readonly unfilled = new Map<number, Version[]>();
  count = 0;
  readonly #spillAbove: number;
  #last: Version | undefined;

  constructor(inlineValueBytesMax: number) {
    this.#spillAbove = inlineValueBytesMax;
  }

  read(bytes: Uint8Array, frame: Frame): void {
    const reader = new ByteReader(bytes, frame.start, frame.end);
    const onPlaced = (version: Version, isChecked: boolean): void => {
      if (!isChecked || version.spilledBytes <= this.#spillAbove) this.#fillLater(version);
    };
    while (!reader.done) {
      const last = this.#last;
      const version = readEntry(reader, last?.key ?? EMPTY, onPlaced);
      // The same string where the key was not repeated: chains are newest first.
      if (last !== undefined && version.key === last.key) last.previous = version;
      else this.heads.push(version);
      this.#last = version;
      this.count++;
    }
  }

  #fillLater(version: Version): void {
    const others = this.unfilled.get(version.segment);
    if (others === undefined) this.unfilled.set(version.segment, [version]);
    else others.push(version);
  }
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ByteFormatError) return undefined;
    throw error;
  }
}
