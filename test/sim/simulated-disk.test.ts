/** The simulated disk keeps the promises of the port, and breaks everything that the port does not promise. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/base/random.ts";
import type { OpenFile } from "../../src/disk/fs-port.ts";
import type { FaultPlan } from "./faults.ts";
import { CrashedError, SimulatedDisk } from "./simulated-disk.ts";

const SEEDS = 200;

function createDisk(seed: number, faults: FaultPlan = {}, capacityBytes?: number): SimulatedDisk {
  const options = { random: seededRandom(seed), pause: () => Promise.resolve(), faults };
  return new SimulatedDisk(capacityBytes === undefined ? options : { ...options, capacityBytes });
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

async function readAll(disk: SimulatedDisk, path: string): Promise<Uint8Array | undefined> {
  const stat = await disk.stat(path);
  if (stat === undefined) return undefined;
  const file = await disk.open(path, "read");
  const target = new Uint8Array(stat.size);
  await file.read(target, 0);
  return target;
}

async function readText(disk: SimulatedDisk, path: string): Promise<string | undefined> {
  const content = await readAll(disk, path);
  return content === undefined ? undefined : new TextDecoder().decode(content);
}

async function createFile(disk: SimulatedDisk, path: string, content: Uint8Array): Promise<OpenFile> {
  const file = await disk.open(path, "create");
  await file.write(content, 0);
  return file;
}

/** A file whose name and content are both durable. */
async function createDurable(disk: SimulatedDisk, path: string, content: Uint8Array): Promise<OpenFile> {
  const file = await createFile(disk, path, content);
  await file.sync();
  await disk.syncDirectory("/");
  return file;
}

/** What many crashes make of the same actions. */
async function outcomes<T>(
  act: (disk: SimulatedDisk) => Promise<void>,
  look: (disk: SimulatedDisk) => Promise<T>,
): Promise<Set<T>> {
  const seen = new Set<T>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const disk = createDisk(seed);
    await act(disk);
    seen.add(await look(disk.reboot()));
  }
  return seen;
}

