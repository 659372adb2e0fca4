/** What the tests of the file engine's inside share: stores in throw-away directories, tuned so that much happens soon. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ByteString } from "../../src/base/byte-string.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { KeyValue } from "../../src/contract/key-value.ts";
import type { Store } from "../../src/contract/store.ts";
import type { Operation } from "../../src/contract/txn.ts";
import type { FileSystem, OpenFile } from "../../src/disk/fs-port.ts";
import { nodeFileSystem } from "../../src/disk/node-file-system.ts";
import { type FileStoreOptions, openFileStore } from "../../src/engines/file/index.ts";

/** Small segments, so that a few kilobytes make many, and merging and checkpoints have work. */
export const BUSY: FileStoreOptions = {
  segmentBytes: 4_096,
  extentBytes: 1_024,
  inlineValueBytesMax: 200,
  mergeAboveBytes: 0,
  mergeAboveRatio: 1.3,
  checkpointBytes: 20_000,
  checkpointAtCloseBytes: 0,
  history: { ageMs: 0, revisionsMin: 20, bytesMax: 0 },
};

/** Everything stays where it was written. */
export const QUIET: FileStoreOptions = {
  mergeAboveBytes: Number.MAX_SAFE_INTEGER,
  checkpointBytes: Number.MAX_SAFE_INTEGER,
  checkpointAtCloseBytes: Number.MAX_SAFE_INTEGER,
};

export async function newDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "holdfast-file-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  return join(parent, "store");
}

export async function opened(directory: string, options: FileStoreOptions = {}): Promise<Store> {
  const store = await openFileStore(directory, options);
  onTestFinished(() => store.close());
  return store;
}

export async function run(store: Store, ...success: readonly Operation[]): Promise<number> {
  return (await store.txn({ conditions: [], success, failure: [] })).revision;
}

export function put(key: string, value: string, leaseId = 0n): Operation {
  return { type: "put", key: key as ByteString, value: value as ByteString, leaseId };
}

export function remove(key: string): Operation {
  return { type: "delete", key: key as ByteString };
}

/** Replaces bytes of a value in place. */
export function patch(key: string, offset: number, bytes: string): Operation {
  return { type: "merge", key: key as ByteString, fn: "set", width: 1, offset, operand: bytes as ByteString };
}

/** All pairs as plain data. */
export async function contents(store: Store, revision = 0): Promise<KeyValue[]> {
  const { kvs } = await store.range({ ...EVERYTHING, revision });
  return kvs.map(({ key, value, revision: at, createRevision, version, leaseId }) => ({
    ...{ key, value, revision: at, createRevision, version, leaseId },
  }));
}

/** Rewrites a few keys again and again: short values and long ones, merges, deletes. */
export async function churn(store: Store, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const value = `${round}-`.repeat(round % 7 === 0 ? 150 : 5);
    await Promise.all([
      run(store, put(`k${round % 11}`, value), put(`once${round}`, "x")),
      run(store, put(`keep${round % 100}`, "x".repeat(20))),
      run(store, patch("patched", (round * 3) % 400, `<${round}>`)),
      run(store, remove(`once${round - 5}`)),
    ]);
  }
}

type FileCall = "read" | "write" | "writeNow" | "sync" | "truncate" | "syncDirectory" | "create";

/**
 * The real file system, with a say in every call that changes something.
 * @param before may throw what the file system would
 */
export function troubled(before: (call: FileCall, path: string, bytes?: number) => void): FileSystem {
  const wrap = (file: OpenFile, path: string): OpenFile => ({
    read: async (target, position) => {
      before("read", path);
      return await file.read(target, position);
    },
    write: async (source, position) => {
      before("write", path, source.length);
      await file.write(source, position);
    },
    writeNow: (source, position) => {
      before("writeNow", path, source.length);
      file.writeNow(source, position);
    },
    sync: async () => {
      before("sync", path);
      await file.sync();
    },
    truncate: async (size) => {
      before("truncate", path);
      await file.truncate(size);
    },
    size: () => file.size(),
    close: () => file.close(),
  });
  return {
    ...nodeFileSystem,
    async open(path, mode) {
      if (mode === "create") before("create", path);
      return wrap(await nodeFileSystem.open(path, mode), path);
    },
    async syncDirectory(path) {
      before("syncDirectory", path);
      await nodeFileSystem.syncDirectory(path);
    },
  };
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: on purpose`), { code });
}
