import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NO_END } from "../contract/key-range.ts";
import { open } from "../open.ts";
import type { Database } from "./database.ts";
import type { TxnRequest } from "./txn-types.ts";

let db: Database;

beforeEach(async () => {
  db = await open("mem:");
});
afterEach(() => db.close());

describe("txn", () => {
  it("writes several keys at one revision", async () => {
    const result = await db.txn({
      success: [
        { type: "put", key: "a", value: "1" },
        { type: "put", key: "b", value: Uint8Array.of(2) },
      ],
    });
    expect(result).toMatchObject({ succeeded: true, revision: 2, deletedKeys: new Set() });
    expect((await db.list("")).map((kv) => kv.revision)).toEqual([2, 2]);
  });

  it("does nothing and takes no revision where it is empty", async () => {
    expect(await db.txn({})).toEqual({
      succeeded: true,
      revision: 1,
      responses: [],
      deletedKeys: new Set(),
    });
  });

  it("runs the failure branch where a condition does not hold", async () => {
    await db.put("a", "1");
    const result = await db.txn({
      conditions: [{ key: "a", target: "version", is: "=", to: 0 }],
      success: [{ type: "put", key: "a", value: "2" }],
      failure: [
        { type: "get", key: "a" },
        { type: "get", key: "absent" },
      ],
    });
    if (result.succeeded) throw new Error("the condition held");
    expect(result.responses[0].kv?.text()).toBe("1");
    expect(result.responses[1].kv).toBeUndefined();
    expect(result.revision).toBe(2);
  });

  it.each([
    [{ key: "a", target: "revision", is: "=", to: 2 }, true],
    [{ key: "a", target: "createRevision", is: "<", to: 2 }, false],
    [{ key: "a", target: "version", is: ">", to: 0 }, true],
    [{ key: "a", target: "value", is: "=", to: "1" }, true],
    [{ key: "a", target: "value", is: "!=", to: Uint8Array.of(0x31) }, false],
    [{ key: "a", target: "lease", is: "=", to: 0n }, true],
    [{ key: "absent", target: "revision", is: "=", to: 0 }, true],
    [{ key: "absent", target: "value", is: "!=", to: "1" }, false],
    [{ prefix: "", target: "version", is: "=", to: 1 }, true],
    [{ prefix: "b", target: "revision", is: "=", to: 3 }, true],
    [{ start: "a", end: "b", target: "revision", is: "<", to: 3 }, true],
    [{ start: "a", end: NO_END, target: "revision", is: "<", to: 3 }, false],
  ] as const)("evaluates %o to %s", async (condition, holds) => {
    await db.put("a", "1");
    await db.put("b", "1");
    expect((await db.txn({ conditions: [condition] })).succeeded).toBe(holds);
  });

  it("names the keys that it deleted, however they were chosen", async () => {
    for (const key of ["a", "p/1", "p/2", "q1", "q2", "r", "grün"]) await db.put(key, key);
    const result = await db.txn({
      success: [
        { type: "delete", key: "a" },
        { type: "delete", key: "absent" },
        { type: "delete", prefix: "p/" },
        { type: "delete", start: "q1", end: "q2" },
        { type: "delete", key: "grün", previous: true },
        { type: "txn", success: [{ type: "delete", key: "r" }] },
      ],
    });
    expect(result.deletedKeys).toEqual(new Set(["a", "p/1", "p/2", "q1", "r", "grün"]));
    if (!result.succeeded) throw new Error("no conditions");
    expect(result.responses.map((response) => ("deleted" in response ? response.deleted : -1))).toEqual([
      1, 0, 2, 1, 1, -1,
    ]);
    expect(result.responses[0].previous).toBeUndefined();
    expect(result.responses[2].previous?.map((kv) => kv.text())).toEqual(["p/1", "p/2"]);
    expect(result.responses[4].previous?.[0]?.text()).toBe("grün");
  });

  it("reads what it has written so far", async () => {
    await db.put("a", "1");
    const result = await db.txn({
      success: [
        { type: "put", key: "b", value: "2", previous: true },
        { type: "range", prefix: "", reverse: true, limit: 1 },
        { type: "range", start: "a", end: NO_END, keysOnly: true },
        { type: "get", key: "b", revision: 2 },
      ],
    });
    if (!result.succeeded) throw new Error("no conditions");
    const [put, last, all, old] = result.responses;
    expect(put.previous).toBeUndefined();
    expect([last.kvs[0]?.key, last.count, last.more]).toEqual(["b", 2, true]);
    expect(all.kvs.map((kv) => [kv.key, kv.value.length])).toEqual([
      ["a", 0],
      ["b", 0],
    ]);
    expect(old.kv).toBeUndefined();
  });

  it("adds, counts to the maximum and sets bytes in place", async () => {
    await db.txn({ success: [{ type: "merge", key: "n", fn: "add", operand: 40 }] });
    const result = await db.txn({
      success: [
        { type: "merge", key: "n", fn: "add", operand: -50 },
        { type: "merge", key: "m", fn: "max", width: 2, operand: [7, 65_535], offset: 2 },
        { type: "merge", key: "bits", fn: "or", operand: Uint8Array.of(0b101) },
        { type: "merge", key: "v", fn: "set", operand: Uint8Array.of(1, 2), offset: 1 },
      ],
    });
    if (!result.succeeded) throw new Error("no conditions");
    const [add, max, or] = result.responses;
    expect(add.numbers).toEqual([-10]);
    expect([...add.before]).toEqual([40, 0, 0, 0, 0, 0, 0, 0]);
    expect(max.numbers).toEqual([7, 65_535]);
    expect([or.numbers, ...or.after]).toEqual([undefined, 0b101]);
    expect([...((await db.get("v"))?.value ?? [])]).toEqual([0, 1, 2]);
    expect((await db.get("m"))?.value).toHaveLength(6);
  });

  it("gives NaN for an element beyond the safe integers", async () => {
    const operand = new Uint8Array(8).fill(0xff);
    const result = await db.txn({ success: [{ type: "merge", key: "m", fn: "max", operand }] });
    expect(result.succeeded && result.responses[0].numbers).toEqual([Number.NaN]);
  });

  it("appends under the next number of a sequence", async () => {
    const append = { type: "append", prefix: "s/", value: "x" } as const;
    const first = await db.txn({ success: [append] });
    const second = await db.txn({ success: [append, { ...append, prefix: "t/", sequence: "s/#" }] });
    expect(first.succeeded && first.responses[0]).toMatchObject({ number: 1, key: "s/0000000000000001" });
    if (!second.succeeded) throw new Error("no conditions");
    expect(second.responses.map((response) => response.number)).toEqual([2, 3]);
    expect(await db.exists("s/#")).toBe(true);
  });

  it("nests, with conditions on the state before", async () => {
    const result = await db.txn({
      success: [
        { type: "put", key: "a", value: "1" },
        {
          type: "txn",
          conditions: [{ key: "a", target: "version", is: "=", to: 0 }],
          success: [{ type: "put", key: "b", value: "was absent" }],
        },
      ],
    });
    expect(result.succeeded && result.responses[1]).toMatchObject({
      succeeded: true,
      responses: [{ type: "put", revision: 2 }],
    });
  });

  it("takes a request that was put together elsewhere", async () => {
    const request: TxnRequest = { success: [{ type: "get", key: "a" }] };
    const { responses } = await db.txn(request);
    expect(responses.map((response) => response.type)).toEqual(["get"]);
  });

  it("changes nothing where it fails", async () => {
    await expect(
      db.txn({
        success: [
          { type: "put", key: "a", value: "1" },
          { type: "put", key: "b", value: "1", leaseId: 9n },
        ],
      }),
    ).rejects.toMatchObject({ code: "LEASE_NOT_FOUND", outcome: "not-applied" });
    expect(await db.count("")).toBe(0);
  });
});
