/** Opening a directory: what was there, what a crash has left, what is damaged, and what is no store at all. */
import { copyFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../../src/engines/file/index.ts";
import { BUSY, churn, contents, newDirectory, opened, put, QUIET, run } from "./kit.ts";

async function segments(directory: string): Promise<string[]> {
  return (await readdir(join(directory, "segments"))).sort();
}

async function flip(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[offset]! ^= 1;
  await writeFile(path, bytes);
}

describe("a checkpoint", () => {
  test("changes nothing but the time that opening takes", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, BUSY);
    await churn(store, 200);
    const lease = await store.grantLease({ ttlMs: 60_000 });
    await run(store, put("leased", "1", lease.id));
    const before = { all: await contents(store), revision: store.revision, compact: store.compactRevision };
    const past = await contents(store, store.revision - 10);
    await store.close();
    expect(await readdir(directory)).toContain("checkpoint");
    for (const useCheckpoint of [true, false]) {
      if (!useCheckpoint) await rm(join(directory, "checkpoint"));
      const again = await openFileStore(directory, { ...BUSY, readOnly: true });
      expect(await contents(again)).toEqual(before.all);
      expect(await contents(again, before.revision - 10)).toEqual(past);
      expect([again.revision, again.compactRevision]).toEqual([before.revision, before.compact]);
      expect((await again.leases()).map(({ id }) => id)).toEqual([lease.id]);
      await again.close();
    }
  });

  test("is left alone where it is damaged, cut short, or of another store", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, BUSY);
    await churn(store, 60);
    const before = await contents(store);
    await store.close();
    const path = join(directory, "checkpoint");
    const whole = await readFile(path);
    const other = await newDirectory();
    await (await openFileStore(other, BUSY)).close();
    const spoilt = [whole.subarray(0, whole.length / 2), Buffer.alloc(100), Buffer.alloc(0)];
    for (let at = 0; at < whole.length; at += 97) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 0x10;
      spoilt.push(flipped);
    }
    for (const bytes of spoilt) {
      await writeFile(path, bytes);
      const again = await openFileStore(directory, { ...BUSY, readOnly: true });
      expect(await contents(again)).toEqual(before);
      await again.close();
    }
  });

  test("of a later place than the end of the log tells that the log has lost something", async () => {
    const directory = await newDirectory();
    const options = { ...QUIET, checkpointAtCloseBytes: 0 };
    const store = await openFileStore(directory, options);
    await run(store, put("a", "1"));
    const { size } = await stat(join(directory, "segments", "0000000001.log"));
    await run(store, put("b", "2"));
    await store.close();
    await truncate(join(directory, "segments", "0000000001.log"), Math.min(size, 150));
    await expect(openFileStore(directory)).rejects.toMatchObject({
      code: "CORRUPT",
      details: { segment: 1 },
    });
  });
});

