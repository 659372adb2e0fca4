/**
 * Opening a directory: from files to the state they hold.
 *
 * The newest log segment says which segments there are, so a file that it does not name is a leftover: an output
 * of a merge that was not completed, a victim of one that was, or a segment made ahead. A file that it names must
 * be there, to its last byte.
 *
 * With a checkpoint only the log behind its place is read record by record, and segments that it does not know.
 * The result does not depend on it: all versions, from wherever, are put together by key and revision, and what
 * is dead as of the recovered compaction point is left out. A merge drops only what is dead as of a point that
 * the log names (see `segmentsChanged`), so everything that history needs is there.
 */

import { slice } from "../../base/byte-reader.ts";
import { EMPTY } from "../../base/byte-string.ts";
import type { HoldfastError } from "../../contract/errors.ts";
import { listSegments, type SegmentName } from "../../disk/directory-layout.ts";
import { withIoErrors } from "../../disk/io-error.ts";
import type { StateImage } from "../../mvcc/image.ts";
import type { Version } from "../../mvcc/version.ts";
import { type Checkpoint, type CheckpointFile, openCheckpoint, readCheckpoint } from "./checkpoint-reader.ts";
import { corruptDirectory, corruptSegment, missingSegment } from "./corruption.ts";
import type { RecordVisitor } from "./group-reader.ts";
import type { SegmentInfo } from "./log-records.ts";
import { LogState } from "./log-state.ts";
import {
  forEachSealed,
  type NewestLog,
  type ScannedSegment,
  type StoreSource,
  scanNewest,
  visitFrames,
} from "./segment-scan.ts";
import { Segment, SegmentTable } from "./segment-table.ts";
import { fillPatched, fillPlaced, type PatchedVersions, patchedVersions } from "./value-filler.ts";
import { versionOf } from "./version-codec.ts";
import { PATCHED, VersionCollector } from "./version-collector.ts";

export interface Recovered {
  readonly image: StateImage;
  readonly table: SegmentTable;
  /** The segment that the log goes on in. */
  readonly active: Segment;
  /** How long its file is: torn bytes, and zeros written ahead, lie behind `active.bytes`. */
  readonly activeFileBytes: number;
  readonly tornBytes: number;
  readonly nextSequence: number;
  /** The last thing in the log is an orderly closing. */
  readonly wasClosed: boolean;
  /** Segment files that are not part of the store. */
  readonly leftovers: readonly SegmentName[];
  readonly checkpointBytes: number;
  /** Segments that the checkpoint covers, the newest log up to its place included. */
  readonly covered: ReadonlyMap<number, number>;
}

export interface RecoverOptions {
  /** False: read the segments alone, which must come to the same. Default true. */
  readonly useCheckpoint?: boolean | undefined;
  /** Leave out what is dead as of this revision, if the log does not name a later one. */
  readonly compactRevision?: number | undefined;
}

/**
 * @param inlineValueBytesMax longer values stay on disk where they can be verified alone
 * @throws {HoldfastError} CORRUPT, UNKNOWN_FORMAT, IO
 */
export async function recover(
  source: StoreSource,
  inlineValueBytesMax: number,
  { useCheckpoint = true, compactRevision = 0 }: RecoverOptions = {},
): Promise<Recovered> {
  const { layout } = source;
  // The checkpoint first: so it cannot be of a later place than the log, beside an owner who goes on writing.
  const checkpoint = useCheckpoint ? await openCheckpoint(source) : undefined;
  const names = await withIoErrors(`list ${layout.segments}`, () => listSegments(source.fs, layout));
  const newest = await findNewest(source, names);
  const input = { names, newest, checkpoint, spillAbove: inlineValueBytesMax, compactRevision };
  return await new Recovery(source, input).run();
}

interface RecoveryInput {
  readonly names: readonly SegmentName[];
  readonly newest: NewestLog;
  readonly checkpoint: CheckpointFile | undefined;
  readonly spillAbove: number;
  readonly compactRevision: number;
}

async function findNewest(source: StoreSource, names: readonly SegmentName[]): Promise<NewestLog> {
  for (const name of names.filter(({ kind }) => kind === "log").reverse()) {
    const newest = await scanNewest(source, name);
    if (newest !== undefined) return newest;
  }
  throw corruptDirectory(source.layout, "it has no log segment");
}

