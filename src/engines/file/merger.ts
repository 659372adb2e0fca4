/**
 * Copies what is still live out of old segments into a new one, and removes them.
 *
 * The order that makes it safe: the output is written and synced, and its name is; then a record in the log says
 * that it takes its victims' place, and that is synced; only then do versions in memory point to it; only then
 * are the victims removed. A crash before the record leaves an output that no log names, a crash after it leaves
 * victims that no log names: the next open removes either.
 *
 * A version is copied if the state machine holds it at that moment. What it lets go of later is garbage in the
 * output. What is not copied was dead as of the compaction point that the record names, so a recovery, which
 * never goes back before that point, does not miss it.
 */
import type { ByteString } from "../../base/byte-string.ts";
import type { DirectoryLayout } from "../../disk/directory-layout.ts";
import { frameAt } from "../../disk/frame.ts";
import { SEGMENT_HEADER_BYTES, segmentSalt } from "../../disk/segment-header.ts";
import { type ReadBuffers, removeIfThere } from "../../disk/whole-file.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import type { Version } from "../../mvcc/version.ts";
import { corruptSegment } from "./corruption.ts";
import { readRecords } from "./group-reader.ts";
import type { SegmentInfo } from "./log-records.ts";
import { type CleanSince, mustCarry } from "./merge-plan.ts";
import { MergedWriter } from "./merged-writer.ts";
import type { FileStoreSettings } from "./options.ts";
import type { SegmentFiles } from "./segment-files.ts";
import type { SegmentJournal } from "./segment-journal.ts";
import { readSegmentFile } from "./segment-scan.ts";
import type { Segment, SegmentTable } from "./segment-table.ts";
import type { Slices } from "./slices.ts";
import type { VersionRecord } from "./version-codec.ts";

/** A key with more versions than this is searched through a map. */
const LONG_CHAIN = 32;
const MOVES_AT_ONCE = 512;

export interface MergeContext {
  readonly settings: FileStoreSettings;
  readonly layout: DirectoryLayout;
  readonly historyId: string;
  readonly state: MvccState;
  readonly table: SegmentTable;
  readonly files: SegmentFiles;
  readonly journal: SegmentJournal;
  readonly slices: Slices;
  /** What victims are read into, one at a time. */
  readonly buffers: ReadBuffers;
}

/** Where copied versions are in the output; 0 for tombstones. */
interface Copies {
  readonly versions: Version[];
  readonly sources: number[];
  readonly offsets: number[];
}

export class Merge {
  readonly #context: MergeContext;
  readonly #victims: readonly Segment[];
  /** What else may hold an older version of a key. */
  readonly #others: readonly CleanSince[];
  readonly #copies: Copies = { versions: [], sources: [], offsets: [] };
  /** Versions by revision, of keys that have very many. */
  readonly #longChains = new Map<ByteString, Map<number, Version>>();
  readonly #cleanAsOf: number;

  constructor(context: MergeContext, victims: readonly Segment[]) {
    const { state, table } = context;
    this.#context = context;
    this.#victims = victims;
    // Before this revision the state machine holds nothing dead; the compaction point itself may be ahead of it.
    this.#cleanAsOf = Math.min(state.compactRevision, state.history.first);
    const others = table.all().filter((segment) => !victims.includes(segment) && !segment.isReplaced);
    // The output too: what is copied now may be dead, and its tombstone let go of, before the merge is done.
    this.#others = [...others, { minRevision: 0, cleanAsOf: this.#cleanAsOf }];
  }

  /** @throws what the file system or the journal does; nothing is lost then, and nothing gained */
  async run(): Promise<void> {
    const { state, journal } = this.#context;
    const infos = await this.#writeOutput();
    const removed = this.#victims.map(({ id }) => id);
    await journal.changeSegments({ added: infos, removed, compactRevision: state.compactRevision });
    if (infos.length > 0) await this.#moveTo(infos[0]!.id);
    await this.#removeVictims();
  }

