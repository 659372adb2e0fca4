/**
 * Saves what is whole of a damaged directory into a new store, and says exactly what was lost.
 *
 * Every good frame counts, whatever is broken around it. Where an update is lost, the key comes back as it was
 * before it: so the new store is what is left, not what was at any moment. That is why it has no history but its
 * newest state, a history id of its own, and revisions well above the old ones.
 */
import { ByteReader, slice } from "../../base/byte-reader.ts";
import { type ByteString, EMPTY, printable } from "../../base/byte-string.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { type Random, randomHex128, systemRandom } from "../../base/random.ts";
import { HoldfastError } from "../../contract/errors.ts";
import { NO_LEASE } from "../../contract/key-value.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { withIoErrors } from "../../disk/io-error.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import type { LeaseImage, StateImage } from "../../mvcc/image.ts";
import type { Version } from "../../mvcc/version.ts";
import { createStoreDirectory } from "./create-directory.ts";
import type { Damage, WalkedSegment } from "./frame-walk.ts";
import { readRecords } from "./group-reader.ts";
import { FILE_STORE_DEFAULTS } from "./options.ts";
import { SegmentFiles } from "./segment-files.ts";
import { Segment, SegmentTable } from "./segment-table.ts";
import { Survey, type SurveyOptions } from "./survey.ts";
import { ValueReader } from "./value-reader.ts";
import { applyPatch, type VersionRecord, versionOf } from "./version-codec.ts";

/** How far above the newest known revision the salvaged store goes on: some may have been seen that are lost. */
const REVISION_BUMP = 1_000_000;
/** A lease that keys are bound to, and of which nothing else is known, gets this long for its owner to come back. */
const UNKNOWN_LEASE_TTL_MS = 60_000;

export interface SalvageOptions extends SurveyOptions {
  readonly fileSystem?: FileSystem | undefined;
  readonly clock?: Clock | undefined;
  /** Draws the new history id. */
  readonly random?: Random | undefined;
}

export interface SalvageReport {
  /** Of the new store. */
  readonly historyId: string;
  /** Where the new store goes on. */
  readonly revision: number;
  /** The newest revision that was found. */
  readonly sourceRevision: number;
  readonly keys: number;
  readonly leases: number;
  readonly segmentsRead: number;
  readonly versionsRead: number;
  /** Bytes of all damaged places together. */
  readonly bytesLost: number;
  /** Where something was lost: file, segment, offset, bytes, and between which revisions. */
  readonly losses: readonly Damage[];
  /** Bytes at the end of the log that were never acknowledged. */
  readonly tornBytes: number;
}

/**
 * The source is not changed. It must not have a live owner.
 * @throws {HoldfastError} NOT_FOUND (nothing of a store in `directory`), INVALID_ARGUMENT (`target` holds something),
 *   UNKNOWN_FORMAT, NO_SPACE, IO
 */
export async function salvageDirectory(
  directory: string,
  target: string,
  options: SalvageOptions = {},
): Promise<SalvageReport> {
  const { fileSystem: fs = nodeFileSystem, clock = systemClock, random = systemRandom } = options;
  return await withIoErrors(`salvage ${directory} to ${target}`, async () => {
    const names = (await fs.stat(target)) === undefined ? [] : await fs.list(target);
    if (names.length > 0) {
      throw new HoldfastError("INVALID_ARGUMENT", `${target} is not empty: name a new directory`, {
        details: { directory: target, names: names.slice(0, 10) },
      });
    }
    const survey = await Survey.open(fs, directory);
    const salvage = new Salvage(survey);
    await salvage.readAll(options);
    const { image, sourceRevision } = salvage.image();
    const historyId = randomHex128(random);
    const createdMs = Math.floor(clock.nowMs());
    const { load, close } = salvage.values();
    try {
      const times = [{ revision: image.revision, timeMs: createdMs }];
      await createStoreDirectory(target, {
        image: { ...image, times },
        historyId,
        createdMs,
        fileSystem: fs,
        load,
      });
    } finally {
      await close();
    }
    const { segmentsRead, versionsRead, losses, tornBytes } = salvage;
    return {
      ...{ historyId, revision: image.revision, sourceRevision },
      ...{ keys: image.heads.length, leases: image.leases.length, segmentsRead, versionsRead },
      ...{ bytesLost: losses.reduce((sum, { bytes }) => sum + bytes, 0), losses, tornBytes },
    };
  });
}

interface LostUpdates extends Damage {
  readonly revisions: { from: number; to: number };
}

