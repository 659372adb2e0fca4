/** Restoring: from directories, at points in time, and from snapshots. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ByteString } from "../../base/byte-string.ts";
import { EVERYTHING } from "../../contract/key-range.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import type { Store } from "../../contract/store.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { backupDirectory } from "./backup.ts";
import { type FileStoreOptions, openFileStore } from "./index.ts";
import { REVISION_BUMP, restoreDirectory, restoreSnapshot } from "./restore.ts";

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-restore-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function opened(directory: string, options: FileStoreOptions = {}): Promise<Store> {
  const store = await openFileStore(directory, options);
  onTestFinished(() => store.close());
  return store;
}

async function put(store: Store, key: string, value: string, leaseId?: bigint): Promise<number> {
  const success = [{ type: "put" as const, key: key as ByteString, value: value as ByteString, leaseId }];
  return (await store.txn({ conditions: [], success, failure: [] })).revision;
}

async function del(store: Store, key: string): Promise<void> {
  await store.txn({ conditions: [], success: [{ type: "delete", key: key as ByteString }], failure: [] });
}

async function contents(store: Store, revision = 0): Promise<readonly KeyValue[]> {
  const { kvs } = await store.range({ ...EVERYTHING, revision });
  return kvs.map(({ key, value, revision, createRevision, version, leaseId }) => ({
    ...{ key, value, revision, createRevision, version, leaseId },
  }));
}

describe("a restored store", () => {
  test("restore-new-history: has a new history id, goes on above the old revision, and what was before is compacted", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"));
    for (const value of ["1", "2", "3"]) await put(store, "a", value);
    await backupDirectory(join(directory, "store"), join(directory, "copy"));
    const result = await restoreDirectory(join(directory, "copy"), join(directory, "new"));
    expect(result).toMatchObject({ sourceRevision: 4, revision: 4 + REVISION_BUMP, keys: 1, leases: 0 });

    const restored = await opened(join(directory, "new"));
    const status = await restored.status();
    expect(status).toMatchObject({ historyId: result.historyId, revision: 4 + REVISION_BUMP });
    expect(status.historyId).not.toBe((await store.status()).historyId);
    expect(await contents(restored)).toEqual(await contents(store));
    await expect(restored.range({ ...EVERYTHING, revision: 4 })).rejects.toMatchObject({ code: "COMPACTED" });
    await expect(restored.watch({ ...EVERYTHING, fromRevision: 5 })).rejects.toMatchObject({
      code: "COMPACTED",
    });
    expect(await put(restored, "a", "4")).toBe(5 + REVISION_BUMP);
    expect(await contents(restored)).toMatchObject([{ createRevision: 2, version: 4 }]);
  });

  test("survives being opened, written to, closed and opened again", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"));
    for (let at = 0; at < 300; at++) await put(store, `/key/${at % 50}`, `${at} `.repeat(at * 3));
    await restoreDirectory(join(directory, "store"), join(directory, "new"));
    const restored = await openFileStore(join(directory, "new"));
    expect(await contents(restored)).toEqual(await contents(store));
    await put(restored, "/key/7", "after");
    const expected = await contents(restored);
    await restored.close();
    expect(await contents(await opened(join(directory, "new")))).toEqual(expected);
  });

  test("as of a revision has the state of then, deleted keys included", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"));
    await put(store, "a", "1");
    await put(store, "big", "x".repeat(5_000));
    await del(store, "a");
    await put(store, "big", "small");
    const result = await restoreDirectory(join(directory, "store"), join(directory, "new"), {
      atRevision: 3,
    });
    expect(result).toMatchObject({ sourceRevision: 3, revision: 3 + REVISION_BUMP, keys: 2 });
    expect(await contents(await opened(join(directory, "new")))).toEqual(await contents(store, 3));
  });

  test("as of a revision that is compacted or to come is refused, naming the oldest one", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"));
    for (const value of ["1", "2", "3"]) await put(store, "a", value);
    await store.compact(3);
    const from = join(directory, "store");
    await expect(restoreDirectory(from, join(directory, "new"), { atRevision: 2 })).rejects.toMatchObject({
      code: "COMPACTED",
      details: { compactRevision: 3 },
    });
    await expect(restoreDirectory(from, join(directory, "new"), { atRevision: 5 })).rejects.toMatchObject({
      code: "FUTURE_REVISION",
    });
    await restoreDirectory(from, join(directory, "new"), { atRevision: 3 });
  });

  test("as of a time has the state of the last revision before it", async () => {
    const directory = await newDirectory();
    const clock = createFakeClock();
    const store = await opened(join(directory, "store"), { clock });
    const startMs = clock.nowMs();
    const times: number[] = [];
    for (const value of ["1", "2", "3"]) {
      await put(store, "a", value);
      times.push(clock.nowMs());
      await clock.advance(10_000);
    }
    const restoreAt = (atTimeMs: number, name: string) =>
      restoreDirectory(join(directory, "store"), join(directory, name), { atTimeMs });
    expect(await restoreAt(times[1]! + 5_000, "between")).toMatchObject({ sourceRevision: 3 });
    expect(await restoreAt(times[1]!, "exactly")).toMatchObject({ sourceRevision: 3 });
    expect(await restoreAt(times[2]! + 60_000, "later")).toMatchObject({ sourceRevision: 4 });
    await expect(restoreAt(startMs - 1, "before")).rejects.toMatchObject({ code: "COMPACTED" });
  });

  test("is not made where something is already, and a failure on the way leaves nothing", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"));
    await put(store, "a", "1");
    await expect(restoreDirectory(join(directory, "store"), join(directory, "store"))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(restoreDirectory(join(directory, "none"), join(directory, "new"))).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    const full: FileSystem = {
      ...nodeFileSystem,
      async open(path, mode) {
        const file = await nodeFileSystem.open(path, mode);
        if (mode !== "create") return file;
        const write = () => Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" }));
        return Object.assign(file, { write });
      },
    };
    await expect(
      restoreDirectory(join(directory, "store"), join(directory, "new"), { fileSystem: full }),
    ).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(await readdir(join(directory, "new", "segments"))).toEqual([]);
  });
});

test("a restore that is broken off leaves nothing behind", async () => {
  const directory = await newDirectory();
  const store = await opened(join(directory, "store"));
  await put(store, "a", "1");
  const signal = AbortSignal.abort();
  await expect(
    restoreDirectory(join(directory, "store"), join(directory, "new"), { signal }),
  ).rejects.toMatchObject({
    code: "ABORTED",
  });
  expect(await readdir(join(directory, "new", "segments"))).toEqual([]);
});

describe("leases", () => {
  async function storeWithLease(directory: string, clock: FakeClock): Promise<{ store: Store; id: bigint }> {
    const store = await opened(directory, { clock });
    const { id } = await store.grantLease({ ttlMs: 30_000 });
    await put(store, "leased", "x", id);
    return { store, id };
  }

  test("come along with their keys, and live again for their whole time", async () => {
    const directory = await newDirectory();
    const clock = createFakeClock();
    const { id } = await storeWithLease(join(directory, "store"), clock);
    await clock.advance(20_000);
    await restoreDirectory(join(directory, "store"), join(directory, "new"), { clock });
    const restored = await opened(join(directory, "new"), { clock });
    expect(await restored.leaseStatus(id, { keys: true })).toMatchObject({ ttlMs: 30_000, keys: ["leased"] });
    await clock.advance(31_000);
    await restored.waitForRevision(3 + REVISION_BUMP);
    expect(await contents(restored)).toEqual([]);
  });

  test("that have ended since the restored revision get a minute, so that their keys do not stay for ever", async () => {
    const directory = await newDirectory();
    const clock = createFakeClock();
    const { store, id } = await storeWithLease(join(directory, "store"), clock);
    await store.revokeLease(id);
    await restoreDirectory(join(directory, "store"), join(directory, "new"), { clock, atRevision: 2 });
    const restored = await opened(join(directory, "new"), { clock });
    expect(await contents(restored)).toMatchObject([{ key: "leased", leaseId: id }]);
    expect(await restored.leases()).toMatchObject([{ id, ttlMs: 60_000 }]);
  });
});

describe("a snapshot", () => {
  test("becomes a store with the same state and a new history", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"));
    for (let at = 0; at < 100; at++) await put(store, `/key/${at % 30}`, `${at}`.repeat(at * 20));
    const result = await restoreSnapshot(await store.snapshot(), join(directory, "new"));
    expect(result).toMatchObject({ sourceRevision: 101, revision: 101 + REVISION_BUMP, keys: 30 });
    expect(await contents(await opened(join(directory, "new")))).toEqual(await contents(store));
  });

  test("that is cut off or damaged is refused, and no store is made", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"));
    await put(store, "a", "1");
    const chunks: Uint8Array[] = [];
    for await (const chunk of await store.snapshot()) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 20]! ^= 4;
    for (const bytes of [
      whole.subarray(0, whole.length - 1),
      flipped,
      Buffer.from("no snapshot"),
      Buffer.alloc(0),
    ]) {
      const stream = (async function* () {
        yield bytes;
      })();
      await expect(restoreSnapshot(stream, join(directory, "new"))).rejects.toMatchObject({
        code: "CORRUPT",
      });
    }
    await writeFile(join(directory, "file"), whole);
    expect(await readdir(directory)).not.toContain("new");
  });
});
