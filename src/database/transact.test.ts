import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../base/random.ts";
import { NO_END } from "../contract/key-range.ts";
import { open } from "../open.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import type { Database } from "./database.ts";
import type { Transaction } from "./transaction.ts";

let db: Database;

beforeEach(async () => {
  db = await open("mem:");
});
afterEach(() => db.close());

const keysOf = (list: readonly { key: string }[]): string[] => list.map((kv) => kv.key);

/** Runs `body` with an intruder that acts once, after the first attempt has read and before it commits. */
async function disturbed(body: (tx: Transaction) => Promise<void>, intruder: () => Promise<unknown>) {
  let calls = 0;
  return db.transact(async (tx) => {
    await body(tx);
    if (++calls === 1) await intruder();
    tx.put("out", String(calls));
  });
}

describe("transact", () => {
  it("commits all writes at one revision and gives the function's value", async () => {
    const result = await db.transact(async (tx) => {
      tx.put("a", "1");
      tx.put("b", "2");
      return "done";
    });
    expect(result).toEqual({ value: "done", revision: 2, attempts: 1 });
    expect((await db.list("")).map((kv) => kv.revision)).toEqual([2, 2]);
  });

  it("takes a function that is not async", async () => {
    expect((await db.transact((tx) => tx.put("a", "1"))).revision).toBe(2);
  });

  it("takes no revision where nothing is written", async () => {
    await db.put("a", "1");
    const { value, revision } = await db.transact(async (tx) => (await tx.get("a"))?.text());
    expect([value, revision, db.currentRevision]).toEqual(["1", 2, 2]);
    expect((await db.transact(() => 5)).revision).toBe(2);
    expect((await db.transact((tx) => tx.delete("absent"))).revision).toBe(2);
  });

  it("writes nothing where the function throws, and throws the same", async () => {
    const mistake = new Error("mine");
    await expect(
      db.transact(async (tx) => {
        tx.put("a", "1");
        throw mistake;
      }),
    ).rejects.toBe(mistake);
    expect(await db.exists("a")).toBe(false);
  });

  it("loses no increment of many at once", async () => {
    const increment = () =>
      db.transact(async (tx) => tx.put("n", String(Number((await tx.get("n"))?.text() ?? 0) + 1)));
    await Promise.all(Array.from({ length: 8 }, () => increment().then(increment).then(increment)));
    expect((await db.get("n"))?.text()).toBe("24");
  });

  it("binds what it puts to a lease", async () => {
    await using lease = await db.lease({ ttlMs: 60_000 });
    await db.transact((tx) => tx.put("a", "1", { leaseId: lease.id }));
    expect((await db.get("a"))?.leaseId).toBe(lease.id);
    await expect(db.transact((tx) => tx.put("a", "1", { leaseId: 77n }))).rejects.toMatchObject({
      code: "LEASE_NOT_FOUND",
    });
  });
});

