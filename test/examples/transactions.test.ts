import { describe, expect, test } from "vitest";
import { takeTask } from "../../examples/recipes/atomic-move.ts";
import { addOne, increment } from "../../examples/recipes/cas-counter.ts";
import { debit, tryDebit } from "../../examples/recipes/check-then-act.ts";
import { claimJob } from "../../examples/recipes/create-if-absent.ts";
import { setBalance } from "../../examples/recipes/multi-key-write.ts";
import { putThenRead, readNewest } from "../../examples/recipes/read-after-write.ts";
import { onEveryEngine, raced } from "./kit.ts";

const AT = new Date("2026-01-02T03:04:05Z");

onEveryEngine((freshStore) => {
  describe("multi-key write", () => {
    test("writes both keys at the one revision of the transaction, seen so by a watch, in the order written", async () => {
      const { db } = await freshStore();
      const watch = await db.watch({ prefix: "/account/" });
      const revision = await setBalance(db, 1_000, AT);
      const kvs = await db.list("/account/");
      expect(kvs.map((kv) => [kv.key, kv.text(), kv.revision])).toEqual([
        ["/account/balance", "1000", revision],
        ["/account/last-updated", "2026-01-02T03:04:05.000Z", revision],
      ]);
      for await (const batch of watch.batches()) {
        expect(batch.revision).toBe(revision);
        expect(batch.events.map((event) => event.kv.key)).toEqual([
          "/account/balance",
          "/account/last-updated",
        ]);
        break;
      }
    });
  });

  describe("check then act", () => {
    test("changes nothing where somebody wrote the balance after it was read", async () => {
      const { db } = await freshStore();
      await db.put("/account/balance", "500");
      const slow = raced(db, "get", async () => undefined);
      const overtaken = new Proxy(slow, {
        get: (target, name) =>
          name === "txn"
            ? (request: never) => db.put("/account/balance", "50").then(() => db.txn(request))
            : Reflect.get(target, name),
      });
      expect(await tryDebit(overtaken, 100, AT)).toBe("raced");
      expect((await db.get("/account/balance"))?.text()).toBe("50");
      expect(await db.exists("/audit/last-debit")).toBe(false);
      expect(await debit(db, 100, AT)).toBe("too-little");
    });

    test("never takes more than there is, however many try at once", async () => {
      const { db } = await freshStore();
      await db.put("/account/balance", "1000");
      const results = await Promise.all(Array.from({ length: 25 }, () => debit(db, 100, AT)));
      expect(results.filter((result) => result === "done")).toHaveLength(10);
      expect(results.filter((result) => result === "too-little")).toHaveLength(15);
      expect((await db.get("/account/balance"))?.text()).toBe("0");
    });

    test("says so where there is no account", async () => {
      const { db } = await freshStore();
      expect(await debit(db, 100, AT)).toBe("no-account");
      expect(db.currentRevision).toBe(1);
    });
  });

  describe("create if absent", () => {
    test("lets exactly one of many claim the job, and the others change nothing", async () => {
      const { db } = await freshStore();
      const workers = Array.from({ length: 10 }, (_, at) => `worker-${at}`);
      const claims = await Promise.all(workers.map((worker) => claimJob(db, "42", worker)));
      expect(claims.filter((claimed) => claimed)).toHaveLength(1);
      const winner = workers[claims.indexOf(true)];
      const lock = await db.get("/locks/job-42");
      expect(lock?.text()).toBe(winner);
      expect((await db.get("/jobs/42/status"))?.revision).toBe(lock?.revision);
      expect(db.currentRevision).toBe(lock?.revision);
    });
  });

  describe("atomic move", () => {
    test("gives a task to exactly one of twenty workers, and at every revision it is in exactly one place", async () => {
      const { db } = await freshStore();
      const { revision } = await db.put("/queue/pending/task-7", "data");
      const taken = await Promise.all(Array.from({ length: 20 }, () => takeTask(db, "task-7")));
      expect(taken.filter((task) => task !== undefined)).toEqual([
        { name: "task-7", data: new TextEncoder().encode("data") },
      ]);
      for (let at = revision; at <= db.currentRevision; at++) {
        expect(await db.count("/queue/", { revision: at })).toBe(1);
      }
      expect((await db.list("/queue/")).map((kv) => kv.key)).toEqual(["/queue/processing/task-7"]);
    });

    test("takes nothing where there is nothing", async () => {
      const { db } = await freshStore();
      expect(await takeTask(db, "task-7")).toBeUndefined();
      expect(db.currentRevision).toBe(1);
    });
  });

  describe("compare-and-swap counter", () => {
    test("counts from an absent key, and loses no increment of eight clients", async () => {
      const { db } = await freshStore();
      const client = async (): Promise<void> => {
        for (let at = 0; at < 200; at++) await increment(db, "/counters/c");
      };
      await Promise.all(Array.from({ length: 8 }, client));
      expect((await db.get("/counters/c"))?.text()).toBe("1600");
    });

    test("refuses a value that is no number, and leaves it as it is", async () => {
      const { db } = await freshStore();
      for (const text of ["twelve", "", "1.5", " 7", "0x10"]) {
        const { revision } = await db.put("/counters/c", text);
        await expect(increment(db, "/counters/c")).rejects.toMatchObject({ code: "CODEC" });
        expect((await db.get("/counters/c"))?.text()).toBe(text);
        expect(db.currentRevision).toBe(revision);
      }
    });

    test("stops at the last safe integer", async () => {
      const { db } = await freshStore();
      await db.put("/counters/c", String(Number.MAX_SAFE_INTEGER));
      await expect(increment(db, "/counters/c")).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
      expect((await db.get("/counters/c"))?.text()).toBe("9007199254740991");
    });

    test("needs no loop where the store adds", async () => {
      const { db } = await freshStore();
      const values = await Promise.all(Array.from({ length: 100 }, () => addOne(db, "/counters/m")));
      expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
      expect((await db.get("/counters/m"))?.version).toBe(100);
    });
  });

  describe("read after write", () => {
    test("sees what was just written", async () => {
      const { db } = await freshStore();
      for (let at = 0; at < 50; at++) {
        expect((await putThenRead(db, "/data/key", `v${at}`))?.text()).toBe(`v${at}`);
      }
      expect((await readNewest(db, "/data/key"))?.text()).toBe("v49");
      expect(await readNewest(db, "/data/other")).toBeUndefined();
    });
  });
});