describe("a directory", () => {
  test("is made with its parents, and opens again at once", async () => {
    const directory = join(await newDirectory(), "deep", "er");
    await (await openFileStore(directory)).close();
    const store = await opened(directory);
    expect(store.revision).toBe(1);
    expect(await contents(store)).toEqual([]);
  });

  test("that is something else is refused, and nothing in it is touched", async () => {
    const directory = await newDirectory();
    await mkdir(directory);
    await writeFile(join(directory, "thesis.txt"), "years of work");
    const refusal = { code: "INVALID_ARGUMENT", details: { names: ["thesis.txt"] } };
    await expect(openFileStore(directory)).rejects.toMatchObject(refusal);
    expect(await readdir(directory)).toEqual(["thesis.txt"]);
  });

  test("that a file system has just made is taken, lost+found and all", async () => {
    const directory = await newDirectory();
    await mkdir(join(directory, "lost+found"), { recursive: true });
    const store = await opened(directory);
    expect(store.revision).toBe(1);
  });

  test("in which a store was only being made is made anew", async () => {
    const directory = await newDirectory();
    await (await openFileStore(directory, QUIET)).close();
    const whole = await readFile(join(directory, "segments", "0000000001.log"));
    await rm(join(directory, "STORE"));
    for (const length of [0, 10, 64, 96]) {
      await rm(join(directory, "STORE"), { force: true });
      await writeFile(join(directory, "segments", "0000000001.log"), whole.subarray(0, length));
      await (await openFileStore(directory, QUIET)).close();
    }
    expect(await segments(directory)).toEqual(["0000000001.log"]);
  });

  test("whose identity has gone missing is not taken for an empty one", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, QUIET);
    await run(store, put("a", "1"));
    await store.close();
    await rm(join(directory, "STORE"));
    await expect(openFileStore(directory)).rejects.toMatchObject({ code: "CORRUPT" });
    expect(await segments(directory)).toEqual(["0000000001.log"]);
  });

  test("of a newer format is refused, naming both versions", async () => {
    const directory = await newDirectory();
    await (await openFileStore(directory)).close();
    const path = join(directory, "STORE");
    await writeFile(path, (await readFile(path, "utf8")).replace('"version": 1', '"version": 9'));
    const refusal = { code: "UNKNOWN_FORMAT", details: { version: 9, newestKnown: 1 } };
    await expect(openFileStore(directory)).rejects.toMatchObject(refusal);
    await expect(openFileStore(directory, { readOnly: true })).rejects.toMatchObject(refusal);
  });

  test("with a damaged identity is refused", async () => {
    const directory = await newDirectory();
    await (await openFileStore(directory)).close();
    await writeFile(join(directory, "STORE"), "null");
    await expect(openFileStore(directory)).rejects.toMatchObject({ code: "CORRUPT" });
  });

  test("that is absent is NOT_FOUND to a reader, and is not made", async () => {
    const directory = await newDirectory();
    await expect(openFileStore(directory, { readOnly: true })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(stat(directory)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test.each([
    { segmentBytes: 1 },
    { mergeAboveRatio: 1 },
    { inlineValueBytesMax: Number.NaN },
    { durability: "maybe" },
    { lock: "yes" },
    { history: { ageMs: -1 } },
  ])("is not opened with %j", async (options) => {
    const directory = await newDirectory();
    await expect(openFileStore(directory, options as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("segments", () => {
  test("that the log does not name are leftovers: removed, whatever they hold", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, BUSY);
    await churn(store, 80);
    const before = await contents(store);
    await store.close();
    const known = await segments(directory);
    await writeFile(join(directory, "segments", "0000009000.merged"), "a merge that was not completed");
    await writeFile(join(directory, "segments", "0000009001.log"), Buffer.alloc(5_000));
    await writeFile(join(directory, "segments", "0000009002.log"), "");
    await copyFile(
      join(directory, "segments", known[0]!),
      join(directory, "segments", known[0]!.replace("0000", "9000")),
    );
    const again = await openFileStore(directory, QUIET);
    expect(await contents(again)).toEqual(before);
    expect((await segments(directory)).filter((name) => known.includes(name))).toEqual(known);
    await again.close();
    expect(await segments(directory)).toEqual(known);
  });

  test("that are missing are named", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, { ...QUIET, segmentBytes: 4_096 });
    await churn(store, 60);
    await store.close();
    const [first] = await segments(directory);
    await rm(join(directory, "segments", first!));
    const refusal = { code: "CORRUPT", details: { segment: 1, missing: true } };
    await expect(openFileStore(directory)).rejects.toMatchObject(refusal);
    expect(await segments(directory)).not.toContain(first);
  });

  test("that are sealed are whole to their last byte, or refused", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, { ...QUIET, segmentBytes: 4_096 });
    await churn(store, 60);
    await store.close();
    const path = join(directory, "segments", (await segments(directory))[0]!);
    const { size } = await stat(path);
    for (const offset of [9, 70, 100, size - 1]) {
      await flip(path, offset);
      const refusal = { code: "CORRUPT", details: { segment: 1, file: path } };
      await expect(openFileStore(directory)).rejects.toMatchObject(refusal);
      await flip(path, offset);
    }
    const whole = await readFile(path);
    await writeFile(path, whole.subarray(0, size - 1));
    await expect(openFileStore(directory)).rejects.toMatchObject({ code: "CORRUPT" });
  });

  test("damage-refused: after an orderly closing a flipped bit anywhere in the log is found", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, QUIET);
    for (let at = 0; at < 5; at++) await run(store, put(`k${at}`, "v".repeat(20)));
    await store.close();
    const path = join(directory, "segments", "0000000001.log");
    const whole = await readFile(path);
    const closing = whole.lastIndexOf("HFfr");
    for (let offset = 0; offset < closing; offset++) {
      await flip(path, offset);
      await expect(openFileStore(directory, { readOnly: true }), `byte ${offset}`).rejects.toMatchObject({
        code: "CORRUPT",
      });
      await flip(path, offset);
    }
  });
});

describe("a reader beside a live owner", () => {
  test("sees a state that the store has had, however much is merged away under it", async () => {
    const directory = await newDirectory();
    const owner = await opened(directory, BUSY);
    await churn(owner, 40);
    const work = churn(owner, 150);
    for (let look = 0; look < 15; look++) {
      const before = owner.revision;
      const reader = await openFileStore(directory, { readOnly: true, inlineValueBytesMax: 0 });
      expect(reader.revision).toBeGreaterThanOrEqual(before);
      const all = await contents(reader);
      expect(all.length).toBeGreaterThan(10);
      await expect(run(reader, put("a", "1"))).rejects.toMatchObject({ code: "READ_ONLY" });
      await reader.close();
    }
    await work;
  });
});
