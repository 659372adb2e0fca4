/** Many clients at once on real engines: every history is linearizable, and every watch tells it as it was. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ByteString } from "../../src/base/byte-string.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { Store } from "../../src/contract/store.ts";
import type { Watch, WatchBatch, WatchRequest } from "../../src/contract/watch.ts";
import { openFileStore } from "../../src/engines/file/index.ts";
import { createMemoryStore } from "../../src/engines/memory/index.ts";
import {
  checkLinearizability,
  checkWatch,
  createHistoryRecorder,
  storeModel,
} from "../../src/testing/index.ts";
import { RESTLESS } from "../engines/restless.ts";
import { runClients } from "./random-clients.ts";

const root = await mkdtemp(join(tmpdir(), "holdfast-linearizability-"));
afterAll(() => rm(root, { recursive: true }));

const ENGINES: Readonly<Record<string, () => Promise<Store>>> = {
  memory: async () => createMemoryStore(),
  file: async () => openFileStore(await mkdtemp(join(root, "store-"))),
  "restless file": async () => openFileStore(await mkdtemp(join(root, "store-")), RESTLESS),
};

const WATCHES: readonly WatchRequest[] = [
  { ...EVERYTHING, previous: true },
  { key: "a" as ByteString, end: "c" as ByteString },
  { key: "c" as ByteString, previous: true },
  { ...EVERYTHING, only: "delete" },
];

/** Reads until the store's revision of the moment has been told. */
async function readUpTo(watch: Watch, revision: number): Promise<readonly WatchBatch[]> {
  const batches: WatchBatch[] = [];
  while ((batches.at(-1)?.revision ?? 0) < revision) {
    watch.requestProgress();
    batches.push((await watch.next())!);
  }
  return batches;
}

async function run(open: () => Promise<Store>, seed: number): Promise<void> {
  const store = await open();
  const watches = await Promise.all(WATCHES.map((request) => store.watch(request)));
  const recorder = createHistoryRecorder();
  const options = { seed, clients: 8, callsEach: 30, abortEvery: seed % 2 === 0 ? 6 : 0 };
  await runClients(() => recorder.client(store), options);
  expect(checkLinearizability(storeModel, recorder.history()), `seed ${seed}`).toEqual({
    linearizable: true,
  });
  await checkWatches(store, watches);
  await store.close();
}

async function checkWatches(store: Store, watches: readonly Watch[]): Promise<void> {
  const replay = await store.watch({ ...EVERYTHING, fromRevision: 1, previous: true });
  const history = (await readUpTo(replay, store.revision)).flatMap((batch) => batch.events);
  for (const [at, watch] of watches.entries()) {
    const batches = await readUpTo(watch, store.revision);
    const observed = { request: WATCHES[at]!, startRevision: watch.startRevision, batches };
    expect(checkWatch(observed, history)).toEqual([]);
  }
}

describe("concurrent clients", () => {
  for (const [engine, open] of Object.entries(ENGINES)) {
    test(`on the ${engine} engine have a linearizable history, and watches tell it`, async () => {
      for (let seed = 1; seed <= 12; seed++) await run(open, seed);
    });
  }
});
