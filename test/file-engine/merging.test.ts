/** Merging in the background: what is kept, what goes, and that nobody notices. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/contract/store.ts";
import { openFileStore } from "../../src/engines/file/index.ts";
import { verifyDirectory } from "../../src/engines/file/verify.ts";
import { BUSY, churn, contents, newDirectory, opened, put, QUIET, remove, run, troubled } from "./kit.ts";

async function merged(directory: string): Promise<string[]> {
  return (await readdir(join(directory, "segments"))).filter((name) => name.endsWith(".merged"));
}

/** Writes until nothing is left to merge: background work goes on between writes. */
async function settle(store: Store): Promise<void> {
  for (let round = 0; round < 60; round++) await run(store, put("settle", `${round}`));
}

describe("merging", () => {
  test("keeps the disk in proportion to what is live, and every retained state as it was", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, BUSY);
    const seen = new Map<number, unknown>();
    for (let round = 0; round < 20; round++) {
      await churn(store, 30);
      seen.set(store.revision, await contents(store));
      for (const [revision, state] of seen) {
        if (revision >= store.compactRevision) expect(await contents(store, revision)).toEqual(state);
      }
    }
    await settle(store);
    expect((await merged(directory)).length).toBeGreaterThan(0);
    expect((await store.status()).diskBytes).toBeLessThan(150_000);
    const before = await contents(store);
    await store.close();
    const again = await opened(directory, BUSY);
    expect(await contents(again)).toEqual(before);
    expect(await verifyDirectory(directory)).toMatchObject({ isGood: true, damages: [] });
  });

  test("a deleted key stays deleted, whichever segments are merged and whatever is opened from", async () => {
    const directory = await newDirectory();
    const options = { ...BUSY, history: { ageMs: 0, revisionsMin: 1, bytesMax: 0 }, mergeAboveRatio: 1.1 };
    for (let life = 0; life < 8; life++) {
      const store = await openFileStore(directory, {
        ...options,
        checkpointBytes: life % 2 === 0 ? 1_024 : 2 ** 30,
      });
      for (let round = 0; round < 40; round++) {
        await Promise.all([
          run(store, put(`static${life}-${round}`, "s".repeat(100))),
          run(store, put(`gone${round}`, `${life}`.repeat(100))),
        ]);
        await run(store, remove(`gone${(round * 7) % 40}`));
        await run(store, put(`hot${round % 3}`, "h".repeat(150)));
      }
      for (let round = 0; round < 40; round++) await run(store, remove(`gone${round}`));
      const keys = (await contents(store)).map(({ key }) => key);
      expect(keys.filter((key) => key.startsWith("gone"))).toEqual([]);
      expect(keys).toHaveLength(40 * (life + 1) + 3);
      await store.close();
    }
    const last = await opened(directory, { ...options, readOnly: true });
    expect((await contents(last)).filter(({ key }) => key.startsWith("gone"))).toEqual([]);
  });

  test("a queue beside keys that never change does not grow for ever", async () => {
    const directory = await newDirectory();
    const options = { ...BUSY, history: { ageMs: 0, revisionsMin: 1, bytesMax: 0 } };
    const store = await opened(directory, options);
    for (let at = 0; at < 100; at++) await run(store, put(`static${at}`, "s".repeat(100)));
    const sizes: number[] = [];
    for (let round = 0; round < 16; round++) {
      for (let at = 0; at < 60; at++) {
        await Promise.all([run(store, put(`q/${round}-${at}`, "m".repeat(50)))]);
        await run(store, remove(`q/${round}-${at}`));
      }
      sizes.push((await store.status()).diskBytes);
    }
    expect(Math.max(...sizes.slice(8))).toBeLessThan(1.5 * Math.max(...sizes.slice(4, 8)));
  });

  test("does not copy what is live again and again, however small it is beside what it is wrapped in", async () => {
    const directory = await newDirectory();
    const written = { log: 0, merged: 0 };
    const fileSystem = troubled((call, path, bytes) => {
      if (!call.startsWith("write") || bytes === undefined) return;
      if (path.endsWith(".merged")) written.merged += bytes;
      else if (path.endsWith(".log")) written.log += bytes;
    });
    const store = await opened(directory, { ...BUSY, mergeAboveRatio: 1.1, extentBytes: 0, fileSystem });
    const lease = await store.grantLease({ ttlMs: 60_000 });
    for (let at = 0; at < 400; at++) await run(store, put(`${at}`, "", lease.id));
    await settle(store);
    const before = { ...written };
    for (let at = 0; at < 400; at++) await run(store, put(`more${at}`, "", lease.id));
    expect(written.merged - before.merged).toBeLessThan(2 * (written.log - before.log));
  });

  test("moves values that are read at the same moment", async () => {
    const directory = await newDirectory();
    const options = { ...BUSY, inlineValueBytesMax: 0, valueCacheBytes: 0 };
    const store = await opened(directory, options);
    for (let at = 0; at < 50; at++) await run(store, put(`static${at}`, `${at}`.repeat(100)));
    const work = churn(store, 150);
    let isDone = false;
    void work.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      const all = await contents(store);
      for (const { key, value } of all.filter(({ key }) => key.startsWith("static"))) {
        expect(value).toBe(key.slice("static".length).repeat(100));
      }
    }
    await work;
  });

  test("merges that were only logged as changes give the same values after it", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, { ...BUSY, inlineValueBytesMax: 50 });
    await churn(store, 120);
    const before = await contents(store);
    await store.close();
    for (const options of [BUSY, QUIET, { ...QUIET, inlineValueBytesMax: 0 }]) {
      const again = await openFileStore(directory, options);
      expect(await contents(again)).toEqual(before);
      await again.close();
    }
  });
});
