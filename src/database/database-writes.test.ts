import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../contract/store.ts";
import { createDatabase, open } from "../open.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import type { Database } from "./database.ts";

let clock: FakeClock;
let db: Database;

beforeEach(async () => {
  clock = createFakeClock();
  db = await open("mem:", { clock });
});
afterEach(() => db.close());

/** The store with some of its methods replaced. */
function override(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name in methods) return methods[name as keyof Store];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("put", () => {
  it("takes one revision per call and says which", async () => {
    expect(await db.put("a", "1")).toEqual({ revision: 2 });
    expect(await db.put("a", "1")).toEqual({ revision: 3 });
    expect((await db.get("a"))?.version).toBe(2);
  });

  it("gives the previous state where asked and there is one", async () => {
    expect(await db.put("a", "1", { previous: true })).toEqual({ revision: 2 });
    const { previous } = await db.put("a", "2", { previous: true });
    expect(previous?.text()).toBe("1");
    expect((await db.put("a", "3")).previous).toBeUndefined();
  });

  it("binds to a lease, keeps the binding where asked, and ends it otherwise", async () => {
    await using lease = await db.lease({ ttlMs: 10_000 });
    await db.put("a", "1", { leaseId: lease.id });
    await db.put("a", "2", { ignoreLease: true });
    expect((await db.get("a"))?.leaseId).toBe(lease.id);
    await db.put("a", "3");
    expect((await db.get("a"))?.leaseId).toBe(0n);
  });

  it("refuses an unknown lease, and ignoreLease on an absent key", async () => {
    await expect(db.put("a", "1", { leaseId: 99n })).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
    await expect(db.put("a", "1", { ignoreLease: true })).rejects.toMatchObject({ code: "KEY_NOT_FOUND" });
    expect(db.currentRevision).toBe(1);
  });

  it("keeps what it was given, whatever the caller does with the array", async () => {
    const value = Uint8Array.of(1);
    const put = db.put("a", value);
    value[0] = 2;
    await put;
    expect([...((await db.get("a"))?.value ?? [])]).toEqual([1]);
  });

  it("rejects under an aborted signal without writing", async () => {
    await expect(db.put("a", "1", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
      outcome: "not-applied",
    });
    expect(await db.exists("a")).toBe(false);
  });

  it("refuses what is over a limit", async () => {
    const { keyBytesMax, valueBytesMax } = db.limits;
    await expect(db.put("k".repeat(keyBytesMax + 1), "")).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    await expect(db.put("k", new Uint8Array(valueBytesMax + 1))).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: { limit: "valueBytesMax" },
    });
  });
});

