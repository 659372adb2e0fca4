/** The directory lock between real processes, killed without warning. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { isHoldfastError } from "../../src/contract/errors.ts";
import { acquireDirectoryLock, type DirectoryLock } from "../../src/disk/lock-file.ts";
import { systemProcessInfo } from "../../src/disk/process-info.ts";
import { type Child, startChild } from "./child.ts";
import { type CompiledSources, compileSources } from "./compiled-sources.ts";

let sources: CompiledSources;
let directory: string;
const children: Child[] = [];

beforeAll(async () => {
  sources = await compileSources();
});
afterAll(() => sources.remove());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-takeover-"));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  await rm(directory, { recursive: true, force: true });
});

function startHolder(mode = "now", prefix: readonly string[] = []): Child {
  const root = fileURLToPath(sources.url("")).replace(/\/$/, "");
  const child = startChild("lock-holder.mjs", [root, directory, mode], prefix);
  children.push(child);
  return child;
}

function acquireHere() {
  return acquireDirectoryLock(directory, { clock: systemClock, random: systemRandom });
}

test("a live process keeps its directory, and the refusal names its pid", async () => {
  const holder = startHolder();
  expect(await holder.line()).toBe("held");
  await expect(acquireHere()).rejects.toMatchObject({ code: "LOCKED", details: { pid: holder.pid } });
  const second = startHolder();
  expect(await second.line()).toBe(`LOCKED ${holder.pid}`);
});

test("the directory of a process killed with SIGKILL is taken over at the first try", async () => {
  const holder = startHolder();
  expect(await holder.line()).toBe("held");
  await holder.kill();
  const lock = await acquireHere();
  await lock.release();
});

test("takeover needs no wait for the parent of the killed process to notice", async () => {
  const holder = startHolder();
  expect(await holder.line()).toBe("held");
  process.kill(holder.pid, "SIGKILL");
  const lock = await acquireOnceDead();
  await lock.release();
});

/** Tries again while the kernel is still ending the process, within the time that a test has. */
async function acquireOnceDead(): Promise<DirectoryLock> {
  for (;;) {
    try {
      return await acquireHere();
    } catch (error) {
      if (!isHoldfastError(error, "LOCKED")) throw error;
    }
  }
}

test("of eight processes that race for the directory of a killed one, exactly one wins, each time", async () => {
  let owner = startHolder();
  expect(await owner.line()).toBe("held");
  for (let round = 0; round < 8; round++) {
    const racers = Array.from({ length: 8 }, () => startHolder("wait"));
    for (const racer of racers) expect(await racer.line()).toBe("ready");
    await owner.kill();
    for (const racer of racers) racer.process.stdin?.write("go\n");
    const outcomes = await Promise.all(racers.map((racer) => racer.line()));
    const winners = racers.filter((_, at) => outcomes[at] === "held");
    expect(winners, outcomes.join(", ")).toHaveLength(1);
    owner = winners[0]!;
    const losers = outcomes.filter((outcome) => outcome !== "held");
    expect(new Set(losers)).toEqual(new Set([`LOCKED ${owner.pid}`]));
    await Promise.all(racers.filter((racer) => racer !== owner).map((racer) => racer.kill()));
  }
});

test("racers that are killed in the middle of the race never leave the directory without a way in", async () => {
  for (let round = 0; round < 8; round++) {
    const racers = Array.from({ length: 4 }, () => startHolder("wait"));
    for (const racer of racers) expect(await racer.line()).toBe("ready");
    for (const racer of racers) racer.process.stdin?.write("go\n");
    const oneDecided = Promise.race(racers.map((racer) => racer.line())).then(
      () => "decided" as const,
      () => "ended" as const,
    );
    // Somewhere in the middle: as soon as so many drafts, sockets and claims have been seen.
    const seen = new Set<string>();
    while (seen.size < round) {
      for (const name of await readdir(directory)) seen.add(name);
      if ((await Promise.race([oneDecided, Promise.resolve("racing")])) === "decided") break;
    }
    await Promise.all(racers.map((racer) => racer.kill()));
    await oneDecided;
    const lock = await acquireHere();
    await lock.release();
  }
});

test.runIf(process.platform === "linux")(
  "a killed process that nobody has reaped counts as dead",
  async () => {
    // The shell turns into a `sleep` that never reaps the other one.
    const parent = spawn("sh", ["-c", "sleep 1000 & echo $!; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    try {
      expect(await systemProcessInfo.stateOf(pid, undefined)).toBe("alive");
      process.kill(pid, "SIGKILL");
      await expect.poll(() => systemProcessInfo.stateOf(pid, undefined)).toBe("dead");
      expect(() => process.kill(pid, 0)).not.toThrow();
    } finally {
      parent.kill("SIGKILL");
    }
  },
);

const OWN_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
const hasNamespaces = spawnSync(OWN_PID_NAMESPACE[0]!, [...OWN_PID_NAMESPACE.slice(1), "true"]).status === 0;

test.runIf(hasNamespaces)(
  "an owner in another container keeps its directory, and loses it when killed",
  async () => {
    const holder = startHolder("now", OWN_PID_NAMESPACE);
    expect(await holder.line()).toBe("held");
    await expect(acquireHere()).rejects.toMatchObject({ code: "LOCKED", details: { pid: 1 } });
    await holder.kill();
    // Its death follows that of the command around it.
    let lock: DirectoryLock | undefined;
    await expect
      .poll(async () => {
        lock = await acquireHere().catch(() => undefined);
        return lock;
      })
      .toBeDefined();
    await lock?.release();
  },
);
