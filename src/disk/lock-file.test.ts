import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../base/clock.ts";
import { type Random, seededRandom } from "../base/random.ts";
import { type Claim, describeDirectory, renderClaim } from "./lock-claim.ts";
import { acquireDirectoryLock, type DirectoryLock, isLockFileName } from "./lock-file.ts";
import type { ProcessIdentity, ProcessInfo, ProcessState } from "./process-info.ts";
import { systemProcessInfo } from "./process-info.ts";

const SELF: ProcessIdentity = {
  ...{ pid: 100, host: "here", bootId: "boot-1", pidNamespace: "pids-1", startTime: "5000" },
};

let directory: string;
let random: Random;
const held: DirectoryLock[] = [];
const servers: Server[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-lock-"));
  random = seededRandom(1);
});
afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release();
  for (const server of servers.splice(0)) server.close();
  await rm(directory, { recursive: true, force: true });
});

/** A machine on which the processes named live; everybody else is dead. */
function processes(
  living: Record<number, ProcessState> = {},
  self: Partial<ProcessIdentity> = {},
): ProcessInfo {
  return {
    self: async () => ({ ...SELF, ...self }),
    stateOf: async (pid) => living[pid] ?? "dead",
  };
}

async function acquire(processInfo: ProcessInfo = processes()): Promise<DirectoryLock> {
  const lock = await acquireDirectoryLock(directory, { clock: systemClock, random, processInfo });
  held.push(lock);
  return lock;
}

/** Leaves behind what another process would have. */
async function plant(claim: Partial<Claim>, token = "f".repeat(32)): Promise<string> {
  const { inode } = await describeDirectory(directory);
  const path = join(directory, `lock-${token}`);
  const whole: Claim = {
    ...{ format: 1, state: "owner", token, sinceMs: 1_700_000_000_000, inode, socket: false },
    ...{ ...SELF, pid: 7, startTime: "3000", ...claim },
  };
  await writeFile(path, renderClaim(whole));
  return path;
}

describe("a free directory", () => {
  test("is taken, names its owner on disk, and is empty again after release", async () => {
    const lock = await acquire();
    const claim = JSON.parse(await readFile(join(directory, `lock-${lock.token}`), "utf8"));
    expect(claim).toMatchObject({ format: 1, state: "owner", pid: 100, host: "here", token: lock.token });
    expect((await readdir(directory)).every(isLockFileName)).toBe(true);
    await lock.release();
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
  });

  test("is taken again after a release", async () => {
    const first = await acquire();
    await first.release();
    const second = await acquire();
    expect(second.token).not.toBe(first.token);
  });

  test("that does not exist is the file system's ENOENT", async () => {
    const options = { clock: systemClock, random };
    await expect(acquireDirectoryLock(join(directory, "none"), options)).rejects.toMatchObject({
      code: "ENOENT",
    });
  });

  test("is swept of drafts that killed contenders have left", async () => {
    await writeFile(join(directory, `lock-${"a".repeat(32)}.draft`), "half a cl");
    const lock = await acquire();
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
  });
});

describe("a directory held by this process", () => {
  test("is refused, also by another path, until it is released", async () => {
    const lock = await acquire();
    const alias = join(directory, "alias");
    await symlink(directory, alias);
    const again = acquireDirectoryLock(alias, { clock: systemClock, random, processInfo: processes() });
    await expect(again).rejects.toMatchObject({
      code: "LOCKED",
      details: { pid: 100, host: "here", sameProcess: true },
    });
    await lock.release();
    await acquire();
  });

  test("is given to one of two that ask at once", async () => {
    const results = await Promise.allSettled([acquire(), acquire()]);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("is refused by its lock file alone, as another module or thread would see it", async () => {
    await plant({ ...SELF, state: "owner" });
    await expect(acquire(processes({ 100: "alive" }))).rejects.toMatchObject({ code: "LOCKED" });
  });
});

describe("a directory held by another process of this machine", () => {
  test("is refused while it lives, with pid, host, since and advice", async () => {
    const file = await plant({});
    const failure = await acquire(processes({ 7: "alive" })).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "LOCKED",
      details: { pid: 7, host: "here", sinceMs: 1_700_000_000_000, file },
    });
    expect(String(failure)).toMatch(
      /process 7 .* since 2023-11-14.*stop that process, or open with readOnly/,
    );
    expect(await readdir(directory)).toHaveLength(1);
  });

  test("is taken over once it is dead", async () => {
    await plant({});
    const lock = await acquire();
    expect(await readdir(directory)).toContain(`lock-${lock.token}`);
    expect(await readdir(directory)).not.toContain(`lock-${"f".repeat(32)}`);
  });

  test("is taken over as soon as a killed owner has ended, not before", async () => {
    await plant({});
    let looks = 0;
    const info = {
      ...processes(),
      stateOf: async () => (++looks < 20 ? ("dying" as const) : ("dead" as const)),
    };
    await acquire(info);
    expect(looks).toBeGreaterThanOrEqual(20);
  });

  test("is refused where a killed owner does not end", async () => {
    await plant({});
    await expect(acquire(processes({ 7: "dying" }))).rejects.toMatchObject({
      code: "LOCKED",
      details: { pid: 7 },
    });
  });

  test("is refused where a lock file cannot be understood, and the file stays", async () => {
    const file = join(directory, `lock-${"e".repeat(32)}`);
    await writeFile(file, "");
    await expect(acquire()).rejects.toMatchObject({ code: "LOCKED", details: { file } });
    expect(await readFile(file, "utf8")).toBe("");
  });
});

