import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { below, seededRandom } from "../../src/base/random.ts";
import { isHoldfastError } from "../../src/contract/errors.ts";
import type { Store } from "../../src/contract/store.ts";
import type { AppendOperation, AppendResult } from "../../src/contract/txn.ts";
import { ENGINES } from "./engines.ts";
import { bytes, del, dump, put, read, readUpTo, watchAll, write, writeIf } from "./requests.ts";

describe.each(ENGINES)("on the $name engine", ({ open }) => {
  let store: Store;

  beforeEach(async () => {
    ({ store } = await open());
  });

  afterEach(() => store.close());

  test("atomic-transaction: no reader, no watch and no past revision ever shows a part of one", async () => {
    const watch = await watchAll(store);
    const random = seededRandom(7);
    const writers = Array.from({ length: 200 }, async (_, at) => {
      const width = 2 + below(random, 4);
      const keys = Array.from({ length: width }, (_, key) => put(`k${key}`, String(at)));
      await write(store, del("k2"), ...keys.filter((key) => key.key !== bytes("k2")));
    });
    const readers = Array.from({ length: 200 }, async () => {
      const [a, b] = await dump(store);
      expect(a?.slice(3)).toBe(b?.slice(3));
    });
    await Promise.all([...writers, ...readers]);
    for (let revision = 2; revision <= store.revision; revision++) {
      const [a, b] = await dump(store, { revision });
      expect(a?.slice(3)).toBe(b?.slice(3));
    }
    for (const { revision, events } of await readUpTo(watch, store.revision)) {
      for (const event of events) expect(event.kv.revision).toBeLessThanOrEqual(revision);
    }
  });

  test("atomic-transaction: one that fails at its last operation leaves nothing of the first", async () => {
    await write(store, put("a", "before"));
    const failing = write(store, put("a", "after"), put("b"), { ...put("c", ""), ignoreValue: true });
    await expect(failing).rejects.toMatchObject({ code: "KEY_NOT_FOUND", outcome: "not-applied" });
    expect(await dump(store)).toEqual(["a=before"]);
    expect(store.revision).toBe(2);
  });

  test("monotonic-revision: each change takes a greater revision than all before, none is used twice", async () => {
    const revisions: number[] = [];
    const writer = async (name: string): Promise<void> => {
      for (let at = 0; at < 50; at++) {
        const before = store.revision;
        const { revision } = await write(store, put(name, String(at)));
        expect(revision).toBeGreaterThan(before);
        revisions.push(revision);
        await expect(write(store, { ...put("absent", ""), ignoreValue: true })).rejects.toThrow();
        await write(store, del("absent"));
      }
    };
    await Promise.all(["a", "b", "c", "d"].map(writer));
    expect(new Set(revisions).size).toBe(200);
    expect(Math.max(...revisions)).toBe(store.revision);
  });

  test("append-never-repeats: numbers go on after their entries are deleted and compacted away", async () => {
    const append: AppendOperation = {
      type: "append",
      prefix: bytes("log/"),
      sequence: bytes("count"),
      value: bytes("x"),
    };
    const next = async (): Promise<number> =>
      ((await write(store, append)).responses[0] as AppendResult).number;
    const first = await Promise.all(Array.from({ length: 50 }, next));
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
    await write(store, { type: "delete", key: bytes("log/"), end: bytes("log0") });
    await store.compact(store.revision);
    expect(await next()).toBe(51);
    await expect(write(store, append, { ...put("absent", ""), ignoreValue: true })).rejects.toThrow();
    expect(await next()).toBe(52);
  });

  test("abort-tells-outcome: not-applied is never said of a write that is there afterwards", async () => {
    const random = seededRandom(11);
    const attempts = Array.from({ length: 300 }, async (_, at) => {
      const caller = new AbortController();
      const moment = below(random, 4);
      if (moment === 0) caller.abort();
      const writing = store.txn(
        { conditions: [], success: [put(`k${at}`)], failure: [] },
        { signal: caller.signal },
      );
      if (moment === 1) caller.abort();
      if (moment === 2) void Promise.resolve().then(() => caller.abort());
      try {
        await writing;
        return { at, said: "applied" };
      } catch (error) {
        if (!isHoldfastError(error, "ABORTED")) throw error;
        return { at, said: error.outcome };
      }
    });
    const outcomes = await Promise.all(attempts);
    await write(store, put("after all of them"));
    const said = new Set(outcomes.map((outcome) => outcome.said));
    expect(said).toContain("applied");
    expect(said).toContain("not-applied");
    for (const outcome of outcomes) {
      const value = await read(store, `k${outcome.at}`);
      if (outcome.said === "applied") expect(value).toBeDefined();
      if (outcome.said === "not-applied") expect(value).toBeUndefined();
    }
  });

  test("one-abort-harms-no-other: of writes made at once, those not aborted are all applied", async () => {
    const writes = Array.from({ length: 100 }, (_, at) => {
      const caller = new AbortController();
      const request = { conditions: [], success: [put(`k${at}`)], failure: [] };
      const writing = store.txn(request, { signal: caller.signal });
      if (at % 3 === 0) caller.abort();
      return writing.then(
        () => "applied",
        (error: { code: string }) => error.code,
      );
    });
    const results = await Promise.all(writes);
    for (const [at, result] of results.entries()) {
      if (at % 3 !== 0) expect(result).toBe("applied");
      if (result === "applied") expect(await read(store, `k${at}`)).toBe(`k${at}`);
    }
  });

  test("linearizable: of many who compare and set one key at once, exactly one succeeds at each turn", async () => {
    await write(store, put("turn", "0"));
    for (let turn = 1; turn <= 20; turn++) {
      const { kvs } = await store.range({ key: bytes("turn") });
      const condition = { key: bytes("turn"), target: "revision", is: "=", to: kvs[0]!.revision } as const;
      const tries = Array.from({ length: 50 }, () => writeIf(store, [condition], put("turn", String(turn))));
      const won = (await Promise.all(tries)).filter((result) => result.succeeded);
      expect(won).toHaveLength(1);
      expect(await read(store, "turn")).toBe(String(turn));
    }
  });
});
