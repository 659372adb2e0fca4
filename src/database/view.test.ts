import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "../base/random.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { Store, StoreStatus } from "../contract/store.ts";
import { createDatabase, open } from "../open.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import type { Database } from "./database.ts";
import type { View } from "./view.ts";
import type { ViewChange } from "./view-feed.ts";

let clock: FakeClock;
/** The store itself, always in reach. */
let direct: Database;
/** The same store over a line that a test can cut. */
let db: Database;
let line: CuttableLine;

/** Passes everything on while it holds; once cut, calls and running watches are UNAVAILABLE. */
class CuttableLine {
  /** What the store is taken for; another one after a restore. */
  target: Store;
  historyId: string | undefined;
  #isCut = false;
  readonly #watches = new Set<{ cancel(): void }>();

  constructor(target: Store) {
    this.target = target;
  }

  cut(): void {
    this.#isCut = true;
    for (const watch of this.#watches) watch.cancel();
    this.#watches.clear();
  }

  mend(): void {
    this.#isCut = false;
  }

  #check(): void {
    if (this.#isCut) throw new HoldfastError("UNAVAILABLE", "the line is cut");
  }

  readonly store = new Proxy({} as Store, {
    get: (_, name: keyof Store) => {
      if (name === "watch") return this.#watch;
      if (name === "status") return this.#status;
      const value: unknown = Reflect.get(this.target, name, this.target);
      if (typeof value !== "function") return value;
      return async (...parameters: unknown[]) => {
        this.#check();
        return value.apply(this.target, parameters);
      };
    },
  });

  readonly #status: Store["status"] = async (options): Promise<StoreStatus> => {
    this.#check();
    const status = await this.target.status(options);
    return { ...status, historyId: this.historyId ?? status.historyId };
  };

  readonly #watch: Store["watch"] = async (request, options) => {
    this.#check();
    const inner = await this.target.watch(request, options);
    let isCancelled = false;
    this.#watches.add(inner);
    return {
      startRevision: inner.startRevision,
      next: async () => {
        const batch = await inner.next();
        if (batch === undefined && !isCancelled) throw new HoldfastError("UNAVAILABLE", "the line is cut");
        return batch;
      },
      requestProgress: () => inner.requestProgress(),
      cancel: () => {
        isCancelled = true;
        inner.cancel();
      },
    };
  };
}

beforeEach(async () => {
  clock = createFakeClock();
  direct = await open("mem:", { clock });
  line = new CuttableLine(direct.store);
  db = createDatabase(line.store, { clock, random: seededRandom(1) });
});
afterEach(() => direct.close());

function told(change: ViewChange): string {
  if (change.type === "synced" || change.type === "resync") return change.type;
  return `${change.type} ${change.kv.key}${change.type === "put" ? `=${change.kv.text()}` : ""}`;
}

/** Takes changes one by one as a test asks for them. */
function reader(view: View): (count: number) => Promise<string[]> {
  const iterator = view[Symbol.asyncIterator]();
  return async (count) => {
    const changes: string[] = [];
    while (changes.length < count) {
      const next = await iterator.next();
      if (next.done === true) return [...changes, "done"];
      changes.push(told(next.value));
    }
    return changes;
  };
}

const state = (view: View): Record<string, string> =>
  Object.fromEntries([...view.entries].map(([key, kv]) => [key, kv.text()]));

/** Lets everything that is under way come to rest. */
const settle = () => clock.advance(0);