  /** The output on disk, name and all: one segment, or none where nothing was left to copy. */
  async #writeOutput(): Promise<SegmentInfo[]> {
    const { settings, layout, historyId, table, journal } = this.#context;
    // In a segment without live versions and tombstones there is nothing to be found.
    const sources = this.#victims.filter((victim) => victim.liveBytes > 0 || victim.tombstones > 0);
    if (sources.length === 0) return [];
    const { fs, clock, inlineValueBytesMax } = settings;
    const createdMs = Math.floor(clock.nowMs());
    const id = table.takeId();
    const output = await MergedWriter.create({ fs, layout, historyId, id, createdMs, inlineValueBytesMax });
    try {
      for (const victim of sources) await this.#copy(victim, output);
      if (output.isEmpty) {
        await output.discard();
        return [];
      }
      const info = await output.finish(this.#cleanAsOf);
      await journal.syncDirectory();
      return [info];
    } catch (error) {
      await output.discard();
      throw error;
    }
  }

  async #copy(victim: Segment, output: MergedWriter): Promise<void> {
    const { settings, layout, historyId, slices, buffers } = this.#context;
    const bytes = await readSegmentFile({ fs: settings.fs, layout, historyId }, victim, buffers);
    const salt = segmentSalt(historyId, victim.id);
    slices.restart();
    for (let at = SEGMENT_HEADER_BYTES; at < victim.bytes; ) {
      const frame = frameAt(bytes, at, salt);
      if (frame === undefined) {
        victim.isDamaged = true;
        throw corruptSegment(layout, victim, at, "found while merging");
      }
      let steps = 0;
      readRecords(bytes, frame, {
        version: (record) => {
          steps++;
          this.#consider(record, victim, bytes, output);
        },
      });
      at = frame.end;
      if (output.isFull) {
        await output.drain();
        slices.restart();
      } else if (slices.isOver(steps)) {
        await slices.pause();
      }
    }
  }

  #consider(record: VersionRecord, victim: Segment, bytes: Uint8Array, output: MergedWriter): void {
    const version = this.#find(record);
    if (version === undefined || version.segment !== victim.id) {
      if (record.isTombstone && mustCarry(record.revision, this.#others)) output.carry(record);
      return;
    }
    let offset = 0;
    if (record.isTombstone) {
      output.tombstone(version);
    } else if (version.spilledBytes > 0) {
      // The value is on disk alone; its checksum stands before it.
      const { valueStart, valueLength } = record;
      offset = output.copy(version, bytes.subarray(valueStart - 4, valueStart + valueLength));
    } else {
      offset = output.put(version, version.value);
    }
    this.#copies.versions.push(version);
    this.#copies.sources.push(victim.id);
    this.#copies.offsets.push(offset);
  }

  /** The version that a record made, if history still holds it. */
  #find({ key, revision }: VersionRecord): Version | undefined {
    const long = this.#longChains.get(key);
    if (long !== undefined) return long.get(revision);
    let version = this.#context.state.head(key);
    for (let steps = 0; version !== undefined && version.revision > revision; steps++) {
      if (steps === LONG_CHAIN) return this.#mapChain(key).get(revision);
      version = version.previous;
    }
    return version?.revision === revision ? version : undefined;
  }

  #mapChain(key: ByteString): Map<number, Version> {
    const chain = new Map<number, Version>();
    for (let at = this.#context.state.head(key); at !== undefined; at = at.previous)
      chain.set(at.revision, at);
    this.#longChains.set(key, chain);
    return chain;
  }

  /** From now on the copies are what versions in memory point to, unless they were let go of meanwhile. */
  async #moveTo(id: number): Promise<void> {
    const { table, slices } = this.#context;
    const { versions, sources, offsets } = this.#copies;
    const output = table.get(id)!;
    slices.restart();
    for (let at = 0; at < versions.length; at++) {
      const version = versions[at]!;
      const source = sources[at]!;
      if (version.segment !== source) continue;
      table.removeVersion(table.get(source)!, version);
      version.segment = id;
      version.offset = offsets[at]!;
      table.addVersion(output, version);
      if (at % MOVES_AT_ONCE === 0 && slices.isOver(MOVES_AT_ONCE)) await slices.pause();
    }
  }

  /** The log does not name them any more. A failure leaves files that the next open removes. */
  async #removeVictims(): Promise<void> {
    const { settings, layout, table, files } = this.#context;
    for (const victim of this.#victims) {
      table.remove(victim.id);
      await files.retire(victim.id);
      await removeIfThere(settings.fs, layout.segment(victim)).catch(() => {});
    }
  }
}