describe("a running system", () => {
  test("sees its own writes, sizes and names at once", async () => {
    const disk = createDisk(1);
    const file = await createFile(disk, "/a", bytes("hello"));
    file.writeNow(bytes("J"), 0);
    expect(await readText(disk, "/a")).toBe("Jello");
    await file.truncate(2);
    expect(await file.size()).toBe(2);
    await file.truncate(3);
    expect(await readText(disk, "/a")).toBe("Je\0");
    await disk.link("/a", "/b");
    await disk.rename("/a", "/c");
    expect(await disk.list("/")).toEqual(["b", "c"]);
    await disk.remove("/b");
    expect(await readText(disk, "/c")).toBe("Je\0");
  });

  test("gets the port's errors", async () => {
    const disk = createDisk(1);
    await disk.makeDirectory("/d/e");
    await disk.makeDirectory("/d/e");
    const file = await createFile(disk, "/d/a", bytes("x"));
    await expect(disk.open("/none", "read")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(disk.open("/d/a", "create")).rejects.toMatchObject({ code: "EEXIST" });
    await expect(disk.open("/d", "read")).rejects.toMatchObject({ code: "EISDIR" });
    await expect(disk.link("/d/a", "/d/a")).rejects.toMatchObject({ code: "EEXIST" });
    await expect(disk.list("/d/a")).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(disk.makeDirectory("/d/a/x")).rejects.toMatchObject({ code: "ENOTDIR" });
    const reader = await disk.open("/d/a", "read");
    await expect(reader.write(bytes("y"), 0)).rejects.toMatchObject({ code: "EBADF" });
    await file.close();
    await file.close();
    await expect(file.sync()).rejects.toMatchObject({ code: "EBADF" });
    expect(await disk.stat("/none")).toBeUndefined();
  });

  test("keeps what was written when the caller uses its buffer again", async () => {
    const disk = createDisk(1);
    const buffer = Buffer.from("abc");
    const file = await createFile(disk, "/a", buffer);
    buffer.fill("x");
    await file.sync();
    expect(await readText(disk, "/a")).toBe("abc");
  });

  test("keeps an open file that has lost its name", async () => {
    const disk = createDisk(1, {}, 1024);
    const file = await createFile(disk, "/a", filled(1024, 1));
    await disk.remove("/a");
    expect(await file.size()).toBe(1024);
    expect(disk.usedBytes).toBe(1024);
    await file.close();
    expect(disk.usedBytes).toBe(0);
  });
});

describe("a crash", () => {
  test("never loses what was synced, under a name that was synced", async () => {
    const seen = await outcomes(
      async (disk) => void (await createDurable(disk, "/a", filled(2000, 1))),
      async (disk) => (await readAll(disk, "/a"))?.join(),
    );
    expect(seen).toEqual(new Set([filled(2000, 1).join()]));
  });

  test("can lose or keep what was not synced", async () => {
    const seen = await outcomes(
      async (disk) => {
        const file = await createDurable(disk, "/a", bytes("old"));
        await file.write(bytes("new"), 0);
      },
      (disk) => readText(disk, "/a"),
    );
    expect(seen).toEqual(new Set(["old", "new"]));
  });

  test("tears a write of several sectors in every way, but no sector", async () => {
    const seen = await outcomes(
      async (disk) => {
        const file = await createDurable(disk, "/a", filled(1536, 1));
        await file.write(filled(1536, 2), 0);
      },
      async (disk) => {
        const content = (await readAll(disk, "/a"))!;
        const sectors = [0, 1, 2].map(
          (sector) => new Set(content.subarray(sector * 512, sector * 512 + 512)),
        );
        return sectors.map((values) => [...values].join("+")).join(" ");
      },
    );
    const all = ["1", "2"].flatMap((a) => ["1", "2"].flatMap((b) => ["1", "2"].map((c) => `${a} ${b} ${c}`)));
    expect(seen).toEqual(new Set(all));
  });

  test("can keep a later write and lose an earlier one", async () => {
    const seen = await outcomes(
      async (disk) => {
        const file = await createDurable(disk, "/a", filled(1024, 0x2e));
        await file.write(bytes("1"), 0);
        await file.write(bytes("2"), 600);
      },
      async (disk) => {
        const content = (await readText(disk, "/a"))!;
        return content[0]! + content[600]!;
      },
    );
    expect(seen).toEqual(new Set(["..", "1.", ".2", "12"]));
  });

  test("can leave a grown file at any size that it has had, with zeros for what was lost", async () => {
    const seen = await outcomes(
      async (disk) => {
        const file = await createDurable(disk, "/a", bytes("a"));
        await file.write(bytes("b"), 1);
        await file.write(bytes("c"), 2);
      },
      (disk) => readText(disk, "/a"),
    );
    expect(seen).toEqual(new Set(["a", "ab", "abc", "a\0", "a\0c", "ab\0", "a\0\0"]));
  });

  test("can undo a truncation that was not synced", async () => {
    const seen = await outcomes(
      async (disk) => {
        const file = await createDurable(disk, "/a", bytes("abc"));
        await file.truncate(1);
      },
      (disk) => readText(disk, "/a"),
    );
    expect(seen).toEqual(new Set(["abc", "a", "a\0\0"]));
  });

  test("takes a synced file whose name was not", async () => {
    const seen = await outcomes(
      async (disk) => void (await (await createFile(disk, "/a", bytes("x"))).sync()),
      (disk) => readText(disk, "/a"),
    );
    expect(seen).toEqual(new Set(["x", undefined]));
  });

  test("lets a rename happen or not, never half", async () => {
    const seen = await outcomes(
      async (disk) => {
        await createDurable(disk, "/old", bytes("old"));
        await createDurable(disk, "/new", bytes("new"));
        await disk.rename("/new", "/old");
      },
      async (disk) => `${await readText(disk, "/old")} ${await readText(disk, "/new")}`,
    );
    expect(seen).toEqual(new Set(["old new", "new undefined"]));
  });

  test("lets a rename between directories happen or not, and either directory's sync settles it", async () => {
    for (const synced of [undefined, "/x", "/y"]) {
      const seen = await outcomes(
        async (disk) => {
          await disk.makeDirectory("/x");
          await disk.makeDirectory("/y");
          const file = await createFile(disk, "/x/a", bytes("a"));
          await file.sync();
          await disk.syncDirectory("/");
          await disk.syncDirectory("/x");
          await disk.rename("/x/a", "/y/a");
          if (synced !== undefined) await disk.syncDirectory(synced);
        },
        async (disk) => `${await readText(disk, "/x/a")} ${await readText(disk, "/y/a")}`,
      );
      expect(seen).toEqual(new Set(synced === undefined ? ["a undefined", "undefined a"] : ["undefined a"]));
    }
  });

  test("can bring a removed file back, until its directory is synced", async () => {
    const remove = async (disk: SimulatedDisk): Promise<void> => {
      await createDurable(disk, "/a", bytes("x"));
      await disk.remove("/a");
    };
    const removeAndSync = async (disk: SimulatedDisk): Promise<void> => {
      await remove(disk);
      await disk.syncDirectory("/");
    };
    expect(await outcomes(remove, (disk) => readText(disk, "/a"))).toEqual(new Set(["x", undefined]));
    expect(await outcomes(removeAndSync, (disk) => readText(disk, "/a"))).toEqual(new Set([undefined]));
  });

  test("decides on each of several names apart", async () => {
    const seen = await outcomes(
      async (disk) => {
        await createDurable(disk, "/a", bytes("x"));
        await disk.link("/a", "/b");
        await disk.remove("/a");
      },
      async (disk) => (await disk.list("/")).join(""),
    );
    expect(seen).toEqual(new Set(["a", "b", "ab", ""]));
  });

  test("keeps hard links links", async () => {
    const disk = createDisk(1);
    await createDurable(disk, "/a", bytes("x"));
    await disk.link("/a", "/b");
    await disk.syncDirectory("/");
    const after = disk.reboot();
    await (await after.open("/a", "write")).write(bytes("y"), 0);
    expect(await readText(after, "/b")).toBe("y");
    expect(after.usedBytes).toBe(512);
  });

  test("does not cover, by a sync, what is written while it is under way", async () => {
    const seen = await outcomes(
      async (disk) => {
        const file = await createDurable(disk, "/a", bytes("--"));
        await file.write(bytes("1"), 0);
        const syncing = file.sync();
        file.writeNow(bytes("2"), 1);
        await syncing;
      },
      (disk) => readText(disk, "/a"),
    );
    expect(seen).toEqual(new Set(["1-", "12"]));
  });

  test("is the same for the same seed", async () => {
    const run = async (): Promise<string> => {
      const disk = createDisk(7);
      for (const name of ["/a", "/b", "/c"]) await createFile(disk, name, filled(3000, name.charCodeAt(1)));
      const after = disk.reboot();
      const contents = await Promise.all((await after.list("/")).map((name) => readText(after, `/${name}`)));
      return contents.join("|");
    };
    expect(await run()).toBe(await run());
  });
});

describe("the end of a process", () => {
  test("comes in the call that the plan names, and nothing later has an effect or an answer", async () => {
    const disk = createDisk(1, { crashAtCall: 3 });
    const file = await disk.open("/a", "create");
    await file.write(bytes("x"), 0);
    let isAnswered = false;
    const late = [file.sync(), disk.list("/"), disk.syncDirectory("/")];
    for (const call of late) void call.finally(() => (isAnswered = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(disk.isCrashed).toBe(true);
    expect(isAnswered).toBe(false);
    expect(() => file.writeNow(bytes("y"), 0)).toThrow(CrashedError);
    const callsBefore = disk.calls;
    void disk.list("/");
    expect(disk.calls).toBe(callsBefore);
    expect(disk.trace.at(-1)).toBe("crash");
  });

  test("can come before, after and in the middle of a write", async () => {
    const seen = new Set<number | undefined>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const disk = createDisk(seed, { crashAtCall: 2 });
      const file = await disk.open("/a", "create");
      expect(() => file.writeNow(filled(3, 1), 0)).toThrow(CrashedError);
      seen.add((await disk.reboot().stat("/a"))?.size);
    }
    expect(seen).toEqual(new Set([undefined, 0, 1, 2, 3]));
  });
});

describe("a failed sync", () => {
  test("loses data although the next sync succeeds, and may show it until the reboot", async () => {
    const after = new Set<string | undefined>();
    const before = new Set<string | undefined>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const disk = createDisk(seed);
      const file = await createDurable(disk, "/a", bytes("old"));
      await file.write(bytes("new"), 0);
      disk.faults = { failSyncAtCall: 0 };
      await expect(file.sync()).rejects.toMatchObject({ code: "EIO" });
      await file.sync();
      before.add(await readText(disk, "/a"));
      after.add(await readText(disk.reboot(), "/a"));
    }
    expect(after).toEqual(new Set(["old", "new"]));
    expect(before).toEqual(new Set(["old", "new"]));
  });

  test("of a directory loses names although the next sync succeeds", async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const disk = createDisk(seed);
      await createDurable(disk, "/a", bytes("x"));
      await disk.rename("/a", "/b");
      disk.faults = { failSyncAtCall: 0 };
      await expect(disk.syncDirectory("/")).rejects.toMatchObject({ code: "EIO" });
      await disk.syncDirectory("/");
      expect(await disk.list("/")).toEqual(["b"]);
      seen.add((await disk.reboot().list("/")).join());
    }
    expect(seen).toEqual(new Set(["a", "b"]));
  });
});

