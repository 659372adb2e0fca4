import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NO_END } from "../contract/key-range.ts";
import { open } from "../open.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import type { Database } from "./database.ts";

let clock: FakeClock;
let root: Database;
let team: Database;

beforeEach(async () => {
  clock = createFakeClock();
  root = await open("mem:", { clock });
  team = root.scope("team-a");
});
afterEach(() => root.close());

const keysOf = (list: readonly { key: string }[]): string[] => list.map((kv) => kv.key);

describe("a scope", () => {
  it("keeps its keys apart from those of the root and of other scopes", async () => {
    const other = root.scope("team-ab");
    for (const db of [root, team, other]) await db.put("k", "v");
    expect(keysOf(await team.list(""))).toEqual(["k"]);
    expect(keysOf(await root.list(""))).toEqual(["@team-a/k", "@team-ab/k", "k"]);
    await team.deletePrefix("");
    expect([await root.exists("k"), await other.exists("k"), await team.exists("k")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("is the same for the same name, and another for every other path of names", async () => {
    await root.scope("a").scope("b").put("k", "nested");
    expect((await root.scope("a").scope("b").get("k"))?.text()).toBe("nested");
    for (const name of ["a/@b", "a", "b", "a%2F@b"]) expect(await root.scope(name).exists("k")).toBe(false);
    await root.scope("a/@b").put("k", "slash");
    expect((await root.scope("a").scope("b").get("k"))?.text()).toBe("nested");
  });

  it("has the whole face", async () => {
    const watch = await team.watch({ prefix: "" });
    await using view = await team.view("");
    const { revision } = await team.create("a", "1");
    expect((await team.update("a", "2", revision)).succeeded).toBe(true);
    await expect(team.create("a", "3")).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
      details: { key: "a" },
    });
    await team.transact(async (tx) => tx.put("b", String((await tx.list("")).length)));
    const result = await team.txn({
      conditions: [{ prefix: "", target: "version", is: ">", to: 0 }],
      success: [
        { type: "delete", prefix: "a" },
        { type: "append", prefix: "q/", value: "x" },
        { type: "txn", success: [{ type: "put", key: "c", value: "", previous: true }] },
        { type: "range", start: "", end: NO_END },
      ],
    });
    if (!result.succeeded) throw new Error("the condition did not hold");
    expect(result.deletedKeys).toEqual(new Set(["a"]));
    expect(result.responses[1].key).toBe("q/0000000000000001");
    expect(keysOf(result.responses[3].kvs)).toEqual(["b", "c", "q/#", "q/0000000000000001"]);
    expect(keysOf(await team.range("b", "d"))).toEqual(["b", "c"]);
    const scanned: string[] = [];
    for await (const kv of team.scan("", { pageSize: 1 })) scanned.push(kv.key);
    expect(scanned).toEqual(["b", "c", "q/#", "q/0000000000000001"]);
    const events: string[] = [];
    for await (const event of watch) if (events.push(`${event.type} ${event.kv.key}`) === 4) break;
    expect(events).toEqual(["put a", "put a", "put b", "delete a"]);
    await clock.advance(0);
    expect([...view.entries.keys()]).toEqual(scanned);
  });

  it("reads to its own end and not beyond", async () => {
    await root.put("@team-a0", "just behind");
    await root.put("@team-a.", "just before");
    await team.put(Uint8Array.of(0xff, 0xff), "last");
    await team.put(Uint8Array.of(0), "first");
    expect(await team.count("")).toBe(2);
    expect(await team.range("", NO_END)).toHaveLength(2);
    expect(await team.count(Uint8Array.of(0xff))).toBe(1);
    const { deleted } = await team.deletePrefix(Uint8Array.of(0xff));
    expect(deleted).toBe(1);
    expect(await root.count("")).toBe(3);
  });

  it("shares revisions and leases, and shows of a lease its own keys", async () => {
    const lease = await team.lease({ ttlMs: 9_000 });
    await team.put("mine", "", { leaseId: lease.id });
    await root.put("other", "", { leaseId: lease.id });
    expect(team.currentRevision).toBe(root.currentRevision);
    expect((await team.leaseStatus(lease.id))?.keys).toEqual(["mine"]);
    expect((await root.leaseStatus(lease.id))?.keys).toEqual(["@team-a/mine", "other"]);
    await lease.close();
    expect(await root.count("")).toBe(0);
  });

  it("has less room for keys, counts its own, and gives no snapshot", async () => {
    expect(team.limits.keyBytesMax).toBe(root.limits.keyBytesMax - "@team-a/".length);
    await team.put("k".repeat(team.limits.keyBytesMax), "");
    await expect(team.put("k".repeat(team.limits.keyBytesMax + 1), "")).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
    await root.put("k", "");
    expect([(await team.status()).keys, (await root.status()).keys]).toEqual([1, 2]);
    expect(team.capabilities.snapshot).toBe(false);
    await expect(team.snapshot()).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(team.isLeader).toBe(true);
  });
});

describe("closing a scope", () => {
  it("ends what it has opened, with CLOSED, and nothing else", async () => {
    const own = await team.watch({ key: "a" });
    const others = await root.watch({ key: "a" });
    const view = await team.view("");
    const lease = await team.lease({ ttlMs: 9_000 });
    const waiting = own[Symbol.asyncIterator]().next();
    const ended = expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    await team.close();
    await team.close();
    await ended;
    await clock.advance(0);
    expect([view.failure?.code, lease.signal.reason.code]).toEqual(["CLOSED", "CLOSED"]);
    for (const call of [
      team.get("a"),
      team.put("a", ""),
      team.watch({ key: "a" }),
      team.leases(),
      team.leaseStatus(1n),
      team.revokeLease(1n),
      team.lease({ ttlMs: 9_000 }),
      team.status(),
      team.snapshot(),
      team.compact(1),
      team.waitForRevision(1),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "CLOSED" });
    }
    await root.put("a", "1");
    for await (const event of others) {
      expect(event.kv.key).toBe("a");
      break;
    }
    expect((await root.status()).watches).toBe(0);
    expect(await root.scope("team-a").count("")).toBe(0);
  });

  it("comes with closing the root, for its leases too", async () => {
    const lease = await team.scope("deeper").lease({ ttlMs: 9_000 });
    await root.close();
    expect(lease.signal.reason).toMatchObject({ code: "CLOSED" });
    await expect(team.get("a")).rejects.toMatchObject({ code: "CLOSED" });
  });
});
