import type { Database } from "holdfast";
import { describe, expect, test } from "vitest";
import { type Candidate, runForLeader } from "../../examples/recipes/leader-election.ts";
import { type HeldLock, tryLock } from "../../examples/recipes/lock.ts";
import { lockWithRetry } from "../../examples/recipes/lock-with-retry.ts";
import { lockWithWatch } from "../../examples/recipes/lock-with-watch.ts";
import { expire, leaveBehind, onEveryEngine, raced } from "./kit.ts";

const KEY = "/locks/my-resource";
const ONE = { owner: "one", ttlMs: 30_000 };
const TWO = { owner: "two", ttlMs: 30_000 };

async function locked(db: Database, options = ONE): Promise<HeldLock> {
  const held = await tryLock(db, KEY, options);
  expect(held).toBeDefined();
  return held!;
}

onEveryEngine((freshStore) => {
  describe("lock", () => {
    test("has one holder at a time, and each a greater fence than the one before", async () => {
      const { db } = await freshStore();
      const held = await locked(db);
      expect(await tryLock(db, KEY, TWO)).toBeUndefined();
      expect(await held.release()).toBe(true);
      const next = await locked(db, TWO);
      expect(next.fence).toBeGreaterThan(held.fence);
      expect((await db.get(KEY))?.text()).toBe("two");
    });

    test("leaves no lease behind, neither after a release nor after an attempt in vain", async () => {
      const { db } = await freshStore();
      const held = await locked(db);
      await tryLock(db, KEY, TWO);
      expect(await db.store.leases()).toHaveLength(1);
      await held.release();
      expect(await db.store.leases()).toHaveLength(0);
    });

    test("honours the time to live: a dead holder's lock is free after it, a live one's is kept", async () => {
      const { db, clock } = await freshStore();
      await leaveBehind(db, KEY, 30_000);
      await clock.advance(29_000);
      expect(await tryLock(db, KEY, TWO)).toBeUndefined();
      await clock.advance(2_000);
      const held = await locked(db, TWO);
      await clock.advance(600_000);
      expect(held.signal.aborted).toBe(false);
      expect((await db.get(KEY))?.revision).toBe(held.fence);
    });

    test("releases never a successor's lock", async () => {
      const { db } = await freshStore();
      const lost = await locked(db);
      await expire(db, KEY);
      const successor = await locked(db, TWO);
      expect(await lost.release()).toBe(false);
      expect((await db.get(KEY))?.revision).toBe(successor.fence);
    });

    test("tells a holder that lost it, and refuses what it still writes under its guard", async () => {
      const { db, clock } = await freshStore();
      const lost = await locked(db);
      const write = {
        conditions: [lost.guard],
        success: [{ type: "put", key: "/data", value: "x" }],
      } as const;
      expect((await db.txn(write)).succeeded).toBe(true);
      await expire(db, KEY);
      expect((await db.txn(write)).succeeded).toBe(false);
      await locked(db, TWO);
      expect((await db.txn(write)).succeeded).toBe(false);
      expect(lost.signal.aborted).toBe(false);
      await clock.advance(15_000);
      expect(lost.signal.aborted).toBe(true);
    });

    test("is released although the signal that it was taken with has been aborted", async () => {
      const { db } = await freshStore();
      const caller = new AbortController();
      const held = await tryLock(db, KEY, { ...ONE, signal: caller.signal });
      caller.abort();
      expect(await held!.release()).toBe(true);
      expect(await db.exists(KEY)).toBe(false);
    });
  });

  describe("lock with retry", () => {
    test("gets the lock once it is free, one after another", async () => {
      const { db } = await freshStore();
      let holders = 0;
      const work = async (owner: string): Promise<number> => {
        const held = await lockWithRetry(db, KEY, { owner, ttlMs: 30_000, retryIntervalMs: 1 });
        expect(++holders).toBe(1);
        await db.put("/data", owner);
        holders--;
        await held.release();
        return held.fence;
      };
      const fences = await Promise.all(["one", "two", "three", "four"].map(work));
      expect(new Set(fences).size).toBe(4);
    });

    test("stops trying once its signal is aborted, and leaves nothing behind", async () => {
      const { db } = await freshStore();
      await locked(db);
      const caller = new AbortController();
      const trying = lockWithRetry(db, KEY, { ...TWO, retryIntervalMs: 1, signal: caller.signal });
      caller.abort();
      await expect(trying).rejects.toThrow();
      expect(await db.store.leases()).toHaveLength(1);
    });
  });

  describe("lock with watch", () => {
    for (const moment of ["get", "watch"] as const) {
      test(`is not missed where the holder releases between the failed attempt and the ${moment}`, async () => {
        const { db } = await freshStore();
        const held = await locked(db);
        const waiter = raced(db, moment, () => held.release());
        const next = await lockWithWatch(waiter, KEY, TWO);
        expect(next.fence).toBeGreaterThan(held.fence);
      });
    }

    test("is had within its time to live where the holder has died", async () => {
      const { db, clock } = await freshStore();
      await leaveBehind(db, KEY, 30_000);
      const waiting = lockWithWatch(db, KEY, TWO);
      await clock.advance(31_000);
      expect((await waiting).fence).toBeGreaterThan(1);
    });

    test("is waited for although the history of the moment it was taken is gone", async () => {
      const { db, clock } = await freshStore();
      const held = await locked(db);
      for (let at = 0; at < 10; at++) await db.put("/data", String(at));
      await db.compact(db.currentRevision);
      const waiting = lockWithWatch(db, KEY, TWO);
      await clock.advance(0);
      await held.release();
      expect((await waiting).fence).toBeGreaterThan(held.fence);
    });

    test("is not tried again because of a key with a longer name", async () => {
      const { db, clock } = await freshStore();
      const held = await locked(db);
      let attempts = 0;
      const waiter = raced(db, "create", async () => attempts++);
      const waiting = lockWithWatch(waiter, KEY, TWO);
      await db.put(`${KEY}/sibling`, "x");
      await db.delete(`${KEY}/sibling`);
      await clock.advance(0);
      expect(attempts).toBe(1);
      await held.release();
      await waiting;
      expect(attempts).toBe(2);
    });

    test("leaves no watch open, whether it was had or given up", async () => {
      const { db, clock } = await freshStore();
      const held = await locked(db);
      const caller = new AbortController();
      const waiting = lockWithWatch(db, KEY, TWO);
      const givingUp = lockWithWatch(db, KEY, { owner: "three", ttlMs: 30_000, signal: caller.signal });
      await clock.advance(0);
      expect((await db.store.status()).watches).toBe(2);
      caller.abort();
      await expect(givingUp).rejects.toMatchObject({ code: "ABORTED" });
      await held.release();
      await waiting;
      expect((await db.store.status()).watches).toBe(0);
      expect(await db.store.leases()).toHaveLength(1);
    });

    test("goes to all who wait, one after another", async () => {
      const { db } = await freshStore();
      let holders = 0;
      const work = async (owner: string): Promise<void> => {
        const held = await lockWithWatch(db, KEY, { owner, ttlMs: 30_000 });
        expect(++holders).toBe(1);
        await db.put("/data", owner);
        holders--;
        await held.release();
      };
      await Promise.all(Array.from({ length: 12 }, (_, at) => work(`worker-${at}`)));
      expect(await db.exists(KEY)).toBe(false);
    });
  });

  describe("leader election", () => {
    const ELECTION = "/election/my-service";

    function candidate(id: string, terms: string[]): Candidate {
      return {
        id,
        ttlMs: 10_000,
        lead: (_term, signal) => {
          terms.push(id);
          return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
        },
      };
    }

    test("has one leader; when it stops, another follows at once, by a resignation under an aborted signal", async () => {
      const { db, clock } = await freshStore();
      const terms: string[] = [];
      const stops = [new AbortController(), new AbortController()] as const;
      const first = runForLeader(db, ELECTION, candidate("a", terms), stops[0].signal);
      await clock.advance(0);
      const second = runForLeader(db, ELECTION, candidate("b", terms), stops[1].signal);
      await clock.advance(0);
      expect(terms).toEqual(["a"]);
      stops[0].abort();
      await first;
      await clock.advance(0);
      expect(terms).toEqual(["a", "b"]);
      expect((await db.get(ELECTION))?.text()).toBe("b");
      stops[1].abort();
      await second;
      expect(await db.exists(ELECTION)).toBe(false);
    });

    test("is won from a leader that died within its time to live", async () => {
      const { db, clock } = await freshStore();
      await leaveBehind(db, ELECTION, 10_000);
      const terms: string[] = [];
      const stop = new AbortController();
      const running = runForLeader(db, ELECTION, candidate("b", terms), stop.signal);
      await clock.advance(9_000);
      expect(terms).toEqual([]);
      await clock.advance(2_000);
      expect(terms).toEqual(["b"]);
      stop.abort();
      await running;
    });

    test("is not missed where the leader resigns before the watch begins", async () => {
      const { db, clock } = await freshStore();
      const held = await tryLock(db, ELECTION, ONE);
      const terms: string[] = [];
      const stop = new AbortController();
      const follower = raced(db, "watch", () => held!.release());
      const running = runForLeader(follower, ELECTION, candidate("b", terms), stop.signal);
      await clock.advance(0);
      expect(terms).toEqual(["b"]);
      stop.abort();
      await running;
    });

    test("ends the term of a leader that has lost the lead, which then deletes nobody's key", async () => {
      const { db, clock } = await freshStore();
      const terms: string[] = [];
      const stop = new AbortController();
      const running = runForLeader(db, ELECTION, candidate("a", terms), stop.signal);
      await clock.advance(0);
      await expire(db, ELECTION);
      await db.put(ELECTION, "a successor");
      await clock.advance(10_000);
      expect((await db.get(ELECTION))?.text()).toBe("a successor");
      expect(terms).toEqual(["a"]);
      stop.abort();
      await running;
      expect((await db.get(ELECTION))?.text()).toBe("a successor");
    });
  });
});
