/**
 * The engines that the guarantees are checked on, each with a fresh store per test and time that the test moves. The
 * file engine runs on a disk in memory, once as it comes and once so that it seals, merges and checkpoints all the
 * time.
 */
import { seededRandom } from "../../src/base/random.ts";
import type { Store } from "../../src/contract/store.ts";
import type { FileSystem } from "../../src/disk/fs-port.ts";
import { type FileStoreTuning, openFileStore } from "../../src/engines/file/index.ts";
import { restoreSnapshot } from "../../src/engines/file/restore.ts";
import { createMemoryStore, restoreMemoryStore } from "../../src/engines/memory/index.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/fake-clock.ts";
import { RESTLESS } from "../engines/restless.ts";
import { SimulatedDisk } from "../sim/simulated-disk.ts";

export interface OpenStore {
  readonly store: Store;
  readonly clock: FakeClock;
}

export interface Engine {
  readonly name: string;
  open(): Promise<OpenStore>;
  /** A fresh store with the content of a snapshot. */
  restore(snapshot: AsyncIterable<Uint8Array>): Promise<OpenStore>;
  /** Closes the store and opens its data again. Absent where nothing outlives the process. */
  readonly reopen?: (store: Store) => Promise<OpenStore>;
}

const memory: Engine = {
  name: "memory",
  open: async () => {
    const clock = createFakeClock();
    return { store: createMemoryStore({ clock, random: seededRandom(1) }), clock };
  },
  restore: async (snapshot) => {
    const clock = createFakeClock();
    return { store: await restoreMemoryStore(snapshot, { clock, random: seededRandom(2) }), clock };
  },
};

export const DIRECTORY = "/data";

/** A disk in memory that does what it is told, without delay. */
export function newDisk(seed: number): SimulatedDisk {
  return new SimulatedDisk({ random: seededRandom(seed), pause: async () => {} });
}

/** Opens the store on a disk. A store that is opened again starts with a clock of its own, as a process does. */
export async function openOn(fileSystem: FileSystem, tuning: FileStoreTuning = {}): Promise<OpenStore> {
  const clock = createFakeClock();
  const options = { ...tuning, fileSystem, clock, random: seededRandom(1), lock: false };
  return { store: await openFileStore(DIRECTORY, options), clock };
}

function fileEngine(name: string, tuning: FileStoreTuning): Engine {
  const disks = new WeakMap<Store, SimulatedDisk>();
  const openAs = async (disk: SimulatedDisk): Promise<OpenStore> => {
    const opened = await openOn(disk, tuning);
    disks.set(opened.store, disk);
    return opened;
  };
  return {
    name,
    open: () => openAs(newDisk(1)),
    restore: async (snapshot) => {
      const disk = newDisk(2);
      await restoreSnapshot(snapshot, DIRECTORY, { fileSystem: disk, random: seededRandom(2) });
      return openAs(disk);
    },
    reopen: async (store) => {
      await store.close();
      return openAs(disks.get(store)!);
    },
  };
}

export const ENGINES: readonly Engine[] = [
  memory,
  fileEngine("file", {}),
  fileEngine("restless file", RESTLESS),
];
