/** The guarantees that need a disk, on one in memory that crashes, fails and fills up as the test wants. */
import { describe, expect, test } from "vitest";
import { deferred } from "../../src/base/deferred.ts";
import { seededRandom } from "../../src/base/random.ts";
import type { Store } from "../../src/contract/store.ts";
import type { FileSystem } from "../../src/disk/fs-port.ts";
import { RESTLESS } from "../engines/restless.ts";
import type { SimulatedDisk } from "../sim/simulated-disk.ts";
import { DIRECTORY, newDisk, openOn } from "./engines.ts";
import { bytes, del, dump, put, read, watchAll, write, writeIf } from "./requests.ts";

/** Writers that go on until the disk crashes; gives what was acknowledged, and what may be there besides. */
async function writeUntilCrash(disk: SimulatedDisk, store: Store, writers: number) {
  const crashed = new Promise<void>((resolve) => disk.onCrash(resolve));
  const acknowledged = new Map<string, number>();
  const asked = new Map<string, number>();
  const revisions: number[] = [];
  const writer = async (name: string): Promise<void> => {
    for (let at = 1; !disk.isCrashed && at < 500; at++) {
      asked.set(name, at);
      const { revision } = await write(store, put(`${name}/a`, String(at)), put(`${name}/b`, String(at)));
      acknowledged.set(name, at);
      revisions.push(revision);
    }
  };
  const all = Promise.allSettled(Array.from({ length: writers }, (_, at) => writer(`w${at}`)));
  await Promise.race([all, crashed]);
  return { acknowledged, asked, revisions };
}

/** A file system whose syncs wait for the test. */
function holdingSyncs(fs: FileSystem) {
  let gate: Promise<void> | undefined;
  const held: FileSystem = Object.create(fs, {
    open: {
      value: async (path: string, mode: "read" | "write" | "create") => {
        const file = await fs.open(path, mode);
        const sync = async (): Promise<void> => {
          await gate;
          await file.sync();
        };
        return { ...file, sync };
      },
    },
  });
  return {
    fs: bound(held, fs),
    hold: (): (() => void) => {
      const { promise, resolve } = deferred<void>();
      gate = promise;
      return () => {
        gate = undefined;
        resolve();
      };
    },
  };
}

