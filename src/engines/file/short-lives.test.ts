import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ByteString } from "../../base/byte-string.ts";
import { openFileStore } from "./index.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-short-lives-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

test("a store that is only ever opened, written once and closed rolls its log and gives garbage back", async () => {
  const data = join(directory, "data");
  const value = "v".repeat(2_000) as ByteString;
  let largest = 0;
  for (let life = 0; life < 60; life++) {
    const store = await openFileStore(data, {
      segmentBytes: 8_192,
      mergeAboveBytes: 16_384,
      history: { ageMs: 0, revisionsMin: 1 },
    });
    const key = `key${life % 3}` as ByteString;
    await store.txn({ conditions: [], success: [{ type: "put", key, value }], failure: [] });
    if (life % 5 === 4) await store.compact(store.revision);
    largest = Math.max(largest, (await store.status()).diskBytes);
    await store.close();
  }
  expect((await readdir(join(data, "segments"))).length).toBeGreaterThan(1);
  // 120 000 bytes were written, 6 000 are live.
  expect(largest).toBeLessThan(60_000);
});
