/** Checks a store's directory: every byte of every segment, then whether index checkpoint and segments agree. */

import { isHoldfastError } from "../../contract/errors.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { isMissing, withIoErrors } from "../../disk/io-error.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import type { StateImage } from "../../mvcc/image.ts";
import type { Version } from "../../mvcc/version.ts";
import { openCheckpoint, readCheckpoint } from "./checkpoint-reader.ts";
import type { Damage } from "./frame-walk.ts";
import { FILE_STORE_DEFAULTS } from "./options.ts";
import { recover } from "./recovery.ts";
import type { StoreSource } from "./segment-scan.ts";
import { type SegmentRole, Survey, type SurveyOptions } from "./survey.ts";

export type { Damage } from "./frame-walk.ts";

export interface SegmentReport {
  readonly id: number;
  readonly kind: "log" | "merged";
  readonly file: string;
  /** How long the file is, zeros written ahead included. */
  readonly bytes: number;
  readonly frames: number;
  readonly versions: number;
  /** 0 where it holds no versions. */
  readonly minRevision: number;
  readonly maxRevision: number;
  /** A leftover is no part of the store: the next opening removes it. */
  readonly role: SegmentRole;
  readonly damages: readonly Damage[];
  /** Of the newest log segment: bytes at its end that were never acknowledged. Normal after a crash; the next opening cuts them. */
  readonly tornBytes: number;
}

export interface VerifyReport {
  /** Nothing is broken. */
  readonly isGood: boolean;
  readonly directory: string;
  /** Undefined where STORE is broken. */
  readonly historyId: string | undefined;
  /** Undefined where no log segment tells. */
  readonly revision: number | undefined;
  readonly compactRevision: number | undefined;
  /** Keys that exist; undefined where something is broken. */
  readonly keys: number | undefined;
  readonly segments: readonly SegmentReport[];
  /** The index checkpoint. It is derived: a damaged one may be deleted, and costs time at the next opening only. */
  readonly checkpoint: "absent" | "good" | "damaged";
  /** Everything that is broken, in segments and elsewhere. */
  readonly damages: readonly Damage[];
}

export interface VerifyOptions extends SurveyOptions {
  readonly fileSystem?: FileSystem | undefined;
}

/** How often to look again beside an owner whose merging removes files meanwhile. */
const ATTEMPTS = 5;

/**
 * Damage is in the report, not thrown. Changes nothing and takes no lock: beside a live owner, what is being
 * written at the moment may look torn.
 * @throws {HoldfastError} NOT_FOUND (no store there), UNKNOWN_FORMAT, IO
 */
export async function verifyDirectory(directory: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const fs = options.fileSystem ?? nodeFileSystem;
  return await withIoErrors(`verify ${directory}`, async () => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await verify(fs, directory, options);
      } catch (error) {
        const isGone = isHoldfastError(error, "CORRUPT") || isMissing(error);
        if (!isGone || attempt === ATTEMPTS) throw error;
      }
    }
  });
}

async function verify(fs: FileSystem, directory: string, options: VerifyOptions): Promise<VerifyReport> {
  const survey = await Survey.open(fs, directory);
  const segments: SegmentReport[] = [];
  const damages = [...survey.damages];
  for await (const { role, segment } of survey.segments(options)) {
    const { name, file, bytes, frames, versions, minRevision, maxRevision, tornBytes } = segment;
    const found = role === "leftover" ? [] : segment.damages;
    damages.push(...found);
    segments.push({
      ...{ id: name.id, kind: name.kind, file, bytes: bytes.length, frames: frames.length, versions },
      ...{ minRevision, maxRevision, role, damages: found, tornBytes },
    });
  }
  const isWhole = damages.length === 0;
  const index = await checkIndex(survey.source, isWhole);
  damages.push(...index.damages);
  return {
    isGood: damages.length === 0,
    directory,
    historyId: survey.identity?.historyId,
    revision: survey.state?.revision,
    compactRevision: survey.state?.compactRevision,
    keys: index.keys,
    segments,
    checkpoint: index.checkpoint,
    damages,
  };
}

interface IndexReport {
  readonly checkpoint: VerifyReport["checkpoint"];
  readonly keys?: number | undefined;
  readonly damages: readonly Damage[];
}

/** Opens the store twice, with its checkpoint and without: both must come to the same. */
async function checkIndex(source: StoreSource, isWhole: boolean): Promise<IndexReport> {
  const { layout, fs } = source;
  const { inlineValueBytesMax } = FILE_STORE_DEFAULTS;
  const damaged = (what: string): IndexReport => {
    const damage = { file: layout.checkpoint, offset: 0, bytes: 0, what: `${what}; it may be deleted` };
    return { checkpoint: "damaged", damages: [damage] };
  };
  const isThere = (await fs.stat(layout.checkpoint)) !== undefined;
  const broken = isThere ? await checkpointDamage(source) : undefined;
  if (broken !== undefined) return damaged(broken);
  const checkpoint = isThere ? "good" : "absent";
  if (!isWhole) return { checkpoint, damages: [] };
  const opened = await recover(source, inlineValueBytesMax);
  const { compactRevision, heads } = opened.image;
  const rebuilt = await recover(source, inlineValueBytesMax, { useCheckpoint: false, compactRevision });
  const what = difference(opened.image, rebuilt.image);
  if (what !== undefined) return damaged(what);
  return { checkpoint, keys: heads.filter((head) => !head.isTombstone).length, damages: [] };
}

async function checkpointDamage(source: StoreSource): Promise<string | undefined> {
  const file = await openCheckpoint(source);
  if (file === undefined) return "its beginning is not what it should be";
  const whole = readCheckpoint(file, source.historyId, FILE_STORE_DEFAULTS.inlineValueBytesMax);
  return whole === undefined ? "its entries are not what they should be" : undefined;
}

/** Where two images of the same store differ. */
function difference(opened: StateImage, rebuilt: StateImage): string | undefined {
  if (opened.heads.length !== rebuilt.heads.length) {
    return `it leads to ${opened.heads.length} keys, the segments hold ${rebuilt.heads.length}`;
  }
  const at = opened.heads.findIndex((head, index) => !isSameChain(head, rebuilt.heads[index]!));
  return at < 0
    ? undefined
    : `it leads to another state of a key than the segments hold (the ${at + 1}th in order)`;
}

function isSameChain(a: Version, b: Version): boolean {
  let left: Version | undefined = a;
  let right: Version | undefined = b;
  while (left !== undefined && right !== undefined) {
    const isSame =
      left.key === right.key &&
      left.revision === right.revision &&
      left.createRevision === right.createRevision &&
      left.version === right.version &&
      left.leaseId === right.leaseId &&
      left.valueBytes === right.valueBytes &&
      left.value === right.value;
    if (!isSame) return false;
    left = left.previous;
    right = right.previous;
  }
  return left === right;
}