describe("ttlMs", () => {
  it("lets the key die after its time", async () => {
    await db.put("a", "1", { ttlMs: 5_000 });
    await clock.advance(4_999);
    expect(await db.exists("a")).toBe(true);
    await clock.advance(2_000);
    expect(await db.exists("a")).toBe(false);
    expect(await db.leases()).toEqual([]);
  });

  it("works on create and update", async () => {
    const { revision } = await db.create("a", "1", { ttlMs: 5_000 });
    expect((await db.update("a", "2", revision, { ttlMs: 9_000 })).succeeded).toBe(true);
    await clock.advance(7_000);
    expect((await db.get("a"))?.text()).toBe("2");
    await clock.advance(4_000);
    expect(await db.exists("a")).toBe(false);
  });

  it("leaves no lease behind where nothing was written", async () => {
    await db.put("a", "1");
    await expect(db.create("a", "2", { ttlMs: 5_000 })).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    expect((await db.update("a", "2", 99, { ttlMs: 5_000 })).succeeded).toBe(false);
    const tooLong = "k".repeat(db.limits.keyBytesMax + 1);
    await expect(db.put(tooLong, "2", { ttlMs: 5_000 })).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(await db.leases()).toEqual([]);
  });

  it("leaves no lease behind where the caller gives up between grant and write", async () => {
    const controller = new AbortController();
    const grantLease: Store["grantLease"] = async (request) => {
      const granted = await db.store.grantLease(request);
      controller.abort();
      return granted;
    };
    const giving = createDatabase(override(db.store, { grantLease }), { clock });
    await expect(giving.put("a", "1", { ttlMs: 5_000, signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
      outcome: "not-applied",
    });
    expect(await db.exists("a")).toBe(false);
    expect(await db.leases()).toEqual([]);
  });

  it("spends one timeoutMs on both of its calls", async () => {
    const grantLease: Store["grantLease"] = async (request) => {
      const granted = await db.store.grantLease(request);
      await clock.advance(400);
      return granted;
    };
    const slow = createDatabase(override(db.store, { grantLease }), { clock });
    await expect(slow.put("a", "1", { ttlMs: 5_000, timeoutMs: 400 })).rejects.toMatchObject({
      code: "TIMEOUT",
      outcome: "not-applied",
    });
    await slow.put("a", "1", { ttlMs: 5_000, timeoutMs: 401 });
    expect(await db.leases()).toHaveLength(1);
  });
});

describe("create", () => {
  it("writes an absent key, and again after a delete", async () => {
    expect(await db.create("a", "1")).toEqual({ revision: 2 });
    await db.delete("a");
    expect(await db.create("a", "2")).toEqual({ revision: 4 });
  });

  it("throws ALREADY_EXISTS with the present entry's revision", async () => {
    await db.put("a", "1");
    await db.put("b", "1");
    await expect(db.create("a", "2")).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
      outcome: "not-applied",
      details: { key: "a", revision: 2 },
    });
    expect((await db.get("a"))?.text()).toBe("1");
  });
});

describe("update", () => {
  it("writes where the revision is the expected one", async () => {
    const { revision } = await db.put("a", "1");
    expect(await db.update("a", "2", revision)).toEqual({ succeeded: true, revision: revision + 1 });
  });

  it("gives what is there instead", async () => {
    await db.put("a", "1");
    const refused = await db.update("a", "2", 77);
    expect(refused).toMatchObject({ succeeded: false, revision: 2 });
    expect(refused.current?.text()).toBe("1");
    expect((await db.update("absent", "2", 77)).current).toBeUndefined();
    expect(db.currentRevision).toBe(2);
  });

  it("takes 0 as: must be absent", async () => {
    expect((await db.update("a", "1", 0)).succeeded).toBe(true);
    expect((await db.update("a", "2", 0)).succeeded).toBe(false);
  });

  it("lets exactly one of many win", async () => {
    const { revision } = await db.put("a", "0");
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, at) => db.update("a", String(at), revision)),
    );
    const winners = results.filter((result) => result.succeeded);
    expect(winners).toHaveLength(1);
    for (const result of results) {
      if (!result.succeeded) expect(result.current?.revision).toBe(winners[0]!.revision);
    }
  });
});

describe("deletes", () => {
  it("say how many keys were there", async () => {
    await db.put("a", "1");
    expect(await db.delete("a")).toEqual({ deleted: 1, revision: 3 });
    expect(await db.delete("a")).toEqual({ deleted: 0, revision: 3 });
  });

  it("take a prefix in one revision", async () => {
    for (const key of ["t/1", "t/2", "t", "u"]) await db.put(key, "");
    expect(await db.deletePrefix("t/")).toEqual({ deleted: 2, revision: 6 });
    expect(await db.deletePrefix("")).toEqual({ deleted: 2, revision: 7 });
    expect(await db.count("")).toBe(0);
  });

  it("happen only at the expected revision, where one is given", async () => {
    const { revision } = await db.put("a", "1");
    const refused = await db.deleteIfRevision("a", revision + 5);
    expect(refused.succeeded).toBe(false);
    expect(refused.current?.text()).toBe("1");
    expect(await db.deleteIfRevision("a", revision)).toEqual({ succeeded: true, revision: revision + 1 });
    expect(await db.deleteIfRevision("a", revision)).toMatchObject({ succeeded: false, current: undefined });
  });

  it("refuse 0 as expected revision and point to delete", async () => {
    await expect(db.deleteIfRevision("a", 0)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("delete()"),
    });
  });
});
