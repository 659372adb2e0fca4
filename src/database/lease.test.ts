import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deferred } from "../base/deferred.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { Store } from "../contract/store.ts";
import { createDatabase, open } from "../open.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import type { Database } from "./database.ts";

let clock: FakeClock;
/** The store itself, always in reach. */
let direct: Database;
/** The same store over a line that a test can cut. */
let db: Database;
/** What becomes of a renewal on that line. */
let renewal: "answered" | "refused" | "unanswered";
/** When a renewal that has reached the store is answered. */
let answered: Promise<void> | undefined;
let renewals: number;

beforeEach(async () => {
  clock = createFakeClock();
  direct = await open("mem:", { clock });
  renewal = "answered";
  answered = undefined;
  renewals = 0;
  const keepAliveLease: Store["keepAliveLease"] = async (id, options) => {
    renewals++;
    if (renewal === "refused") throw new HoldfastError("UNAVAILABLE", "no line");
    if (renewal === "unanswered") return deferred<never>().promise;
    const granted = await direct.store.keepAliveLease(id, options);
    await answered;
    return granted;
  };
  const store = new Proxy(direct.store, {
    get(target, name) {
      if (name === "keepAliveLease") return keepAliveLease;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  db = createDatabase(store, { clock });
});
afterEach(() => direct.close());

describe("a lease", () => {
  it("is kept alive, with its keys, for as long as it is open", async () => {
    const lease = await db.lease({ ttlMs: 3_000 });
    await db.put("a", "1", { leaseId: lease.id });
    await clock.advance(60_000);
    expect(await db.exists("a")).toBe(true);
    expect([lease.signal.aborted, lease.isLost, lease.ttlMs]).toEqual([false, false, 3_000]);
    expect(renewals).toBe(60);
    await lease.close();
    expect(await db.exists("a")).toBe(false);
    await clock.advance(60_000);
    expect(renewals).toBe(60);
  });

  it("takes an id of the caller's choice, once", async () => {
    await using lease = await db.lease({ ttlMs: 3_000, id: 42n });
    expect(lease.id).toBe(42n);
    await expect(db.lease({ ttlMs: 3_000, id: 42n })).rejects.toMatchObject({ code: "LEASE_EXISTS" });
  });

  it("shows in status and list, with its keys", async () => {
    await using lease = await db.lease({ ttlMs: 9_000 });
    await using short = await db.lease({ ttlMs: 3_000 });
    await db.put("b", "", { leaseId: lease.id });
    await db.put("ä", "", { leaseId: lease.id });
    expect((await db.leases()).map(({ id }) => id)).toEqual([short.id, lease.id]);
    expect(await db.leaseStatus(lease.id)).toEqual({
      id: lease.id,
      ttlMs: 9_000,
      remainingMs: 9_000,
      keys: ["b", "ä"],
    });
    expect(await db.leaseStatus(77n)).toBeUndefined();
  });

  it("says until when it can be relied on, in wall time that follows each renewal", async () => {
    const lease = await db.lease({ ttlMs: 30_000 });
    expect(lease.expiresAtMs).toBe(clock.nowMs() + 29_000);
    await clock.advance(9_999);
    expect(lease.expiresAtMs).toBe(clock.nowMs() + 29_000 - 9_999);
    await clock.advance(1);
    expect(lease.expiresAtMs).toBe(clock.nowMs() + 29_000);
  });

  it("does not mind the wall clock being set", async () => {
    const lease = await db.lease({ ttlMs: 3_000 });
    clock.setWall(clock.nowMs() + 86_400_000);
    await clock.advance(10_000);
    expect(lease.isLost).toBe(false);
    clock.setWall(0);
    await clock.advance(10_000);
    expect(lease.isLost).toBe(false);
  });

  it("can be renewed by hand", async () => {
    const lease = await db.lease({ ttlMs: 30_000 });
    await clock.advance(5_000);
    await lease.keepAliveOnce();
    expect(lease.expiresAtMs).toBe(clock.nowMs() + 29_000);
    renewal = "refused";
    await expect(lease.keepAliveOnce()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(lease.isLost).toBe(false);
  });
});

describe("the signal of a lease", () => {
  it.each(["refused", "unanswered"] as const)(
    "aborts before the store lets go, where renewals are %s",
    async (fate) => {
      const lease = await db.lease({ ttlMs: 10_000 });
      await db.put("a", "1", { leaseId: lease.id });
      renewal = fate;
      await clock.advance(8_999);
      expect([lease.signal.aborted, lease.isLost]).toEqual([false, false]);
      await clock.advance(1);
      expect([lease.signal.aborted, lease.isLost]).toEqual([true, true]);
      expect(lease.signal.reason).toMatchObject({ code: "LEASE_NOT_FOUND" });
      expect(await direct.exists("a")).toBe(true);
      await clock.advance(3_000);
      expect(await direct.exists("a")).toBe(false);
    },
  );

  it("counts from when the last answered renewal was sent, not from when it was answered", async () => {
    const lease = await db.lease({ ttlMs: 9_000 });
    const startMs = clock.nowMs();
    const answer = deferred<void>();
    await clock.advance(1_000);
    answered = answer.promise;
    const renewing = lease.keepAliveOnce();
    await clock.advance(1_500);
    answer.resolve();
    await renewing;
    expect(lease.expiresAtMs).toBe(startMs + 1_000 + 8_100);
  });

  it("stays quiet where the line comes back in time", async () => {
    const lease = await db.lease({ ttlMs: 9_000 });
    await db.put("a", "1", { leaseId: lease.id });
    for (let round = 0; round < 5; round++) {
      renewal = "refused";
      await clock.advance(4_000);
      renewal = "answered";
      await clock.advance(5_000);
    }
    expect(lease.isLost).toBe(false);
    expect(await direct.exists("a")).toBe(true);
  });

  it("aborts once the store does not know the lease any more", async () => {
    const lease = await db.lease({ ttlMs: 9_000 });
    await direct.revokeLease(lease.id);
    expect(lease.signal.aborted).toBe(false);
    await clock.advance(3_000);
    expect(lease.signal.reason).toMatchObject({ code: "LEASE_NOT_FOUND" });
    await expect(lease.keepAliveOnce()).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
    await expect(lease.revoke()).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
    await lease.close();
  });

  it("aborts at once with the database's close, which leaves the lease to the store", async () => {
    const lease = await db.lease({ ttlMs: 9_000 });
    const closing = db.close();
    expect(lease.signal.reason).toMatchObject({ code: "CLOSED" });
    await closing;
    await lease.close();
  });

  it("stays aborted, whatever answers later", async () => {
    const lease = await db.lease({ ttlMs: 10_000 });
    renewal = "refused";
    await clock.advance(9_500);
    renewal = "answered";
    await clock.advance(60_000);
    expect(lease.signal.aborted).toBe(true);
    expect(await direct.leases()).toEqual([]);
  });
});

describe("the end of a lease", () => {
  it("by revoke deletes its keys in one revision, after the signal has aborted", async () => {
    const lease = await db.lease({ ttlMs: 9_000 });
    await db.put("a", "", { leaseId: lease.id });
    await db.put("b", "", { leaseId: lease.id });
    const revoking = lease.revoke();
    expect(lease.signal.reason).toMatchObject({ code: "CLOSED" });
    expect(await revoking).toEqual({ revision: 4, deleted: 2 });
    await clock.advance(30_000);
    expect(renewals).toBe(0);
  });

  it("by close, twice, or by await using, is no error where it has ended before", async () => {
    const lease = await db.lease({ ttlMs: 9_000 });
    await lease.revoke();
    await Promise.all([lease.close(), lease.close()]);
    {
      await using scoped = await db.lease({ ttlMs: 9_000 });
      await db.put("a", "", { leaseId: scoped.id });
    }
    expect(await db.exists("a")).toBe(false);
    expect(await db.leases()).toEqual([]);
  });

  it("by detach leaves it to the store until its time is over", async () => {
    const lease = await db.lease({ ttlMs: 10_000 });
    await db.put("a", "", { leaseId: lease.id });
    lease.detach();
    await lease.close();
    await clock.advance(8_999);
    expect([lease.signal.aborted, await db.exists("a")]).toEqual([false, true]);
    await clock.advance(1);
    expect(lease.signal.aborted).toBe(true);
    await clock.advance(3_000);
    expect([await db.exists("a"), renewals]).toEqual([false, 0]);
  });

  it("by detach lets another holder go on with it", async () => {
    const lease = await db.lease({ ttlMs: 10_000 });
    await db.put("a", "", { leaseId: lease.id });
    lease.detach();
    for (let round = 0; round < 5; round++) {
      await clock.advance(8_000);
      await direct.store.keepAliveLease(lease.id);
    }
    await lease.close();
    expect(await db.exists("a")).toBe(true);
  });

  it("lets nothing escape from the background", async () => {
    const escaped: unknown[] = [];
    const onEscape = (error: unknown): void => void escaped.push(error);
    process.on("unhandledRejection", onEscape);
    const lost = await db.lease({ ttlMs: 1_000 });
    const open = await db.lease({ ttlMs: 1_000 });
    renewal = "refused";
    await clock.advance(10_000);
    await direct.close();
    await clock.advance(10_000);
    process.off("unhandledRejection", onEscape);
    expect([lost.isLost, open.isLost, escaped]).toEqual([true, true, []]);
  });
});
