import { describe, expect, test } from "vitest";
import { type AppConfig, followConfig, readConfig, writeConfig } from "../../examples/recipes/hot-config.ts";
import { compactKeeping, compactPeriodically } from "../../examples/recipes/periodic-compaction.ts";
import { discover, follow, register } from "../../examples/recipes/service-registry.ts";
import { leaveBehind, onEveryEngine, raced } from "./kit.ts";

onEveryEngine((freshStore) => {
  describe("service registry", () => {
    const instance = (id: string) => ({ service: "my-api", id, address: `10.0.0.${id}:80` });

    test("lists who is registered, in order, and nobody of another service", async () => {
      const { db } = await freshStore();
      await register(db, instance("2"), 10_000);
      const first = await register(db, instance("1"), 10_000);
      await register(db, { service: "my-api-2", id: "9", address: "other" }, 10_000);
      expect(await discover(db, "my-api")).toEqual(["10.0.0.1:80", "10.0.0.2:80"]);
      await first.deregister();
      expect(await discover(db, "my-api")).toEqual(["10.0.0.2:80"]);
    });

    test("forgets an instance that died after its time to live, and keeps one that lives", async () => {
      const { db, clock } = await freshStore();
      await leaveBehind(db, "/services/my-api/dead", 10_000);
      const alive = await register(db, instance("1"), 10_000);
      expect(await discover(db, "my-api")).toHaveLength(2);
      await clock.advance(60_000);
      expect(await discover(db, "my-api")).toEqual(["10.0.0.1:80"]);
      expect(alive.signal.aborted).toBe(false);
    });

    test("tells a follower what is there first, then every change, until it stops", async () => {
      const { db, clock } = await freshStore();
      const first = await register(db, instance("1"), 10_000);
      const told: string[][] = [];
      const stop = new AbortController();
      const following = follow(db, "my-api", (addresses) => told.push(addresses), stop.signal);
      await clock.advance(0);
      expect(told).toEqual([["10.0.0.1:80"]]);
      await register(db, instance("2"), 10_000);
      await clock.advance(0);
      await first.deregister();
      await clock.advance(0);
      expect(told.at(-1)).toEqual(["10.0.0.2:80"]);
      stop.abort();
      await following;
      await register(db, instance("3"), 10_000);
      await clock.advance(0);
      expect(told.at(-1)).toEqual(["10.0.0.2:80"]);
      expect((await db.store.status()).watches).toBe(0);
    });

    test("tells a follower a state that was changed while it started", async () => {
      const { db, clock } = await freshStore();
      const told: string[][] = [];
      const stop = new AbortController();
      const racing = raced(db, "view", () => register(db, instance("1"), 10_000));
      const following = follow(racing, "my-api", (addresses) => told.push(addresses), stop.signal);
      await clock.advance(0);
      expect(told.at(-1)).toEqual(["10.0.0.1:80"]);
      stop.abort();
      await following;
    });
  });

  describe("hot configuration", () => {
    const KEY = "/config/app";
    const config = (maxConnections: number): AppConfig => ({ timeout: "30s", maxConnections });

    async function listening() {
      const { db, clock } = await freshStore();
      const stop = new AbortController();
      const applied: number[] = [];
      const rejected: [code: string, revision: number][] = [];
      const listener = {
        apply: (next: AppConfig) => applied.push(next.maxConnections),
        reject: (error: unknown, revision: number) =>
          rejected.push([(error as { code: string }).code, revision]),
      };
      return { db, clock, stop, applied, rejected, listener };
    }

    test("applies the first value and each later one, of that very key alone", async () => {
      const { db, clock, stop, applied, listener } = await listening();
      await writeConfig(db, KEY, config(1));
      const following = followConfig(db, KEY, listener, stop.signal);
      await clock.advance(0);
      expect(applied).toEqual([1]);
      await writeConfig(db, `${KEY}-staging`, config(99));
      await writeConfig(db, KEY, config(2));
      await db.delete(KEY);
      await writeConfig(db, KEY, config(3));
      await clock.advance(0);
      expect(applied).toEqual([1, 2, 3]);
      stop.abort();
      await following;
      expect((await db.store.status()).watches).toBe(0);
    });

    test("misses no value that is written between the first read and the watch", async () => {
      const { db, clock, stop, applied, listener } = await listening();
      await writeConfig(db, KEY, config(1));
      const racing = raced(db, "watch", () => writeConfig(db, KEY, config(2)));
      const following = followConfig(racing, KEY, listener, stop.signal);
      await clock.advance(0);
      expect(applied).toEqual([1, 2]);
      stop.abort();
      await following;
    });

    test("waits for a first value that is not there yet", async () => {
      const { db, clock, stop, applied, listener } = await listening();
      const racing = raced(db, "watch", () => writeConfig(db, KEY, config(1)));
      const following = followConfig(racing, KEY, listener, stop.signal);
      await clock.advance(0);
      expect(applied).toEqual([1]);
      stop.abort();
      await following;
    });

    test("follows although the history of the present value is gone", async () => {
      const { db, clock, stop, applied, listener } = await listening();
      await writeConfig(db, KEY, config(1));
      for (let at = 0; at < 10; at++) await db.put("/data", String(at));
      await db.compact(db.currentRevision);
      const following = followConfig(db, KEY, listener, stop.signal);
      await clock.advance(0);
      await writeConfig(db, KEY, config(2));
      await clock.advance(0);
      expect(applied).toEqual([1, 2]);
      stop.abort();
      await following;
    });

    test("reports a value that does not decode, the first one too, and goes on with the next", async () => {
      const { db, clock, stop, applied, rejected, listener } = await listening();
      const { revision } = await db.put(KEY, "{ oops");
      const following = followConfig(db, KEY, listener, stop.signal);
      await clock.advance(0);
      const second = await db.put(KEY, '{"timeout": 30}');
      await writeConfig(db, KEY, config(2));
      await clock.advance(0);
      expect(rejected).toEqual([
        ["CODEC", revision],
        ["CODEC", second.revision],
      ]);
      expect(applied).toEqual([2]);
      stop.abort();
      await following;
    });

    test("reads undefined where there is none, and CODEC where it makes no sense", async () => {
      const { db } = await freshStore();
      expect(await readConfig(db, KEY)).toBeUndefined();
      await db.put(KEY, "[]");
      await expect(readConfig(db, KEY)).rejects.toMatchObject({ code: "CODEC" });
      await writeConfig(db, KEY, config(5));
      expect(await readConfig(db, KEY)).toEqual(config(5));
    });
  });

  describe("periodic compaction", () => {
    test("keeps a margin, so that a watcher within it goes on", async () => {
      const { db } = await freshStore();
      for (let at = 0; at < 300; at++) await db.put("/data/key", String(at));
      const point = await compactKeeping(db, 100);
      expect(point).toBe(db.currentRevision - 100);
      await expect(db.get("/data/key", { revision: point - 1 })).rejects.toMatchObject({ code: "COMPACTED" });
      await using watch = await db.watch({ key: "/data/key", fromRevision: point + 1 });
      let seen = 0;
      for await (const event of watch) {
        seen++;
        if (event.kv.revision === db.currentRevision) break;
      }
      expect(seen).toBe(100);
    });

    test("does nothing where there is too little history, or where it has been done", async () => {
      const { db } = await freshStore();
      await db.put("/data/key", "1");
      expect(await compactKeeping(db, 100)).toBe(0);
      expect(await compactKeeping(db, 0)).toBe(2);
      expect(await compactKeeping(db, 0)).toBe(2);
    });

    test("is no failure where another compacts first", async () => {
      const { db } = await freshStore();
      for (let at = 0; at < 10; at++) await db.put("/data/key", String(at));
      await Promise.all([compactKeeping(db, 2), compactKeeping(db, 2)]);
      expect(db.compactRevision).toBe(9);
    });

    test("goes on after a failure that it has told, until its signal is aborted", async () => {
      const { db } = await freshStore();
      for (let at = 0; at < 10; at++) await db.put("/data/key", String(at));
      const stop = new AbortController();
      const errors: unknown[] = [];
      const failing = new Proxy(db, {
        get: (target, name) => {
          if (name === "compact") return () => Promise.reject(new Error("no luck"));
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      await compactPeriodically(failing, {
        intervalMs: 1,
        keepRevisions: 2,
        signal: stop.signal,
        onError: (error) => {
          if (errors.push(error) === 2) stop.abort();
        },
      });
      expect(errors).toHaveLength(2);
    });
  });
});