describe("a view", () => {
  it("has the state when it opens, and every change from then on", async () => {
    await db.put("/c/b", "1");
    await db.put("/c/a", "1");
    await db.put("/d", "1");
    await using view = await db.view("/c/");
    expect(state(view)).toEqual({ "/c/a": "1", "/c/b": "1" });
    expect([view.size, view.revision, view.isSynced]).toEqual([2, 4, true]);
    await db.put("/c/b", "2");
    await db.delete("/c/a");
    await db.put("/c/c", "3");
    await settle();
    expect(state(view)).toEqual({ "/c/b": "2", "/c/c": "3" });
    expect(view.get("/c/c")?.text()).toBe("3");
    expect(view.get("/c/a")).toBeUndefined();
    expect(view.revision).toBe(7);
  });

  it("is in step at once for an empty prefix", async () => {
    await using view = await db.view("/none/");
    await view.synced;
    expect([view.isSynced, view.size, [...view.entries]]).toEqual([true, 0, []]);
    expect(await reader(view)(1)).toEqual(["synced"]);
  });

  it("takes a key, an interval, and keys of any bytes", async () => {
    await using one = await db.view({ key: "k" });
    await using some = await db.view({ start: "a", end: "c" });
    await using all = await db.view("");
    for (const key of ["k", "a", "c", "ä"]) await db.put(key, key);
    await db.put(Uint8Array.of(0xff), "bytes");
    await settle();
    expect([state(one), state(some)]).toEqual([{ k: "k" }, { a: "a" }]);
    expect(all.get(Uint8Array.of(0xff))?.text()).toBe("bytes");
    expect([all.entries.has("ä"), all.entries.get("ä")?.text(), all.size]).toEqual([true, "ä", 5]);
  });

  it("shows its entries in byte order, whenever they came", async () => {
    await using view = await db.view("");
    for (const key of ["m", "z", "a", "k"]) await db.put(key, "");
    await settle();
    expect([...view.entries.keys()]).toEqual(["a", "k", "m", "z"]);
    const seen: string[] = [];
    view.entries.forEach((kv, key) => {
      seen.push(key + kv.revision);
    });
    expect(seen).toEqual(["a4", "k5", "m2", "z3"]);
    expect([...view.entries.values()].map((kv) => kv.key)).toEqual(["a", "k", "m", "z"]);
  });

  it("gives each reader the state, a mark, then the changes", async () => {
    await db.put("a", "1");
    await using view = await db.view("");
    const first = reader(view);
    expect(await first(2)).toEqual(["put a=1", "synced"]);
    await db.put("b", "2");
    await db.delete("a");
    expect(await first(2)).toEqual(["put b=2", "delete a"]);
    expect(await reader(view)(2)).toEqual(["put b=2", "synced"]);
  });

  it("is equal to the store after any writes", async () => {
    const random = seededRandom(7);
    await using view = await db.view("k");
    const mirrored = new Map<string, string>();
    const following = (async () => {
      for await (const change of view) {
        if (change.type === "put") mirrored.set(change.kv.key, change.kv.text());
        if (change.type === "delete") mirrored.delete(change.kv.key);
      }
    })();
    for (let step = 0; step < 300; step++) {
      const key = `k${random.uint32() % 12}`;
      await (random.uint32() % 3 === 0 ? db.delete(key) : db.put(key, String(step)));
      if (step % 50 === 0) await db.compact(db.currentRevision).catch(() => undefined);
    }
    await settle();
    const stored = Object.fromEntries((await db.list("k")).map((kv) => [kv.key, kv.text()]));
    expect(state(view)).toEqual(stored);
    expect(Object.fromEntries(mirrored)).toEqual(stored);
    view.close();
    await following;
  });

  it("costs a slow reader one change per key", async () => {
    await using view = await db.view("");
    const slow = reader(view);
    expect(await slow(1)).toEqual(["synced"]);
    for (let at = 0; at < 100; at++) await db.put(`k${at % 3}`, String(at));
    await settle();
    expect(await slow(3)).toEqual(["put k1=97", "put k2=98", "put k0=99"]);
  });
});