class Salvage {
  readonly losses: Damage[];
  segmentsRead = 0;
  versionsRead = 0;
  tornBytes = 0;
  readonly #survey: Survey;
  readonly #newest = new Map<ByteString, Version>();
  readonly #table = new SegmentTable();
  readonly #lostUpdates = new Map<ByteString, LostUpdates>();

  constructor(survey: Survey) {
    this.#survey = survey;
    this.losses = [...survey.damages];
  }

  async readAll(options: SurveyOptions): Promise<void> {
    for await (const { role, segment } of this.#survey.segments(options)) {
      // What a merge has replaced may hold keys whose deletion is forgotten.
      if (role === "leftover") continue;
      this.losses.push(...segment.damages);
      this.tornBytes += segment.tornBytes;
      this.segmentsRead++;
      this.#table.add(new Segment(segment.name.id, segment.name.kind));
      this.#read(segment);
    }
  }

  /** What is left: the newest known state of every key. */
  image(): { image: StateImage; sourceRevision: number } {
    const heads = [...this.#newest.values()].filter((version) => !version.isTombstone);
    heads.sort((a, b) => (a.key < b.key ? -1 : 1));
    const leases = new Map<bigint, LeaseImage>(
      this.#survey.state?.leases().map((lease) => [lease.id, lease]),
    );
    let sourceRevision = this.#survey.state?.revision ?? 1;
    for (const { leaseId: id, revision } of heads) {
      sourceRevision = Math.max(sourceRevision, revision);
      if (id === NO_LEASE || leases.has(id)) continue;
      leases.set(id, { id, ttlMs: UNKNOWN_LEASE_TTL_MS, remainingMs: UNKNOWN_LEASE_TTL_MS });
    }
    const revision = sourceRevision + REVISION_BUMP;
    const image = { revision, compactRevision: revision, heads, leases: [...leases.values()], times: [] };
    return { image, sourceRevision };
  }

  /** Reads the values that were left where they are. */
  values(): { load: (version: Version) => Promise<ByteString>; close: () => Promise<void> } {
    const { fs, layout } = this.#survey.source;
    const files = new SegmentFiles(fs, layout);
    const values = new ValueReader({ layout, files, table: this.#table, cacheBytes: 0 });
    return { load: (version) => values.load(version), close: () => files.close() };
  }

  #read(segment: WalkedSegment): void {
    const { bytes, frames } = segment;
    /** What patches of this segment start from. */
    const last = new Map<ByteString, Version>();
    for (const frame of frames) {
      readRecords(bytes, frame, {
        version: (record) => {
          this.versionsRead++;
          const version = this.#versionOf(record, segment, last);
          if (version === undefined) return;
          last.set(record.key, version);
          const known = this.#newest.get(record.key);
          if (known === undefined || known.revision < version.revision) this.#newest.set(record.key, version);
        },
      });
    }
  }

  /** Undefined for a patch whose beginning is lost: that is reported. */
  #versionOf(
    record: VersionRecord,
    { name, file, bytes }: WalkedSegment,
    last: ReadonlyMap<ByteString, Version>,
  ): Version | undefined {
    const { valueStart, valueLength } = record;
    let value = EMPTY;
    const isSpilled = record.checked && valueLength > FILE_STORE_DEFAULTS.inlineValueBytesMax;
    if (record.isPatch) {
      const before = last.get(record.key);
      if (before?.createRevision !== record.createRevision || before.version !== record.version - 1) {
        this.#noteLostUpdate(record, { file, segment: name.id });
        return undefined;
      }
      const start =
        before.spilledBytes === 0
          ? before.value
          : slice(bytes, before.offset, before.offset + before.spilledBytes);
      value = applyPatch(new ByteReader(bytes, valueStart), start, valueLength);
    } else if (!isSpilled) {
      value = slice(bytes, valueStart, valueStart + valueLength);
    }
    const version = versionOf(record, value);
    version.segment = name.id;
    version.offset = valueStart;
    if (isSpilled) version.spilledBytes = valueLength;
    return version;
  }

  /** One entry for all updates of a key that follow each other. */
  #noteLostUpdate(
    { key, revision, valueStart }: VersionRecord,
    where: { file: string; segment: number },
  ): void {
    const known = this.#lostUpdates.get(key);
    if (known?.segment === where.segment) {
      known.revisions.to = revision;
      return;
    }
    const what = `updates of parts of ${printable(key)}, whose value before them is lost`;
    const loss = {
      ...where,
      offset: valueStart,
      bytes: 0,
      what,
      revisions: { from: revision, to: revision },
    };
    this.#lostUpdates.set(key, loss);
    this.losses.push(loss);
  }
}
