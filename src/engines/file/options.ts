/** What a file store can be told, with the defaults, checked once. */
import { type Clock, systemClock } from "../../base/clock.ts";
import { type Defer, systemDefer } from "../../base/defer.ts";
import { type Random, systemRandom } from "../../base/random.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import { checkHistory, type HistoryRetention } from "../local/history-keeper.ts";

/**
 * When a write is acknowledged, named by what can be lost after that.
 * - `"fsync"`: nothing. The bytes are on the disk.
 * - `"buffered"`: if the machine loses power or its kernel crashes, what was written in the last tenth of a
 *   second; nothing if only the process dies. What is left is always a state that the store has had.
 */
export type Durability = "fsync" | "buffered";

/** How the engine may use the disk. The defaults suit nearly everyone; tests shrink them. All in bytes. */
export interface FileStoreTuning {
  /** A log segment is sealed when it has grown beyond this. Default: an eighth of the live data, from 4 MiB to 64 MiB. */
  readonly segmentBytes?: number | undefined;
  /** Zeros are written ahead of small writes in steps of this. 0: never. Default 1 MiB. */
  readonly extentBytes?: number | undefined;
  /** Values longer than this are kept on disk alone and read when asked for. Default 1024. */
  readonly inlineValueBytesMax?: number | undefined;
  /** Memory for values read from, or on their way to, the disk. Default 32 MiB. */
  readonly valueCacheBytes?: number | undefined;
  /** An index checkpoint is written once this much of the segments is not covered by one. Default 128 MiB. */
  readonly checkpointBytes?: number | undefined;
  /** Closing writes a checkpoint where this much is not covered by one. Default 1 MiB. */
  readonly checkpointAtCloseBytes?: number | undefined;
  /** Merging starts when the segments take this many times what is live in them. At least 1.1. Default 1.6. */
  readonly mergeAboveRatio?: number | undefined;
  /** Merging leaves this much dead data alone, whatever the ratio. Default 8 MiB. */
  readonly mergeAboveBytes?: number | undefined;
}

/** Told of what the engine did that an operator may want to know. */
export interface FileStoreLogger {
  info?(message: string, facts: Readonly<Record<string, unknown>>): void;
  warn?(message: string, facts: Readonly<Record<string, unknown>>): void;
}

export interface FileStoreOptions extends FileStoreTuning {
  /** Default `"fsync"`. */
  readonly durability?: Durability | undefined;
  /** How much history to keep. Default: an hour, and at least 10 000 revisions. */
  readonly history?: HistoryRetention | undefined;
  /** Opens the store as it is, writes nothing, takes no lock: works beside a live owner. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Makes this process the directory's owner. Default true. False is for simulated file systems. */
  readonly lock?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly defer?: Defer | undefined;
  readonly fileSystem?: FileSystem | undefined;
  readonly logger?: FileStoreLogger | undefined;
}

export interface FileStoreSettings {
  readonly durability: Durability;
  readonly history: HistoryRetention | undefined;
  readonly readOnly: boolean;
  readonly lock: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly defer: Defer;
  readonly fs: FileSystem;
  readonly logger: FileStoreLogger;
  readonly segmentBytes: number | undefined;
  readonly extentBytes: number;
  readonly inlineValueBytesMax: number;
  readonly valueCacheBytes: number;
  readonly checkpointBytes: number;
  readonly checkpointAtCloseBytes: number;
  readonly mergeAboveRatio: number;
  readonly mergeAboveBytes: number;
}

const MIB = 2 ** 20;

export const FILE_STORE_DEFAULTS = {
  durability: "fsync",
  extentBytes: MIB,
  inlineValueBytesMax: 1_024,
  valueCacheBytes: 32 * MIB,
  checkpointBytes: 128 * MIB,
  checkpointAtCloseBytes: MIB,
  mergeAboveRatio: 1.6,
  mergeAboveBytes: 8 * MIB,
} as const;

/** Least and largest allowed values. */
const BOUNDS: Readonly<Record<keyof FileStoreTuning, readonly [number, number]>> = {
  segmentBytes: [4_096, 2 ** 30],
  extentBytes: [0, 64 * MIB],
  inlineValueBytesMax: [0, 64 * 1024],
  valueCacheBytes: [0, Number.MAX_SAFE_INTEGER],
  checkpointBytes: [1_024, Number.MAX_SAFE_INTEGER],
  checkpointAtCloseBytes: [0, Number.MAX_SAFE_INTEGER],
  mergeAboveRatio: [1.1, 1_000],
  mergeAboveBytes: [0, Number.MAX_SAFE_INTEGER],
};

function invalid(message: string): HoldfastError {
  return new HoldfastError("INVALID_ARGUMENT", message);
}

function checkTuning(options: FileStoreOptions): void {
  for (const name of Object.keys(BOUNDS) as (keyof FileStoreTuning)[]) {
    const value: unknown = options[name];
    if (value === undefined) continue;
    const [least, most] = BOUNDS[name];
    if (typeof value === "number" && value >= least && value <= most) continue;
    throw invalid(`${name} is ${String(value)}; it must be a number from ${least} to ${most}`);
  }
}

/** @throws {HoldfastError} INVALID_ARGUMENT */
export function fileStoreSettings(options: FileStoreOptions): FileStoreSettings {
  const { durability = FILE_STORE_DEFAULTS.durability, readOnly = false, lock = true } = options;
  if (durability !== "fsync" && durability !== "buffered") {
    throw invalid(`durability is ${String(durability)}; it must be "fsync" or "buffered"`);
  }
  for (const [name, value] of Object.entries({ readOnly, lock })) {
    if (typeof value !== "boolean") throw invalid(`${name} is ${String(value)}; it must be true or false`);
  }
  checkHistory(options.history);
  checkTuning(options);
  const defaults = FILE_STORE_DEFAULTS;
  return {
    durability,
    readOnly,
    lock,
    history: options.history,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    defer: options.defer ?? systemDefer,
    fs: options.fileSystem ?? nodeFileSystem,
    logger: options.logger ?? {},
    segmentBytes: options.segmentBytes,
    extentBytes: Math.floor(options.extentBytes ?? defaults.extentBytes),
    inlineValueBytesMax: options.inlineValueBytesMax ?? defaults.inlineValueBytesMax,
    valueCacheBytes: options.valueCacheBytes ?? defaults.valueCacheBytes,
    checkpointBytes: options.checkpointBytes ?? defaults.checkpointBytes,
    checkpointAtCloseBytes: options.checkpointAtCloseBytes ?? defaults.checkpointAtCloseBytes,
    mergeAboveRatio: options.mergeAboveRatio ?? defaults.mergeAboveRatio,
    mergeAboveBytes: options.mergeAboveBytes ?? defaults.mergeAboveBytes,
  };
}