describe("other trouble", () => {
  test("a full disk takes part of a write, and more once something is removed", async () => {
    const disk = createDisk(1, {}, 1024);
    await createFile(disk, "/a", filled(512, 1)).then((file) => file.close());
    const file = await disk.open("/b", "create");
    await expect(file.write(filled(1024, 2), 0)).rejects.toMatchObject({ code: "ENOSPC" });
    expect(await file.size()).toBe(512);
    expect(() => file.writeNow(filled(1, 2), 512)).toThrow(/ENOSPC/);
    await disk.remove("/a");
    await file.write(filled(512, 2), 512);
    expect(await file.size()).toBe(1024);
    await file.write(filled(512, 3), 0);
  });

  test("a failing write leaves a part behind, and the next one works", async () => {
    const sizes = new Set<number>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const disk = createDisk(seed, { failWriteAtCall: 1 });
      const file = await disk.open("/a", "create");
      await expect(file.write(filled(3, 1), 0)).rejects.toMatchObject({ code: "EIO" });
      sizes.add(await file.size());
      await file.write(filled(3, 1), 0);
    }
    expect(sizes).toEqual(new Set([0, 1, 2, 3]));
  });

  test("a failing read says so once", async () => {
    const disk = createDisk(1, { failReadAtCall: 1 });
    const file = await createFile(disk, "/a", bytes("x"));
    await expect(file.read(new Uint8Array(1), 0)).rejects.toMatchObject({ code: "EIO" });
    expect(await file.read(new Uint8Array(1), 0)).toBe(1);
    expect(disk.struck).toEqual(new Set(["failReadAtCall"]));
  });

  test("a flipped bit changes what is on disk", async () => {
    const disk = createDisk(1);
    await createDurable(disk, "/a", bytes("a"));
    const [found] = disk.files();
    found!.file.flipBit(0, 1);
    expect(found!.path).toBe("/a");
    expect(await readText(disk.reboot(), "/a")).toBe("c");
  });
});
