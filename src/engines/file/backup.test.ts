/** Backups and branches: copies of a directory that is in use. */
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ByteString } from "../../base/byte-string.ts";
import { EVERYTHING } from "../../contract/key-range.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import type { Store } from "../../contract/store.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import { backupDirectory } from "./backup.ts";
import { branchDirectory } from "./branch.ts";
import { type FileStoreOptions, openFileStore } from "./index.ts";
import { restoreDirectory } from "./restore.ts";

/** Small segments, so that a few kilobytes make many, and merging has work. */
const SMALL: FileStoreOptions = {
  segmentBytes: 4_096,
  mergeAboveBytes: 0,
  mergeAboveRatio: 1.2,
  checkpointBytes: 16_384,
  history: { ageMs: 0, revisionsMin: 50 },
};

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-backup-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function opened(directory: string, options: FileStoreOptions = {}): Promise<Store> {
  const store = await openFileStore(directory, options);
  onTestFinished(() => store.close());
  return store;
}

async function put(store: Store, key: string, value: string): Promise<number> {
  const success = [{ type: "put" as const, key: key as ByteString, value: value as ByteString }];
  return (await store.txn({ conditions: [], success, failure: [] })).revision;
}

async function contents(store: Store, revision = 0): Promise<readonly KeyValue[]> {
  const { kvs } = await store.range({ ...EVERYTHING, revision });
  return kvs.map(({ key, value, revision, createRevision, version, leaseId }) => ({
    ...{ key, value, revision, createRevision, version, leaseId },
  }));
}

async function contentsOf(directory: string, revision = 0): Promise<readonly KeyValue[]> {
  const store = await openFileStore(directory, { readOnly: true });
  try {
    return await contents(store, revision);
  } finally {
    await store.close();
  }
}

/** Enough to fill several segments; values long and short. */
async function fill(store: Store, writes: number): Promise<void> {
  for (let at = 0; at < writes; at++)
    await put(store, `/key/${at % 40}`, `${at} `.repeat(1 + ((at * 7) % 300)));
}

