/**
 * Looks at every byte of every segment and stops at nothing: for `verify`, which reports what is broken, and
 * `salvage`, which takes what is not. One segment is in memory at a time.
 */
import { ByteFormatError } from "../../base/byte-reader.ts";
import { HoldfastError, isHoldfastError } from "../../contract/errors.ts";
import { DirectoryLayout, listSegments, type SegmentName } from "../../disk/directory-layout.ts";
import { findFrames, readerOf } from "../../disk/frame.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { readIdentity, type StoreIdentity } from "../../disk/identity.ts";
import { parseSegmentHeader, segmentSalt } from "../../disk/segment-header.ts";
import { FRAME } from "./frame-types.ts";
import { type Damage, type WalkedSegment, walkSegment } from "./frame-walk.ts";
import { readRecords } from "./group-reader.ts";
import { readPreamble } from "./log-records.ts";
import { LogState } from "./log-state.ts";
import { readSegmentFile, type StoreSource } from "./segment-scan.ts";

export interface SurveyOptions {
  readonly onProgress?: ((bytesDone: number, bytes: number) => void) | undefined;
}

/** A segment's part in the store. What the log does not name is a leftover; where no log tells, all are taken for sealed. */
export type SegmentRole = "sealed" | "newest" | "leftover";

export class Survey {
  readonly source: StoreSource;
  /** Undefined where STORE cannot be read. */
  readonly identity: StoreIdentity | undefined;
  readonly names: readonly SegmentName[];
  /** What is broken beside the insides of segments. */
  readonly damages: Damage[] = [];
  /** What the log says; undefined where no log segment has a good beginning. */
  state: LogState | undefined;
  newestId = 0;

  /**
   * Finds out what a directory holds, as far as it can be found out.
   * @throws {HoldfastError} NOT_FOUND where there is nothing of a store, UNKNOWN_FORMAT, IO
   */
  static async open(fs: FileSystem, directory: string): Promise<Survey> {
    const layout = new DirectoryLayout(directory);
    const names = await listSegments(fs, layout);
    const damages: Damage[] = [];
    const identity = await identityOf(fs, layout, damages);
    if (identity === undefined && names.length === 0 && damages.length === 0) {
      throw new HoldfastError("NOT_FOUND", `there is no store in ${directory}`, { details: { directory } });
    }
    if (identity === undefined && damages.length === 0) {
      damages.push({ file: layout.identity, offset: 0, bytes: 0, what: "missing" });
    }
    const historyId = identity?.logId ?? (await historyOf({ fs, layout, historyId: "" }, names));
    const survey = new Survey({ fs, layout, historyId }, identity, names);
    survey.damages.push(...damages);
    await survey.#readLog();
    survey.#checkPresence();
    return survey;
  }

  private constructor(
    source: StoreSource,
    identity: StoreIdentity | undefined,
    names: readonly SegmentName[],
  ) {
    this.source = source;
    this.identity = identity;
    this.names = names;
  }

  /** Walks through all segments, ascending by id. */
  async *segments({
    onProgress,
  }: SurveyOptions = {}): AsyncGenerator<{ role: SegmentRole; segment: WalkedSegment }> {
    const { fs, layout } = this.source;
    const sizes = await Promise.all(this.names.map((name) => fs.stat(layout.segment(name))));
    const total = sizes.reduce((sum, stat) => sum + (stat?.size ?? 0), 0);
    let done = 0;
    for (const name of this.names) {
      const bytes = await readSegmentFile(this.source, name);
      const role = this.#roleOf(name);
      yield { role, segment: walkSegment(this.source, { name, bytes }, this.state?.segments.get(name.id)) };
      done += bytes.length;
      onProgress?.(done, total);
    }
  }

  #roleOf({ id }: SegmentName): SegmentRole {
    if (id === this.newestId) return "newest";
    return this.state === undefined || this.state.segments.has(id) ? "sealed" : "leftover";
  }

  /** Takes the newest log segment that has a good preamble for the newest of all, and follows what it says. */
  async #readLog(): Promise<void> {
    for (const name of [...this.names].reverse()) {
      if (name.kind !== "log") continue;
      const bytes = await readSegmentFile(this.source, name);
      const frames = [...findFrames(bytes, 0, segmentSalt(this.source.historyId, name.id))];
      const first = frames[0];
      if (first?.type !== FRAME.preamble) continue;
      try {
        const state = new LogState(readPreamble(readerOf(bytes, first)));
        const visitor = state.visitor(() => {});
        for (const frame of frames) readRecords(bytes, frame, visitor);
        this.state = state;
        this.newestId = name.id;
        return;
      } catch (error) {
        if (!(error instanceof ByteFormatError)) throw error;
      }
    }
    const file = this.source.layout.segments;
    this.damages.push({ file, offset: 0, bytes: 0, what: "no log segment has a good beginning" });
  }

  #checkPresence(): void {
    const present = new Set(this.names.map(({ id }) => id));
    for (const info of this.state?.segments.values() ?? []) {
      if (present.has(info.id)) continue;
      const { id, bytes, minRevision, maxRevision } = info;
      const file = this.source.layout.segment(info);
      const revisions = { from: minRevision, to: maxRevision };
      this.damages.push({ file, segment: id, offset: 0, bytes, what: "the file is missing", revisions });
    }
  }
}

async function identityOf(
  fs: FileSystem,
  layout: DirectoryLayout,
  damages: Damage[],
): Promise<StoreIdentity | undefined> {
  try {
    return await readIdentity(fs, layout);
  } catch (error) {
    if (!isHoldfastError(error, "CORRUPT")) throw error;
    damages.push({ file: layout.identity, offset: 0, bytes: 0, what: "it does not say what store this is" });
    return undefined;
  }
}

/** Segments say whose they are, where STORE does not. */
async function historyOf(source: StoreSource, names: readonly SegmentName[]): Promise<string> {
  for (const name of names) {
    const header = parseSegmentHeader(await readSegmentFile(source, name));
    if (header !== undefined) return header.historyId;
  }
  return "";
}