/** Methods of classes with private fields need their own object as `this`. */
function bound(face: FileSystem, target: FileSystem): FileSystem {
  return new Proxy(face, {
    get(_, name) {
      if (name === "open") return face.open;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await turn();
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await turns(20);
  return settled;
}

/** The bytes of one file as they are now, for the test to write to. */
function fileOf(disk: SimulatedDisk, ending: string) {
  const found = disk.files().filter(({ path }) => path.endsWith(ending));
  return found.at(-1)!;
}

describe.each([
  { name: "as it comes", tuning: {} },
  { name: "restless", tuning: RESTLESS },
])("the file engine, $name", ({ tuning }) => {
  test("durable-acknowledgement: whatever was answered before a crash at any moment is there after it", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const disk = newDisk(seed);
      const { store } = await openOn(disk, tuning);
      disk.faults = { crashAtCall: disk.calls + 3 + seed * 4 };
      const { acknowledged, asked, revisions } = await writeUntilCrash(disk, store, 5);
      const after = await openOn(disk.reboot({ random: seededRandom(seed) }), tuning);
      for (const [name, last] of asked) {
        const [a, b] = [await read(after.store, `${name}/a`), await read(after.store, `${name}/b`)];
        expect(a, `seed ${seed}`).toBe(b);
        expect(Number(a ?? 0), `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged.get(name) ?? 0);
        expect(Number(a ?? 0), `seed ${seed}`).toBeLessThanOrEqual(last);
      }
      expect(after.store.revision).toBeGreaterThanOrEqual(Math.max(1, ...revisions));
      await after.store.close();
    }
  });

  test("monotonic-revision: no revision that anyone has seen is taken again after a crash", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const disk = newDisk(seed);
      const { store } = await openOn(disk, tuning);
      disk.faults = { crashAtCall: disk.calls + 20 + seed };
      const { revisions } = await writeUntilCrash(disk, store, 3);
      const seen = Math.max(1, store.revision, ...revisions);
      const after = await openOn(disk.reboot(), tuning);
      expect((await write(after.store, put("next"))).revision).toBeGreaterThan(seen);
      await after.store.close();
    }
  });

  test("readers-see-only-durable: until the sync is done no read, watch or condition tells of a write", async () => {
    const { fs, hold } = holdingSyncs(newDisk(1));
    const { store } = await openOn(fs, tuning);
    await write(store, put("a", "old"));
    const watch = await watchAll(store);
    const next = watch.next();
    const release = hold();
    const writing = write(store, put("a", "new"));
    const condition = { key: bytes("a"), target: "value", is: "=", to: bytes("new") } as const;
    const asking = writeIf(store, [condition], { type: "range", key: bytes("a") });
    const waiting = store.waitForRevision(3);
    expect(await isSettled(Promise.race([writing, asking, waiting, next]))).toBe(false);
    expect(await read(store, "a")).toBe("old");
    expect(store.revision).toBe(2);
    release();
    expect((await writing).revision).toBe(3);
    expect((await asking).succeeded).toBe(true);
    expect((await next)?.revision).toBe(3);
    await waiting;
    expect(await read(store, "a")).toBe("new");
    await store.close();
  });

  test("lease-survives-restart: with at least the time it had left, and the same keys", async () => {
    for (const ends of ["close", "crash"] as const) {
      const disk = newDisk(3);
      const { store, clock } = await openOn(disk, tuning);
      const lease = await store.grantLease({ ttlMs: 60_000 });
      await write(store, put("a", "1", lease.id), put("b", "1", lease.id), put("c", "1"));
      await clock.advance(20_000);
      await write(store, put("b", "2"));
      if (ends === "close") await store.close();
      const after = await openOn(ends === "close" ? disk : disk.reboot(), tuning);
      const status = await after.store.leaseStatus(lease.id, { keys: true });
      expect(status).toMatchObject({ ttlMs: 60_000, keys: [bytes("a")] });
      expect(status?.remainingMs).toBeGreaterThanOrEqual(40_000);
      await after.clock.advance(39_000);
      expect(await dump(after.store)).toEqual(["a=1", "b=2", "c=1"]);
      await after.clock.advance(22_000);
      expect(await dump(after.store)).toEqual(["b=2", "c=1"]);
      await after.store.close();
    }
  });

  test("fail-stop-on-failed-sync: after one, nothing is acknowledged and no sync is tried again", async () => {
    const disk = newDisk(4);
    const { store } = await openOn(disk, tuning);
    await write(store, put("a", "safe"));
    disk.faults = { failSyncAtCall: disk.calls + 1 };
    const failing = await Promise.allSettled([
      write(store, put("a", "lost?")),
      write(store, put("b", "lost?")),
    ]);
    for (const result of failing) {
      expect(result).toMatchObject({ status: "rejected", reason: { outcome: "unknown" } });
    }
    const calls = disk.trace.length;
    for (let at = 0; at < 3; at++) {
      const refused = { code: "STORE_FAILED", outcome: "not-applied" };
      await expect(write(store, put("c"))).rejects.toMatchObject(refused);
      await expect(store.grantLease({ ttlMs: 1_000 })).rejects.toMatchObject(refused);
    }
    expect(disk.trace.slice(calls).filter((call) => / sync .*\.log$/.test(call))).toEqual([]);
    expect(await dump(store)).toEqual(["a=safe"]);
    expect((await store.status()).failure).toBeDefined();
    const after = await openOn(disk.reboot(), tuning);
    expect(["safe", "lost?"]).toContain(await read(after.store, "a"));
    expect(await read(after.store, "c")).toBeUndefined();
    await write(after.store, put("c"));
    await after.store.close();
  });

  test("full-disk-changes-nothing: the write is refused whole, and works again once there is room", async () => {
    const disk = newDisk(5);
    const { store } = await openOn(disk, tuning);
    await write(store, put("a", "small"));
    disk.capacityBytes = disk.usedBytes + 5_000;
    const big = put("a", "x".repeat(2_000_000));
    const full = { code: "NO_SPACE", outcome: "not-applied" };
    await expect(write(store, put("b"), big)).rejects.toMatchObject(full);
    expect(await dump(store)).toEqual(["a=small"]);
    expect(store.revision).toBe(2);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect((await write(store, put("b"))).revision).toBe(3);
    await store.close();
    const after = await openOn(disk, tuning);
    expect(await dump(after.store)).toEqual(["a=small", "b=b"]);
    await after.store.close();
  });

  test("torn-tail-cut: at whatever byte the last write was torn, everything before it is there", async () => {
    const disk = newDisk(6);
    const { store } = await openOn(disk, { ...tuning, extentBytes: 0 });
    await write(store, put("a", "kept"));
    const { path, file } = fileOf(disk, ".log");
    const before = file.size;
    await write(store, put("b", "torn"));
    const whole = new Uint8Array(file.size);
    file.read(whole, 0);
    for (let end = before; end <= whole.length; end += 3) {
      const copy = disk.reboot();
      const torn = fileOf(copy, path).file;
      torn.truncate(end);
      const after = await openOn(copy, tuning);
      expect(await read(after.store, "a")).toBe("kept");
      expect(await read(after.store, "b")).toBe(end === whole.length ? "torn" : undefined);
      await write(after.store, put("c", "after"));
      await after.store.close();
    }
  });

  test("damage-refused: a flipped bit before the last write is named by segment and offset", async () => {
    const disk = newDisk(7);
    const { store } = await openOn(disk, {
      ...tuning,
      checkpointAtCloseBytes: 2 ** 30,
      checkpointBytes: 2 ** 30,
    });
    for (let at = 0; at < 20; at++) await write(store, put(`k${at}`, "v".repeat(50)), del("none"));
    const expected = await dump(store);
    const { path, file } = disk.files().find((one) => one.path.endsWith(".log"))!;
    const used = await lengthOfData(disk, path);
    for (let offset = 40; offset < used - 300; offset += 37) {
      const copy = disk.reboot();
      const bad = fileOf(copy, path).file;
      const byte = new Uint8Array(1);
      bad.read(byte, offset);
      byte[0]! ^= 1 << (offset % 8);
      bad.write(byte, offset, Number.POSITIVE_INFINITY);
      const opening = openAndRead(copy);
      await expect(opening, `byte ${offset} of ${file.size}`).rejects.toMatchObject({
        code: "CORRUPT",
        details: { segment: expect.any(Number), offset: expect.any(Number), file: path },
      });
    }
    expect(await openAndRead(disk.reboot())).toEqual(expected);
  });

  async function openAndRead(disk: SimulatedDisk): Promise<string[]> {
    const { store } = await openOn(disk, tuning);
    try {
      return await dump(store);
    } finally {
      await store.close();
    }
  }
});

/** Where the zeros begin that are written ahead of data. */
async function lengthOfData(disk: SimulatedDisk, path: string): Promise<number> {
  const file = await disk.open(path, "read");
  const content = new Uint8Array(await file.size());
  await file.read(content, 0);
  await file.close();
  return content.findLastIndex((byte) => byte !== 0) + 1;
}

test("the disk of these tests keeps the store where they look for it", async () => {
  const disk = newDisk(8);
  const { store } = await openOn(disk);
  expect(disk.files().some(({ path }) => path.startsWith(`${DIRECTORY}/segments/`))).toBe(true);
  await store.close();
});