describe("contenders", () => {
  test("wait for a living smaller claim, and take the directory when it is given up", async () => {
    const rival = await plant({ state: "claim" }, "0".repeat(32));
    let looks = 0;
    const stateOf = async (): Promise<ProcessState> => {
      if (++looks === 10) await rm(rival);
      return "alive";
    };
    await acquire({ ...processes(), stateOf });
    expect(looks).toBeGreaterThanOrEqual(10);
  });

  test("give up when the rival becomes the owner", async () => {
    await plant({ state: "claim" }, "0".repeat(32));
    let looks = 0;
    const stateOf = async (): Promise<ProcessState> => {
      if (++looks === 10) await plant({ state: "owner" }, "0".repeat(32));
      return "alive";
    };
    await expect(acquire({ ...processes(), stateOf })).rejects.toMatchObject({
      code: "LOCKED",
      details: { pid: 7 },
    });
    expect(await readdir(directory)).toEqual([`lock-${"0".repeat(32)}`]);
  });
});

describe("an owner that cannot be judged by its pid", () => {
  test("of before the last boot is dead", async () => {
    await plant({ bootId: "boot-0" });
    await acquire(processes({ 7: "alive" }));
  });

  test("whose claim came along with a copy of the directory does not count", async () => {
    const { inode } = await describeDirectory(directory);
    await plant({ inode: "1" });
    const attempt = acquire(processes({ 7: "alive" }));
    await (inode !== undefined ? attempt : expect(attempt).rejects.toMatchObject({ code: "LOCKED" }));
  });

  test("of another kernel that tells no boot id is refused, naming the host and the file", async () => {
    const file = await plant({ host: "there", bootId: undefined });
    const failure = await acquire(processes({}, { bootId: undefined })).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "LOCKED", details: { pid: 7, host: "there", file } });
    expect(String(failure)).toContain(`remove ${file}`);
  });

  test("of another pid namespace without a socket is refused", async () => {
    await plant({ pidNamespace: "pids-2" });
    await expect(acquire()).rejects.toMatchObject({ code: "LOCKED" });
  });

  test("of another pid namespace is alive while its socket listens, and dead once it is refused", async () => {
    const file = await plant({ pidNamespace: "pids-2", socket: true });
    const server = createServer((connection) => connection.destroy());
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(`${file}.sock`, resolve));
    await expect(acquire()).rejects.toMatchObject({ code: "LOCKED", details: { pid: 7 } });
    // A killed process leaves the file of its socket behind; an orderly close would remove it.
    await new Promise((resolve) => server.close(resolve));
    await leaveDeadSocket(`${file}.sock`);
    const lock = await acquire();
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
  });

  test("can be asked by its socket where the platform has one", async () => {
    const lock = await acquire(processes({}, { pidNamespace: "pids-2" }));
    const claim = JSON.parse(await readFile(join(directory, `lock-${lock.token}`), "utf8"));
    expect(claim.socket).toBe(process.platform === "linux");
  });
});

/** The file of a socket on which nobody listens any more. */
async function leaveDeadSocket(path: string): Promise<void> {
  const { execFile } = await import("node:child_process");
  const script = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  await new Promise<void>((resolve) => execFile(process.execPath, ["-e", script, path], () => resolve()));
}

describe("the system's process table", () => {
  test("knows this process, and its start time, as alive", async () => {
    const self = await systemProcessInfo.self();
    expect(self.pid).toBe(process.pid);
    expect(await systemProcessInfo.stateOf(self.pid, self.startTime)).toBe("alive");
  });

  test("takes a pid that was given to another process for dead", async () => {
    const { startTime } = await systemProcessInfo.self();
    if (startTime === undefined) return;
    expect(await systemProcessInfo.stateOf(process.pid, `${startTime}9`)).toBe("dead");
  });

  test("knows a process that has ended as dead", async () => {
    const { spawn } = await import("node:child_process");
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.once("exit", resolve));
    expect(await systemProcessInfo.stateOf(child.pid!, undefined)).toBe("dead");
  });
});