describe("a backup", () => {
  test("holds the same history as the store, checked, while the store is open", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"), { segmentBytes: 4_096 });
    await fill(store, 200);
    const middle = store.revision - 100;
    const seen: number[] = [];
    const result = await backupDirectory(join(directory, "store"), join(directory, "copy"), {
      onProgress: (done, total) => {
        expect(done).toBeLessThanOrEqual(total);
        seen.push(done);
      },
    });
    expect(result).toMatchObject({
      revision: store.revision,
      historyId: (await store.status()).historyId,
      linkedBytes: 0,
    });
    expect(seen.at(-1)).toBe(result.bytes);
    expect(result.segments).toBeGreaterThan(3);
    expect(await contentsOf(join(directory, "copy"))).toEqual(await contents(store));
    expect(await contentsOf(join(directory, "copy"), middle)).toEqual(await contents(store, middle));
  });

  test("taken under load holds a state that the store has had, and everything acknowledged before", async () => {
    const directory = await newDirectory();
    const path = join(directory, "store");
    const store = await opened(path, SMALL);
    await fill(store, 300);
    let isOver = false;
    const load = (async () => {
      for (let at = 0; !isOver; at++)
        await put(store, `/key/${at % 40}`, `later ${at} `.repeat(1 + (at % 100)));
    })();
    for (let round = 0; round < 5; round++) {
      const before = store.revision;
      const { revision } = await backupDirectory(path, join(directory, `copy-${round}`));
      expect(revision).toBeGreaterThanOrEqual(before);
      const copy = await contentsOf(join(directory, `copy-${round}`));
      expect(copy).toHaveLength(40);
      expect(Math.max(...copy.map((kv) => kv.revision))).toBe(revision);
      await contents(store, revision).then(
        (original) => expect(copy).toEqual(original),
        // History is kept short here, so it may be gone by now.
        (error) => expect(error).toMatchObject({ code: "COMPACTED" }),
      );
    }
    isOver = true;
    await load;
  });

  test("starts anew when merging takes a file away in the middle, and copies nothing twice", async () => {
    const directory = await newDirectory();
    const path = join(directory, "store");
    const store = await opened(path, SMALL);
    await fill(store, 300);
    let opens = 0;
    let missing = 0;
    const interfering: FileSystem = {
      ...nodeFileSystem,
      async open(name, mode) {
        const isSegment = mode === "read" && name.startsWith(join(path, "segments"));
        // The log has been read, and the first segment is to be copied: the store moves on.
        if (isSegment && ++opens === 2) await fill(store, 600);
        return nodeFileSystem.open(name, mode).catch((error: unknown) => {
          if (isSegment) missing++;
          throw error;
        });
      },
    };
    const { revision } = await backupDirectory(path, join(directory, "copy"), { fileSystem: interfering });
    expect(missing).toBeGreaterThan(0);
    expect(await contentsOf(join(directory, "copy"))).toEqual(await contents(store, revision));
    const listed = await readdir(join(directory, "copy", "segments"));
    const { segments } = await backupDirectory(join(directory, "copy"), join(directory, "copy-of-copy"));
    expect(listed).toHaveLength(segments);
  });

  test("with links shares the sealed segments, and later writes of the store do not reach it", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"), SMALL);
    await fill(store, 200);
    const before = await contents(store);
    const result = await backupDirectory(join(directory, "store"), join(directory, "copy"), { link: true });
    expect(result.linkedBytes).toBeGreaterThan(result.bytes / 2);
    await fill(store, 500);
    expect(await contentsOf(join(directory, "copy"))).toEqual(before);
  });

  test("refuses a target that holds anything, and a source that is no store", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"));
    await put(store, "a", "1");
    await expect(backupDirectory(join(directory, "store"), directory)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(backupDirectory(join(directory, "nothing"), join(directory, "copy"))).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  test("of a damaged store fails naming the segment, and leaves nothing that could be taken for a store", async () => {
    const directory = await newDirectory();
    const path = join(directory, "store");
    const store = await openFileStore(path, { segmentBytes: 4_096 });
    await fill(store, 100);
    await store.close();
    const segment = join(path, "segments", "0000000001.log");
    const bytes = await readFile(segment);
    bytes[500]! ^= 1;
    await writeFile(segment, bytes);
    await expect(backupDirectory(path, join(directory, "copy"))).rejects.toMatchObject({
      code: "CORRUPT",
      details: { segment: 1 },
    });
    expect(await readdir(join(directory, "copy", "segments"))).toEqual([]);
    await expect(stat(join(directory, "copy", "STORE"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("that is broken off leaves nothing behind", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"), { segmentBytes: 4_096 });
    await fill(store, 100);
    const controller = new AbortController();
    const backup = backupDirectory(join(directory, "store"), join(directory, "copy"), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(backup).rejects.toMatchObject({ code: "ABORTED" });
    expect(await readdir(join(directory, "copy", "segments"))).toEqual([]);
    await backupDirectory(join(directory, "store"), join(directory, "other"));
  });
});

describe("a branch", () => {
  test("restore-new-history: a branch has a history id of its own and starts with the same history", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"), { segmentBytes: 4_096 });
    await fill(store, 200);
    const result = await branchDirectory(join(directory, "store"), join(directory, "branch"));
    expect(result.revision).toBe(store.revision);
    expect(result.linkedBytes).toBeGreaterThan(result.bytes / 2);
    const branch = await opened(join(directory, "branch"));
    const [from, to] = [await store.status(), await branch.status()];
    expect(to.historyId).toBe(result.historyId);
    expect(to.historyId).not.toBe(from.historyId);
    for (const revision of [2, 50, store.revision]) {
      expect(await contents(branch, revision)).toEqual(await contents(store, revision));
    }
  });

  test("and its origin never see each other's writes, also after merging and opening again", async () => {
    const directory = await newDirectory();
    const paths = [join(directory, "store"), join(directory, "branch")] as const;
    const origin = await opened(paths[0], SMALL);
    await fill(origin, 200);
    await branchDirectory(paths[0], paths[1]);
    const branch = await opened(paths[1], SMALL);
    for (let at = 0; at < 400; at++) {
      await put(origin, `/key/${at % 40}`, `origin ${at} `.repeat(1 + (at % 50)));
      await put(branch, `/key/${at % 40}`, `branch ${at} `.repeat(1 + (at % 50)));
    }
    const [ofOrigin, ofBranch] = [await contents(origin), await contents(branch)];
    await origin.close();
    await branch.close();
    expect(ofOrigin.every((kv) => kv.value.startsWith("origin"))).toBe(true);
    expect(ofBranch.every((kv) => kv.value.startsWith("branch"))).toBe(true);
    expect(await contentsOf(paths[0])).toEqual(ofOrigin);
    expect(await contentsOf(paths[1])).toEqual(ofBranch);
    await rm(paths[0], { recursive: true });
    expect(await contentsOf(paths[1])).toEqual(ofBranch);
  });

  test("can itself be branched, backed up and reopened", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"), SMALL);
    await fill(store, 100);
    await branchDirectory(join(directory, "store"), join(directory, "one"));
    const one = await openFileStore(join(directory, "one"), SMALL);
    await fill(one, 100);
    await branchDirectory(join(directory, "one"), join(directory, "two"));
    await backupDirectory(join(directory, "one"), join(directory, "copy"));
    const expected = await contents(one);
    await one.close();
    for (const name of ["one", "two", "copy"])
      expect(await contentsOf(join(directory, name))).toEqual(expected);
  });

  test("is copied where the file system has no links from here to there", async () => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"), { segmentBytes: 4_096 });
    await fill(store, 100);
    for (const code of ["EXDEV", "EPERM"]) {
      const fileSystem: FileSystem = {
        ...nodeFileSystem,
        link: () => Promise.reject(Object.assign(new Error(code), { code })),
      };
      const target = join(directory, code);
      const { linkedBytes } = await branchDirectory(join(directory, "store"), target, { fileSystem });
      expect(linkedBytes).toBe(0);
      expect(await contentsOf(target)).toEqual(await contents(store));
    }
  });

  test("of a store with a torn tail starts with what was acknowledged", async () => {
    const directory = await newDirectory();
    const path = join(directory, "store");
    const store = await openFileStore(path);
    await put(store, "a", "1");
    await put(store, "b", "2");
    await backupDirectory(path, join(directory, "crashed"));
    await store.close();
    const log = join(directory, "crashed", "segments", "0000000001.log");
    await truncate(log, (await stat(log)).size - 3);
    const { revision } = await branchDirectory(join(directory, "crashed"), join(directory, "branch"));
    expect(revision).toBe(2);
    expect(await contentsOf(join(directory, "branch"))).toMatchObject([{ key: "a", value: "1" }]);
  });
});

describe("a copy that dies in the middle", () => {
  /** From the call of this number on, nothing works any more: as if the process had been killed there. */
  function dyingFileSystem(lastCall: number): FileSystem {
    let calls = 0;
    const check = (): void => {
      if (++calls > lastCall) throw Object.assign(new Error("dead"), { code: "EIO" });
    };
    const guarded = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(object, name) {
          const member = Reflect.get(object, name) as unknown;
          if (typeof member !== "function") return member;
          return async (...words: unknown[]) => {
            check();
            const result: unknown = await (member as (...given: unknown[]) => unknown).apply(object, words);
            const isFile = name === "open";
            return isFile ? guarded(result as object) : result;
          };
        },
      });
    return guarded(nodeFileSystem);
  }

  test.each([
    [
      "a backup",
      (from: string, to: string, fileSystem: FileSystem) => backupDirectory(from, to, { fileSystem }),
    ],
    [
      "a branch",
      (from: string, to: string, fileSystem: FileSystem) => branchDirectory(from, to, { fileSystem }),
    ],
    [
      "a restore",
      (from: string, to: string, fileSystem: FileSystem) => restoreDirectory(from, to, { fileSystem }),
    ],
  ] as const)("leaves no store, wherever it dies: %s", async (_name, copy) => {
    const directory = await newDirectory();
    const store = await opened(join(directory, "store"), { segmentBytes: 4_096 });
    await fill(store, 60);
    const expected = (await contents(store)).map(({ key, value }) => [key, value]);
    for (let lastCall = 1; ; lastCall++) {
      const target = join(directory, `copy-${lastCall}`);
      const outcome = await copy(join(directory, "store"), target, dyingFileSystem(lastCall)).then(
        () => "done" as const,
        () => "died" as const,
      );
      const found = await contentsOf(target).then(
        (kvs) => kvs.map(({ key, value }) => [key, value]),
        (error: unknown) => {
          expect(error).toMatchObject({ code: "NOT_FOUND" });
        },
      );
      // STORE has its name before the last sync is through: from then on the copy is whole.
      if (found !== undefined) expect(found).toEqual(expected);
      if (outcome === "done") break;
    }
  });
});