class Recovery {
  readonly #source: StoreSource;
  readonly #names: readonly SegmentName[];
  readonly #newest: NewestLog;
  readonly #checkpointFile: CheckpointFile | undefined;
  readonly #spillAbove: number;
  readonly #compactRevision: number;

  constructor(
    source: StoreSource,
    { names, newest, checkpoint, spillAbove, compactRevision }: RecoveryInput,
  ) {
    this.#source = source;
    this.#names = names;
    this.#newest = newest;
    this.#checkpointFile = checkpoint;
    this.#spillAbove = spillAbove;
    this.#compactRevision = compactRevision;
  }

  async run(): Promise<Recovered> {
    const newest = this.#newest;
    const checkpoint = this.#usableCheckpoint();
    const position = checkpoint?.start.position;
    const isInNewest = position?.segment === newest.name.id;
    const state = new LogState(isInNewest ? checkpoint!.start : newest.preamble);
    const tail: Version[] = [];
    const visitor = state.visitor(this.#keep(newest, (version) => tail.push(version)));
    visitFrames(this.#source, newest, visitor, isInNewest ? position!.offset : 0);
    this.#checkReached(state, checkpoint);
    this.#checkPresence(state);
    await this.#holdAll(state);

    const collector = new VersionCollector(checkpoint?.heads ?? []);
    await this.#collectOthers(state, checkpoint, collector);
    for (const version of tail) collector.add(version);
    state.noteCompacted(Math.max(this.#compactRevision, checkpoint?.end.compactRevision ?? 0));
    const isThere = (id: number): boolean => state.segments.has(id) || id === newest.name.id;
    const heads = collector.finish(state.compactRevision, isThere);
    await this.#fill(state, patchedVersions(heads), checkpoint?.unfilled ?? new Map());
    return this.#result(state, heads, checkpoint);
  }

  /** The checkpoint, if it is of this log. @throws {HoldfastError} CORRUPT where the log ends before the place it stands for */
  #usableCheckpoint(): Checkpoint | undefined {
    const file = this.#checkpointFile;
    if (file === undefined) return undefined;
    const { position } = file.start;
    const { name, end, frames } = this.#newest;
    if (position.segment > name.id) {
      throw missingSegment(this.#source.layout, { id: position.segment, kind: "log" });
    }
    if (position.segment === name.id && position.offset > end)
      throw this.#breaksOff(`byte ${position.offset}`);
    const isAtFrame = position.offset === end || frames.some(({ offset }) => offset === position.offset);
    if (position.segment === name.id && !isAtFrame) return undefined;
    return readCheckpoint(file, this.#source.historyId, this.#spillAbove);
  }

  /** A checkpoint is completed only after what the log had reached by then was synced. */
  #checkReached(state: LogState, checkpoint: Checkpoint | undefined): void {
    const reached = checkpoint?.end.logRevision ?? 0;
    if (state.revision < reached) throw this.#breaksOff(`revision ${reached}`);
  }

  #breaksOff(reached: string): HoldfastError {
    const { name, end } = this.#newest;
    return corruptSegment(this.#source.layout, name, end, `the log breaks off, but had reached ${reached}`);
  }

  #checkPresence(state: LogState): void {
    const present = new Set(this.#names.map(({ id, kind }) => `${id} ${kind}`));
    for (const info of state.segments.values()) {
      if (!present.has(`${info.id} ${info.kind}`)) throw missingSegment(this.#source.layout, info);
    }
  }

  /** Opens all files before reading any, where the reader wants to be safe from a merge that removes them. */
  async #holdAll(state: LogState): Promise<void> {
    const { files, layout } = this.#source;
    if (files === undefined) return;
    await withIoErrors(`open ${layout.segments}`, async () => {
      for (const info of state.segments.values()) await files.hold(info);
      await files.hold(this.#newest.name);
    });
  }

  /** Reads the segments that the checkpoint does not know: merged ones first, then the log in its order. */
  async #collectOthers(
    state: LogState,
    checkpoint: Checkpoint | undefined,
    collector: VersionCollector,
  ): Promise<void> {
    const known = new Set(checkpoint?.start.segments.map(({ id }) => id));
    const position = checkpoint?.start.position;
    const unknown = [...state.segments.values()].filter(({ id }) => !known.has(id)).sort(inReadingOrder);
    await forEachSealed(this.#source, unknown, (segment) => {
      const version = this.#keep(segment, (kept) => collector.add(kept));
      const from = segment.name.id === position?.segment ? position.offset : 0;
      visitFrames(this.#source, segment, { version, ...olderLog(state) }, from);
    });
  }

  /** Makes versions of records, with their values where those belong in memory. */
  #keep(
    { name, bytes }: ScannedSegment,
    take: (version: Version) => void,
  ): NonNullable<RecordVisitor["version"]> {
    return (record) => {
      const { valueStart, valueLength } = record;
      const isSpilled = record.isPatch || (record.checked && valueLength > this.#spillAbove);
      const version = versionOf(
        record,
        isSpilled ? EMPTY : slice(bytes, valueStart, valueStart + valueLength),
      );
      version.segment = name.id;
      version.offset = record.isPatch ? PATCHED : valueStart;
      if (isSpilled) version.spilledBytes = valueLength;
      take(version);
    };
  }

  async #fill(
    state: LogState,
    patched: PatchedVersions,
    unfilled: ReadonlyMap<number, readonly Version[]>,
  ): Promise<void> {
    const { id } = this.#newest.name;
    const fill = (segment: ScannedSegment): void => {
      fillPlaced(segment, unfilled.get(segment.name.id) ?? []);
      const patches = patched.get(segment.name.id);
      if (patches !== undefined) fillPatched(this.#source, segment, patches);
    };
    fill(this.#newest);
    const infos = [...state.segments.values()].filter(
      (info) => info.id !== id && (unfilled.has(info.id) || patched.has(info.id)),
    );
    await forEachSealed(this.#source, infos, fill);
  }

  #result(state: LogState, heads: readonly Version[], checkpoint: Checkpoint | undefined): Recovered {
    const newest = this.#newest;
    const table = new SegmentTable();
    for (const info of state.segments.values()) table.add(Segment.from(info));
    const active = new Segment(newest.name.id, "log");
    active.bytes = newest.end;
    active.minRevision = newest.preamble.revision;
    active.maxRevision = state.revision;
    active.tombstones = 1;
    table.add(active);
    for (const { id } of this.#names) table.noteId(id);
    for (const head of heads) {
      for (let version: Version | undefined = head; version !== undefined; version = version.previous) {
        table.addVersion(table.get(version.segment)!, version);
      }
    }
    const image: StateImage = {
      revision: state.revision,
      compactRevision: state.compactRevision,
      heads,
      leases: state.leases(),
      times: state.samples(),
    };
    return {
      image,
      table,
      active,
      activeFileBytes: newest.bytes.length,
      tornBytes: newest.tornBytes,
      nextSequence: newest.frames.at(-1)!.sequence + 1,
      wasClosed: state.wasClosed,
      leftovers: this.#names.filter(({ id }) => table.get(id) === undefined),
      checkpointBytes: checkpoint?.bytes ?? 0,
      covered: coveredBy(checkpoint),
    };
  }
}

/** Bytes of each segment that the checkpoint stands for. */
function coveredBy(checkpoint: Checkpoint | undefined): Map<number, number> {
  const covered = new Map<number, number>();
  if (checkpoint === undefined) return covered;
  for (const { id, bytes } of checkpoint.start.segments) covered.set(id, bytes);
  covered.set(checkpoint.start.position.segment, checkpoint.start.position.offset);
  return covered;
}

/** Of log segments before the newest only versions, times and compaction count: its preamble says the rest. */
function olderLog(state: LogState): RecordVisitor {
  return {
    compacted: (revision) => state.noteCompacted(revision),
    segmentsChanged: ({ compactRevision }) => state.noteCompacted(compactRevision),
  };
}

/** Old versions before new ones makes for short insertions. */
function inReadingOrder(a: SegmentInfo, b: SegmentInfo): number {
  if (a.kind !== b.kind) return a.kind === "merged" ? -1 : 1;
  return a.minRevision - b.minRevision || a.id - b.id;
}
