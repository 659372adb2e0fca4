import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemRandom } from "./base/random.ts";
import { createDatabase, open } from "./open.ts";
import { createFakeClock } from "./testing/fake-clock.ts";
import { createReferenceStore } from "./testing/reference-store.ts";

describe("open", () => {
  it("gives a fresh store in memory for every mem:", async () => {
    await using one = await open("mem:");
    await using two = await open(new URL("mem:"));
    await one.put("a", "1");
    expect(await two.exists("a")).toBe(false);
    expect(await one.status()).toMatchObject({ engine: "memory", revision: 2, isLeader: true });
  });

  it("takes clock, randomness and history", async () => {
    const clock = createFakeClock();
    await using db = await open("mem:", { clock, random: systemRandom, history: "forever" });
    await db.put("a", "1", { ttlMs: 1_000 });
    await clock.advance(5_000);
    expect(await db.exists("a")).toBe(false);
  });

  it("keeps to a namespace, which is a scope that closes the store", async () => {
    const db = await open("mem:", { namespace: "team-a" });
    await db.put("a", "1");
    expect(await db.list("")).toHaveLength(1);
    expect(db.limits.keyBytesMax).toBeLessThan(8_192);
    await db.close();
    await expect(db.get("a")).rejects.toMatchObject({ code: "CLOSED" });
  });

  it.each(["http://localhost:8000", "etcd://a:2379", "redis://x"])(
    "says that %s is not supported, and what is",
    async (url) => {
      await expect(open(url)).rejects.toMatchObject({
        code: "UNSUPPORTED",
        message: expect.stringMatching(/mem:.*file:DIR/),
      });
    },
  );

  it.each(["", "./data", "/var/data", "mem", undefined, 5, null])("refuses %o as no URL", async (url) => {
    await expect(open(url as string)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it.each([
    ["a path in memory", "mem:data", {}],
    ["a directory without a name", "file:", {}],
    ["a directory on another host", "file://server/data", {}],
    ["a malformed URL", "file:///%zz", {}],
    ["options that are none", "mem:", null],
    ["an empty namespace", "mem:", { namespace: "" }],
    ["a history that is none", "mem:", { history: 5 }],
  ])("refuses %s", async (_, url, options) => {
    await expect(open(url, options as object)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("says that memory cannot be opened for reading only", async () => {
    await expect(open("mem:", { readOnly: true })).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("says that sharing is not supported yet", async () => {
    await expect(open("mem:", { share: true })).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("is given up by an aborted signal", async () => {
    await expect(open("mem:", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("open of a directory", () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "holdfast open-"));
  });
  afterEach(() => rm(parent, { recursive: true, force: true }));

  it("keeps what was written for the next who opens it, by path or by URL", async () => {
    const directory = join(parent, "data");
    const large = "x".repeat(100_000);
    {
      await using db = await open(`file:${directory}`);
      await db.put("a", "1");
      await db.scope("team").put("a", large);
      expect((await db.status()).engine).toBe("file");
    }
    await using db = await open(pathToFileURL(directory));
    expect((await db.get("a"))?.text()).toBe("1");
    expect((await db.scope("team").get("a"))?.text()).toBe(large);
    expect(db.currentRevision).toBe(3);
  });

  it("names the owner of a directory in use", async () => {
    await using owner = await open(`file:${parent}/data`);
    expect(owner.isLeader).toBe(true);
    await expect(open(`file:${parent}/data`)).rejects.toMatchObject({
      code: "LOCKED",
      details: { pid: process.pid },
    });
  });

  it("reads beside the owner, and writes nothing, with readOnly", async () => {
    await using owner = await open(`file:${parent}/data`);
    await owner.put("a", "1");
    await using reader = await open(`file:${parent}/data`, { readOnly: true });
    expect((await reader.get("a"))?.text()).toBe("1");
    expect(reader.isLeader).toBe(false);
    await expect(reader.put("a", "2")).rejects.toMatchObject({ code: "READ_ONLY" });
  });

  it("finds nothing to read where no store is", async () => {
    await expect(open(`file:${parent}/none`, { readOnly: true })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("refuses a durability that is none", async () => {
    const durability = "later" as "fsync";
    await expect(open(`file:${parent}/data`, { durability })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("createDatabase", () => {
  it("takes any store, and closes it", async () => {
    const store = createReferenceStore();
    const db = createDatabase(store);
    await db.put("a", "1");
    expect((await db.get("a"))?.text()).toBe("1");
    expect(db.store).toBe(store);
    await db.close();
    await db.close();
    await expect(store.range({ key: "a" as never })).rejects.toMatchObject({ code: "CLOSED" });
  });
});
