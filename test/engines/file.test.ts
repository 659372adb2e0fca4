import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, test } from "vitest";
import type { Store } from "../../src/contract/store.ts";
import { type FileStoreTuning, openFileStore } from "../../src/engines/file/index.ts";
import { restoreSnapshot } from "../../src/engines/file/restore.ts";
import { conformance, type OpenOptions, type StoreFixture } from "../../src/testing/index.ts";
import { RESTLESS } from "./restless.ts";

const root = await mkdtemp(join(tmpdir(), "holdfast-conformance-"));
afterAll(() => rm(root, { recursive: true }));

const directories = new WeakMap<Store, string>();

async function openIn(directory: string, options: OpenOptions & FileStoreTuning): Promise<Store> {
  const store = await openFileStore(directory, options);
  directories.set(store, directory);
  return store;
}

function fileStores(tuning: FileStoreTuning): StoreFixture {
  return {
    open: async (options) => openIn(await mkdtemp(join(root, "store-")), { ...options, ...tuning }),
    async reopen(store, options) {
      await store.close();
      return openIn(directories.get(store)!, { ...options, ...tuning });
    },
    async restore(snapshot, options) {
      const directory = await mkdtemp(join(root, "restored-"));
      await restoreSnapshot(snapshot, directory, options);
      return openIn(directory, { ...options, ...tuning });
    },
    time: "controlled",
  };
}

conformance("file engine", fileStores({}), { describe, test });

conformance("restless file engine", fileStores(RESTLESS), { describe, test });
