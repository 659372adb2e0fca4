/** The file engine under the schedules, tuned so that everything it ever does happens within a few hundred writes. */
import { below, type Random } from "../../src/base/random.ts";
import { type Durability, type FileStoreOptions, openFileStore } from "../../src/engines/file/index.ts";
import type { EngineUnderTest, World } from "./world.ts";

export interface FileEngineOptions {
  /** Default `"fsync"`. */
  readonly durability?: Durability;
  /** Keeps about this many revisions. Absent: all. */
  readonly revisionsMin?: number;
}

function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[below(random, choices.length)]!;
}

/** Every opening draws other figures: each must cope with what another has left. */
function drawOptions({ fileSystem, clock, random, defer }: World): FileStoreOptions {
  return {
    ...{ fileSystem, clock, random, defer, lock: false },
    segmentBytes: oneOf(random, [4_096, 8_192, 32_768]),
    extentBytes: oneOf(random, [0, 700, 4_096]),
    inlineValueBytesMax: oneOf(random, [0, 40, 1_024]),
    valueCacheBytes: oneOf(random, [0, 4_096, 2 ** 20]),
    checkpointBytes: oneOf(random, [1_024, 10_000, 100_000]),
    checkpointAtCloseBytes: oneOf(random, [0, 5_000, 2 ** 20]),
    mergeAboveRatio: oneOf(random, [1.1, 1.6]),
    mergeAboveBytes: oneOf(random, [0, 4_096]),
  };
}

export function fileEngine({ durability = "fsync", revisionsMin }: FileEngineOptions = {}): EngineUnderTest {
  const history = revisionsMin === undefined ? "forever" : { ageMs: 0, revisionsMin };
  return {
    open: (world) => openFileStore(world.directory, { ...drawOptions(world), durability, history }),
    openReadOnly: (world) => openFileStore(world.directory, { ...drawOptions(world), readOnly: true }),
    mayLoseRecent: durability === "buffered",
    forgetsHistory: revisionsMin !== undefined,
  };
}
