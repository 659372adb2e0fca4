import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NO_END } from "../contract/key-range.ts";
import { open } from "../open.ts";
import type { Database } from "./database.ts";
import type { KeyValue } from "./key-value.ts";

let db: Database;

beforeEach(async () => {
  db = await open("mem:");
});
afterEach(() => db.close());

const keys = (list: readonly KeyValue[]): string[] => list.map((kv) => kv.key);

async function fill(...names: string[]): Promise<void> {
  for (const name of names) await db.put(name, `value of ${name}`);
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe("get", () => {
  it("gives the pair, or undefined for an absent key", async () => {
    await db.put("/config/timeout", "30s");
    const kv = await db.get("/config/timeout");
    expect(kv?.text()).toBe("30s");
    expect(kv?.revision).toBe(2);
    expect(await db.get("/config/time")).toBeUndefined();
  });

  it("tells an empty value from an absent key", async () => {
    await db.put("empty", "");
    expect((await db.get("empty"))?.value).toHaveLength(0);
  });

  it("takes keys and values as bytes", async () => {
    await db.put(Uint8Array.of(0, 0xff), Uint8Array.of(1, 2));
    expect([...((await db.get(Uint8Array.of(0, 0xff)))?.value ?? [])]).toEqual([1, 2]);
  });

  it("reads an earlier revision", async () => {
    const { revision } = await db.put("k", "old");
    await db.put("k", "new");
    expect((await db.get("k", { revision }))?.text()).toBe("old");
    expect(await db.get("k", { revision: 1 })).toBeUndefined();
  });

  it.each([
    { consistency: "linearizable" },
    { consistency: "local" },
    { serializable: true },
    { consistency: "local", serializable: true },
  ] as const)("takes %o", async (options) => {
    await db.put("k", "v");
    expect((await db.get("k", options))?.text()).toBe("v");
    expect(keys(await db.list("", options))).toEqual(["k"]);
    expect(await db.count("", options)).toBe(1);
    expect(await db.exists("k", options)).toBe(true);
  });

  it("refuses a revision that is yet to come, or compacted", async () => {
    await fill("a", "b", "c");
    await db.compact(3);
    await expect(db.get("a", { revision: 99 })).rejects.toMatchObject({ code: "FUTURE_REVISION" });
    await expect(db.get("a", { revision: 2 })).rejects.toMatchObject({ code: "COMPACTED" });
  });
});

describe("list and range", () => {
  beforeEach(() => fill("b", "a/2", "a/1", "a", "a0", "c"));

  it("lists a prefix ascending by bytes", async () => {
    expect(keys(await db.list("a"))).toEqual(["a", "a/1", "a/2", "a0"]);
    expect(keys(await db.list("a/"))).toEqual(["a/1", "a/2"]);
    expect(keys(await db.list(""))).toHaveLength(6);
    expect(await db.list("zzz")).toEqual([]);
  });

  it("says the revision, the count and whether the limit cut", async () => {
    const list = await db.list("a", { limit: 2 });
    expect(keys(list)).toEqual(["a", "a/1"]);
    expect([list.revision, list.count, list.more]).toEqual([db.currentRevision, 4, true]);
    expect((await db.list("a", { limit: 4 })).more).toBe(false);
  });

  it("lists in reverse, keys only, sorted, and as of a revision", async () => {
    expect(keys(await db.list("a/", { reverse: true }))).toEqual(["a/2", "a/1"]);
    const [first] = await db.list("a/", { keysOnly: true });
    expect([first?.value.length, first?.version]).toEqual([0, 1]);
    expect(keys(await db.list("", { sortBy: "revision", limit: 2 }))).toEqual(["b", "a/2"]);
    expect(keys(await db.list("", { revision: 3 }))).toEqual(["a/2", "b"]);
  });

  it("reads an interval without its end", async () => {
    expect(keys(await db.range("a/1", "a0"))).toEqual(["a/1", "a/2"]);
    expect(keys(await db.range("a0", NO_END))).toEqual(["a0", "b", "c"]);
    expect(keys(await db.range("", "a/1"))).toEqual(["a"]);
    expect(await db.range("c", "a")).toEqual([]);
    expect(keys(await db.range("a", "c", { limit: 1 }))).toEqual(["a"]);
  });

  it("counts and tells existence", async () => {
    expect(await db.count("a")).toBe(4);
    expect(await db.count("", { revision: 2 })).toBe(1);
    expect(await db.exists("a/1")).toBe(true);
    expect(await db.exists("a/")).toBe(false);
  });

  it("has linearizable twins of every read", async () => {
    expect((await db.linearizableGet("a"))?.key).toBe("a");
    expect(keys(await db.linearizableList("a/", { limit: 1 }))).toEqual(["a/1"]);
    expect(await db.linearizableCount("a/")).toBe(2);
    expect(await db.linearizableExists("nope", {})).toBe(false);
  });
});

describe("scan", () => {
  const names = Array.from({ length: 25 }, (_, at) => `k${String(at).padStart(2, "0")}`);
  beforeEach(() => fill(...names, "other"));

  it("gives everything in order, however small the pages", async () => {
    for (const pageSize of [1, 2, 7, 25, 1000]) {
      expect(keys(await collect(db.scan("k", { pageSize })))).toEqual(names);
      expect(keys(await collect(db.scan("k", { pageSize, reverse: true })))).toEqual([...names].reverse());
    }
    expect(keys(await collect(db.scan({ start: "k20", end: NO_END }, { pageSize: 2 })))).toEqual([
      ...names.slice(20),
      "other",
    ]);
  });

  it("pages by bytes", async () => {
    const pages = await collect(db.scan("k", { pageBytes: 1 }).pages());
    expect(pages.map((page) => page.length)).toEqual(names.map(() => 1));
  });

  it("shows one revision, whatever is written meanwhile", async () => {
    const seen: string[] = [];
    for await (const kv of db.scan("k", { pageSize: 5 })) {
      seen.push(kv.text());
      await db.delete(names[24]!);
      await db.put("k99", "new");
      await db.put(names[23]!, "changed");
    }
    expect(seen).toEqual(names.map((name) => `value of ${name}`));
  });

  it("starts anew for every iteration", async () => {
    const scan = db.scan("k", { keysOnly: true });
    expect(await collect(scan)).toHaveLength(25);
    await db.delete("k00");
    expect(await collect(scan)).toHaveLength(24);
  });

  it("gives one empty page of an empty range", async () => {
    expect(await collect(db.scan("none").pages())).toEqual([[]]);
  });

  it("ends with COMPACTED where compaction passes its revision", async () => {
    const scan = collect(
      (async function* () {
        for await (const kv of db.scan("k", { pageSize: 5 })) {
          yield kv;
          const { revision } = await db.put("x", "y");
          await db.compact(revision);
        }
      })(),
    );
    await expect(scan).rejects.toMatchObject({ code: "COMPACTED" });
  });

  it("goes on after a key of full length", async () => {
    const long = "x".repeat(db.limits.keyBytesMax);
    await fill(long, "y");
    expect(keys(await collect(db.scan("x", { pageSize: 1 })))).toEqual([long]);
    expect(keys(await collect(db.scan({ start: "x", end: NO_END }, { pageSize: 1 })))).toEqual([long, "y"]);
    const last = new Uint8Array(db.limits.keyBytesMax).fill(0xff);
    await db.put(last, "");
    await db.put(last.subarray(1), "");
    expect(await collect(db.scan(Uint8Array.of(0xff), { pageSize: 1 }))).toHaveLength(2);
  });
});

describe("revisions", () => {
  it("are known without asking", async () => {
    expect([db.currentRevision, db.compactRevision]).toEqual([1, 0]);
    const { revision } = await db.put("a", "1");
    expect(db.currentRevision).toBe(revision);
    await db.compact(revision);
    expect(db.compactRevision).toBe(revision);
    await expect(db.compact(revision)).rejects.toMatchObject({ code: "COMPACTED" });
    await expect(db.compact(99)).rejects.toMatchObject({ code: "FUTURE_REVISION" });
  });

  it("can be waited for", async () => {
    await db.waitForRevision(1);
    const order: string[] = [];
    const waiting = db.waitForRevision(3).then(() => order.push("seen"));
    await db.put("a", "1");
    order.push("second");
    await db.put("a", "2");
    await waiting;
    expect(order).toEqual(["second", "seen"]);
  });

  it("ends a wait by its caller's signal, and by close", async () => {
    const controller = new AbortController();
    const waiting = db.waitForRevision(9, { signal: controller.signal });
    const closing = db.waitForRevision(9);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    const closed = expect(closing).rejects.toMatchObject({ code: "CLOSED" });
    await db.close();
    await closed;
  });
});
