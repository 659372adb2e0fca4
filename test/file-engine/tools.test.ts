/** Verifying, salvaging and inspecting directories, whole and damaged. */
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../../src/engines/file/index.ts";
import { inspectDirectory } from "../../src/engines/file/inspect.ts";
import { salvageDirectory } from "../../src/engines/file/salvage.ts";
import { verifyDirectory } from "../../src/engines/file/verify.ts";
import { BUSY, churn, contents, newDirectory, opened, put, QUIET, run } from "./kit.ts";

async function overwrite(path: string, offset: number, text: string): Promise<void> {
  const file = await open(path, "r+");
  await file.write(Buffer.from(text), 0, text.length, offset);
  await file.close();
}

const KEYS = 200;

/** One put to a group, in segments of about twenty. */
async function serialStore(directory: string, keys: number): Promise<void> {
  const store = await openFileStore(directory, { ...QUIET, segmentBytes: 4_096 });
  const lease = await store.grantLease({ ttlMs: 60_000 });
  for (let at = 0; at < keys; at++)
    await run(store, put(`k${String(at).padStart(3, "0")}`, `${at}`.repeat(20), lease.id));
  await store.close();
}

describe("verify", () => {
  test("finds nothing in a store that has seen much, and tells what there is", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, BUSY);
    await churn(store, 150);
    const { revision, compactRevision } = store;
    const keys = (await contents(store)).length;
    await store.close();
    const report = await verifyDirectory(directory);
    expect(report).toMatchObject({
      isGood: true,
      damages: [],
      checkpoint: "good",
      revision,
      compactRevision,
      keys,
    });
    expect(report.segments.at(-1)).toMatchObject({ role: "newest", tornBytes: 0 });
  });

  test("damage-refused: lists all damage, with segment, offset and length, not the first alone", async () => {
    const directory = await newDirectory();
    await serialStore(directory, KEYS);
    const whole = await verifyDirectory(directory);
    const [first, , third] = whole.segments;
    await overwrite(first!.file, 1_000, "XX");
    await overwrite(third!.file, 2_000, "XX");
    const progress: number[] = [];
    const report = await verifyDirectory(directory, { onProgress: (done) => void progress.push(done) });
    expect(report.isGood).toBe(false);
    expect(report.damages.map(({ segment }) => segment)).toEqual([first!.id, third!.id]);
    const [damage] = report.damages;
    expect(damage!.offset).toBeLessThanOrEqual(1_000);
    expect(damage!.offset + damage!.bytes).toBeGreaterThan(1_001);
    expect(damage!.revisions!.from).toBe(damage!.revisions!.to);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.length).toBe(report.segments.length);
  });

  test("tells a torn tail from damage", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, QUIET);
    await run(store, put("a", "1"));
    const path = join(directory, "segments", "0000000001.log");
    const image = await readFile(path);
    await store.close();
    const end = image.length - 2 ** 20;
    image.fill(7, end, end + 9);
    await writeFile(path, image);
    const report = await verifyDirectory(directory);
    expect(report).toMatchObject({ isGood: true, damages: [] });
    expect(report.segments[0]!.tornBytes).toBe(9);
  });

  test("names what is missing, and a checkpoint that leads elsewhere", async () => {
    const directory = await newDirectory();
    await serialStore(directory, KEYS);
    await writeFile(join(directory, "checkpoint"), "no checkpoint");
    const report = await verifyDirectory(directory);
    expect(report).toMatchObject({ isGood: false, checkpoint: "damaged" });
    await rm(report.segments[1]!.file);
    const second = await verifyDirectory(directory);
    expect(second.damages).toContainEqual(
      expect.objectContaining({ segment: 2, what: "the file is missing", offset: 0 }),
    );
    await rm(join(directory, "STORE"));
    expect((await verifyDirectory(directory)).damages[0]).toMatchObject({ file: join(directory, "STORE") });
  });

  test("of nothing is NOT_FOUND", async () => {
    await expect(verifyDirectory(await newDirectory())).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("salvage", () => {
  test("of a whole store gives the same keys under a new history, and loses nothing", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, BUSY);
    await churn(store, 100);
    const before = await contents(store);
    const { historyId, revision } = await store.status();
    await store.close();
    const target = await newDirectory();
    const report = await salvageDirectory(directory, target);
    expect(report).toMatchObject({ losses: [], bytesLost: 0, keys: before.length, sourceRevision: revision });
    const saved = await opened(target);
    expect(await contents(saved)).toEqual(before);
    expect(saved.revision).toBeGreaterThan(revision);
    expect((await saved.status()).historyId).not.toBe(historyId);
    expect(await verifyDirectory(target)).toMatchObject({ isGood: true });
  });

  test("of a damaged one gives all but what was hit, and says which revisions those were", async () => {
    const directory = await newDirectory();
    await serialStore(directory, KEYS);
    const { segments } = await verifyDirectory(directory);
    for (const { file } of segments.slice(0, 2)) await overwrite(file, 1_500, "XX");
    await expect(openFileStore(directory)).rejects.toMatchObject({ code: "CORRUPT" });
    const target = await newDirectory();
    const report = await salvageDirectory(directory, target);
    expect(report.losses.map(({ segment }) => segment)).toEqual([1, 2]);
    const lost = report.losses.map(({ revisions }) => revisions!.from);
    expect(report.losses.map(({ revisions }) => revisions!.to)).toEqual(lost);
    const saved = await opened(target);
    // The lease took no revision: the first put is revision 2.
    const missing = lost.map((revision) => `k${String(revision - 2).padStart(3, "0")}`);
    const expected = Array.from({ length: KEYS }, (_, at) => `k${String(at).padStart(3, "0")}`);
    expect((await contents(saved)).map(({ key }) => key)).toEqual(
      expected.filter((key) => !missing.includes(key)),
    );
    expect(await saved.leases()).toHaveLength(1);
  });

  test("needs neither STORE nor the newest segment's beginning", async () => {
    const directory = await newDirectory();
    await serialStore(directory, KEYS);
    const { segments } = await verifyDirectory(directory);
    await rm(join(directory, "STORE"));
    await overwrite(segments.at(-1)!.file, 0, "X".repeat(200));
    const target = await newDirectory();
    const report = await salvageDirectory(directory, target);
    const inLast = segments.at(-1)!.versions;
    expect(report.keys).toBeGreaterThanOrEqual(KEYS - inLast);
    expect(report.losses.length).toBeGreaterThan(0);
  });

  test("a value whose beginning is lost is not made up from its later changes", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, QUIET);
    await churn(store, 50);
    await store.close();
    const path = join(directory, "segments", "0000000001.log");
    // The 32nd value was logged whole; after it come changes only.
    await overwrite(path, (await readFile(path)).indexOf("<31>"), "XX");
    const target = await newDirectory();
    const report = await salvageDirectory(directory, target);
    const saved = await opened(target);
    const patched = (await contents(saved)).find(({ key }) => key === "patched");
    expect(patched!.version).toBe(31);
    expect(patched!.value).toContain("<30>");
    expect(report.losses.map(({ what }) => what)).toContainEqual(expect.stringContaining("patched"));
  });

  test("into a directory that holds something is refused", async () => {
    const directory = await newDirectory();
    await serialStore(directory, 3);
    await expect(salvageDirectory(directory, directory)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("inspect", () => {
  test("counts keys, versions and bytes by segment, and changes nothing", async () => {
    const directory = await newDirectory();
    const store = await openFileStore(directory, BUSY);
    await churn(store, 100);
    await run(store, put("long", "v".repeat(5_000)));
    const { revision, keys, historyId } = await store.status();
    const figures = await inspectDirectory(directory);
    expect(figures).toMatchObject({ revision, keys, historyId, wasClosed: false });
    expect(figures.segments.filter(({ isActive }) => isActive)).toHaveLength(1);
    expect(figures.segments.reduce((sum, { versions }) => sum + versions, 0)).toBe(figures.versions);
    expect(figures).toMatchObject({ spilledValues: 1, spilledBytes: 5_000 });
    await store.close();
    expect(await inspectDirectory(directory)).toMatchObject({ revision, keys, wasClosed: true });
  });
});