describe("reads of a transaction", () => {
  beforeEach(async () => {
    for (const key of ["a/1", "a/2", "a/3", "b"]) await db.put(key, key);
  });

  it("are all of one revision", async () => {
    let attempts = 0;
    const { value } = await db.transact(async (tx) => {
      attempts++;
      const first = (await tx.get("a/1"))?.text();
      if (attempts === 1) await db.txn({ success: [{ type: "put", key: "b", value: "changed" }] });
      return [first, (await tx.get("b"))?.text(), (await tx.list("")).at(-1)?.text()];
    });
    expect([value, attempts]).toEqual([["a/1", "b", "b"], 1]);
  });

  it("are of one revision also where they start together", async () => {
    const { value } = await db.transact(async (tx) => {
      const both = Promise.all([tx.get("a/1"), tx.get("b"), tx.list("")]);
      await db.put("b", "changed");
      return both;
    });
    expect([value[1]?.text(), value[2].at(-1)?.text()]).toEqual(["b", "b"]);
  });

  it("see its own writes", async () => {
    await db.transact(async (tx) => {
      tx.put("a/2", "mine");
      tx.delete("a/1");
      expect((await tx.get("a/2"))?.text()).toBe("mine");
      expect((await tx.get("a/2"))?.revision).toBe(0);
      expect(await tx.get("a/1")).toBeUndefined();
      expect([await tx.exists("a/1"), await tx.exists("a/2"), await tx.exists("a/3")]).toEqual([
        false,
        true,
        true,
      ]);
      tx.put("a/1", "back");
      expect((await tx.get("a/1"))?.text()).toBe("back");
    });
    expect((await db.list("a/")).map((kv) => kv.text())).toEqual(["back", "mine", "a/3"]);
  });

  it("see its own writes in lists, ranges and counts, within their limits", async () => {
    await db.transact(async (tx) => {
      tx.delete("a/1");
      tx.put("a/0", "new");
      tx.put("a/9", "new");
      tx.put("c", "elsewhere");
      expect(keysOf(await tx.list("a/"))).toEqual(["a/0", "a/2", "a/3", "a/9"]);
      expect(keysOf(await tx.list("a/", { reverse: true }))).toEqual(["a/9", "a/3", "a/2", "a/0"]);
      expect(keysOf(await tx.list("a/", { limit: 2 }))).toEqual(["a/0", "a/2"]);
      expect(keysOf(await tx.list("a/", { limit: 3, reverse: true }))).toEqual(["a/9", "a/3", "a/2"]);
      expect(keysOf(await tx.range("a/2", "a/9"))).toEqual(["a/2", "a/3"]);
      expect(keysOf(await tx.range("a/9", NO_END))).toEqual(["a/9", "b", "c"]);
      expect(await tx.count("a/")).toBe(4);
      expect((await tx.list("b", { keysOnly: true }))[0]?.value).toHaveLength(0);
      expect(await tx.deletePrefix("a/")).toBe(4);
      expect(await tx.list("a/")).toEqual([]);
    });
    expect(keysOf(await db.list(""))).toEqual(["b", "c"]);
  });

  it("agree with a model, whatever it has written", async () => {
    const random = seededRandom(20);
    const pick = (bound: number) => random.uint32() % bound;
    for (let round = 0; round < 40; round++) {
      await db.transact(async (tx) => {
        const model = new Map((await tx.list("")).map((kv) => [kv.key, kv.text()]));
        for (let step = 0; step < 8; step++) {
          const key = `a/${pick(6)}`;
          if (pick(3) === 0) {
            tx.delete(key);
            model.delete(key);
          } else {
            tx.put(key, `${round}.${step}`);
            model.set(key, `${round}.${step}`);
          }
          const limit = pick(4);
          const reverse = pick(2) === 0;
          const expected = [...model].filter(([name]) => name.startsWith("a/")).sort();
          if (reverse) expected.reverse();
          const found = await tx.list("a/", { limit, reverse });
          expect(found.map((kv) => [kv.key, kv.text()])).toEqual(limit ? expected.slice(0, limit) : expected);
        }
      });
    }
  });

  it("end with the function", async () => {
    let leaked: Transaction | undefined;
    await db.transact((tx) => {
      leaked = tx;
    });
    await expect(leaked!.get("b")).rejects.toMatchObject({ code: "CLOSED" });
    await expect(leaked!.list("")).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => leaked!.put("b", "late")).toThrow(expect.objectContaining({ code: "CLOSED" }));
    expect(() => leaked!.delete("b")).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });
});