describe("a view heals", () => {
  it("after compaction, by telling the difference and a resync mark", async () => {
    for (const key of ["a", "b", "c"]) await db.put(key, "1");
    await using view = await db.view("");
    const changes = reader(view);
    expect(await changes(4)).toEqual(["put a=1", "put b=1", "put c=1", "synced"]);
    line.cut();
    await settle();
    await direct.put("a", "2");
    await direct.delete("b");
    await direct.put("d", "1");
    await direct.compact(direct.currentRevision);
    line.mend();
    await clock.advance(1_000);
    expect(await changes(4)).toEqual(["delete b", "put a=2", "put d=1", "resync"]);
    expect(state(view)).toEqual({ a: "2", c: "1", d: "1" });
    expect([view.isSynced, view.revision]).toEqual([true, direct.currentRevision]);
    await db.put("e", "1");
    expect(await changes(1)).toEqual(["put e=1"]);
  });

  it("after a broken line, without a step missing", async () => {
    await using view = await db.view("");
    const changes = reader(view);
    await db.put("a", "1");
    expect(await changes(2)).toEqual(["synced", "put a=1"]);
    line.cut();
    await settle();
    expect(view.isSynced).toBe(false);
    const healed = view.synced.then(() => state(view));
    await direct.put("a", "2");
    await direct.put("b", "1");
    await clock.advance(60_000);
    expect([view.isSynced, state(view)]).toEqual([false, { a: "1" }]);
    line.mend();
    await clock.advance(10_000);
    expect(await healed).toEqual({ a: "2", b: "1" });
    expect(await changes(2)).toEqual(["put a=2", "put b=1"]);
    expect(view.isSynced).toBe(true);
  });

  it("and knows itself in step again where nothing was written meanwhile", async () => {
    await using view = await db.view("k");
    line.cut();
    await settle();
    await direct.put("elsewhere", "1");
    line.mend();
    await clock.advance(1_000);
    await view.synced;
    expect([view.isSynced, view.revision]).toEqual([true, direct.currentRevision]);
  });

  it("where the store has another history, even with the same revisions", async () => {
    await db.put("a", "old");
    await db.put("b", "old");
    await using view = await db.view("");
    const changes = reader(view);
    expect(await changes(3)).toHaveLength(3);
    line.cut();
    await settle();
    const restored = await open("mem:", { clock });
    await restored.put("a", "new");
    await restored.put("c", "new");
    line.target = restored.store;
    line.mend();
    await clock.advance(1_000);
    expect(await changes(4)).toEqual(["delete b", "put a=new", "put c=new", "resync"]);
    expect(state(view)).toEqual({ a: "new", c: "new" });
    await restored.close();
  });

  it("where the store has lost revisions", async () => {
    await db.put("a", "1");
    await db.put("a", "2");
    await using view = await db.view("");
    line.historyId = (await direct.status()).historyId;
    line.cut();
    await settle();
    const behind = await open("mem:", { clock });
    await behind.put("a", "1");
    line.target = behind.store;
    line.mend();
    await clock.advance(1_000);
    expect([state(view), view.revision]).toEqual([{ a: "1" }, 2]);
    await behind.close();
  });

  it("and tells a reader who came meanwhile when it is in step", async () => {
    await db.put("a", "1");
    await using view = await db.view("");
    line.cut();
    await settle();
    const late = reader(view);
    expect(await late(1)).toEqual(["put a=1"]);
    await direct.put("a", "2");
    line.mend();
    await clock.advance(1_000);
    expect(await late(2)).toEqual(["put a=2", "synced"]);
  });
});

describe("the end of a view", () => {
  it("is close, which ends its readers normally and keeps the entries", async () => {
    await db.put("a", "1");
    const view = await db.view("");
    const changes = reader(view);
    await changes(2);
    const waiting = changes(1);
    view.close();
    view.close();
    expect(await waiting).toEqual(["done"]);
    expect(await reader(view)(1)).toEqual(["done"]);
    await db.put("a", "2");
    await settle();
    expect([state(view), view.isSynced, view.failure]).toEqual([{ a: "1" }, false, undefined]);
    await expect(view.synced).rejects.toMatchObject({ code: "CLOSED" });
    expect((await direct.status()).watches).toBe(0);
  });

  it("is not the end of one reader", async () => {
    await using view = await db.view("");
    for await (const change of view) if (change.type === "synced") break;
    await db.put("a", "1");
    await settle();
    expect(state(view)).toEqual({ a: "1" });
  });

  it("is the caller's signal, told by ABORTED", async () => {
    const controller = new AbortController();
    const view = await db.view("", { signal: controller.signal });
    const changes = reader(view);
    await changes(1);
    const waiting = changes(1);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    expect(view.failure?.code).toBe("ABORTED");
    await expect(reader(view)(1)).rejects.toMatchObject({ code: "ABORTED" });
    expect((await direct.status()).watches).toBe(0);
    await expect(db.view("", { signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("is the store's close, told by CLOSED", async () => {
    const view = await direct.view("");
    const changes = reader(view);
    await changes(1);
    const ended = expect(changes(1)).rejects.toMatchObject({ code: "CLOSED" });
    await direct.close();
    await ended;
    expect([view.failure?.code, view.isSynced]).toEqual(["CLOSED", false]);
  });

  it("comes also while it waits to try again", async () => {
    const view = await db.view("");
    line.cut();
    await settle();
    const { pendingTimers } = clock;
    view.close();
    await settle();
    expect(clock.pendingTimers).toBe(pendingTimers - 1);
  });

  it("is not waiting for a store that was never in reach", async () => {
    line.cut();
    await expect(db.view("")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