describe("a conflict", () => {
  beforeEach(async () => {
    for (const key of ["a/1", "a/3", "a/5", "b"]) await db.put(key, "x");
  });

  const readKey = async (tx: Transaction) => void (await tx.get("a/1"));
  const readAbsent = async (tx: Transaction) => void (await tx.get("a/2"));
  const readPrefix = async (tx: Transaction) => void (await tx.list("a/"));
  const readEmpty = async (tx: Transaction) => void (await tx.list("none/"));
  const readFirst = async (tx: Transaction) => void (await tx.list("a/", { limit: 2 }));
  const readLast = async (tx: Transaction) => void (await tx.list("a/", { limit: 2, reverse: true }));
  const count = async (tx: Transaction) => void (await tx.count("a/"));
  const clear = async (tx: Transaction) => void (await tx.deletePrefix("a/"));
  const put = (key: string) => () => db.put(key, "intruder");
  const remove = (key: string) => () => db.delete(key);

  it.each([
    ["a key read was put", readKey, put("a/1")],
    ["a key read was deleted", readKey, remove("a/1")],
    ["a key read was deleted and put again", readKey, () => remove("a/1")().then(put("a/1"))],
    ["a key found absent was put", readAbsent, put("a/2")],
    ["a listed key was put", readPrefix, put("a/3")],
    ["a listed key was deleted", readPrefix, remove("a/3")],
    ["a key appeared in a list (phantom)", readPrefix, put("a/4")],
    ["a key appeared in an empty list", readEmpty, put("none/1")],
    ["a key appeared in a count", count, put("a/4")],
    ["a key was gone from a count", count, remove("a/5")],
    ["a key appeared in a prefix it deleted", clear, put("a/4")],
    ["a key appeared before the end of a limited list", readFirst, put("a/2")],
    ["a key was gone from a limited list", readFirst, remove("a/1")],
    ["a key appeared in a limited reverse list", readLast, put("a/4")],
    ["a key appeared beyond the last of a reverse list", readLast, put("a/9")],
  ])("is seen where %s", async (_, body, intruder) => {
    expect((await disturbed(body, intruder)).attempts).toBe(2);
    expect((await db.get("out"))?.text()).toBe("2");
  });

  it.each([
    ["another key was put", readKey, put("a/3")],
    ["an absent key came and went", readAbsent, () => put("a/2")().then(remove("a/2"))],
    ["a key beside the prefix was put", readPrefix, put("b")],
    ["a key behind a limited list appeared", readFirst, put("a/4")],
    ["a key before a limited reverse list appeared", readLast, put("a/2")],
  ])("is none where %s", async (_, body, intruder) => {
    expect((await disturbed(body, intruder)).attempts).toBe(1);
  });

  it("prevents write skew: of two who each see the other on call only one leaves", async () => {
    await db.put("on-call/ann", "yes");
    await db.put("on-call/bob", "yes");
    const leave = (name: string) =>
      db.transact(async (tx) => {
        if ((await tx.count("on-call/")) > 1) tx.delete(`on-call/${name}`);
      });
    await Promise.all([leave("ann"), leave("bob")]);
    expect(await db.count("on-call/")).toBe(1);
  });

  it("prevents write skew on single keys", async () => {
    await db.put("x", "1");
    await db.put("y", "1");
    const withdraw = (from: string) =>
      db.transact(async (tx) => {
        const [x, y] = await Promise.all([tx.get("x"), tx.get("y")]);
        if (Number(x?.text()) + Number(y?.text()) >= 2) tx.put(from, "0");
      });
    await Promise.all([withdraw("x"), withdraw("y")]);
    const sum = Number((await db.get("x"))?.text()) + Number((await db.get("y"))?.text());
    expect(sum).toBe(1);
  });

  it("ends in CONFLICT after the last attempt, with nothing written", async () => {
    const hopeless = db.transact(
      async (tx) => {
        await tx.get("b");
        await db.put("b", "again");
        tx.put("out", "never");
      },
      { maxAttempts: 3 },
    );
    await expect(hopeless).rejects.toMatchObject({
      code: "CONFLICT",
      outcome: "not-applied",
      details: { attempts: 3 },
    });
    expect(await db.exists("out")).toBe(false);
  });
});

describe("compaction during a transaction", () => {
  it("makes it run again, also where the function swallows the error", async () => {
    await db.put("a", "1");
    for (const swallow of [false, true]) {
      let calls = 0;
      const { attempts } = await db.transact(async (tx) => {
        await tx.get("a");
        if (++calls === 1) {
          await db.put("b", String(swallow));
          await db.compact(db.currentRevision);
        }
        const second = tx.get("b");
        if (swallow) await second.catch(() => undefined);
        else await second;
        tx.put("out", "x");
      });
      expect(attempts).toBe(2);
    }
  });
});

describe("retries", () => {
  let clock: FakeClock;

  beforeEach(async () => {
    clock = createFakeClock();
    db = await open("mem:", { clock, random: seededRandom(1) });
  });

  const interrupted = (times: number) => {
    let calls = 0;
    return async (tx: Transaction) => {
      await tx.get("a");
      if (calls++ < times) await db.put("a", String(calls));
      tx.put("out", "x");
    };
  };

  it("come at once the first time and after a pause from then on", async () => {
    expect((await db.transact(interrupted(1))).attempts).toBe(2);
    let done = false;
    const slow = db.transact(interrupted(2)).then((result) => {
      done = true;
      return result;
    });
    await clock.advance(0);
    expect(done).toBe(false);
    await clock.advance(100);
    expect((await slow).attempts).toBe(3);
  });

  it("end by the caller's signal, also in a pause", async () => {
    const controller = new AbortController();
    const waiting = db.transact(interrupted(99), { signal: controller.signal });
    await clock.advance(0);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED", outcome: "not-applied" });
    const late = db.transact(() => 1, { signal: controller.signal });
    await expect(late).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("end with TIMEOUT once the time of the whole call is used up", async () => {
    const waiting = db.transact(interrupted(99), { timeoutMs: 500 });
    const ended = expect(waiting).rejects.toMatchObject({ code: "TIMEOUT" });
    await clock.advance(2_000);
    await ended;
  });
});
