/** tools/install-test-deps.sh on pretended machines: a PATH with nothing but what each test puts there. */
import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { REPO_ROOT } from "./source-tree.ts";

const SCRIPT = join(REPO_ROOT, "tools/install-test-deps.sh");

let bin: string;

beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), "holdfast-path-"));
  for (const tool of ["sh", "env", "sed"]) await borrow(tool);
  await pretend("uname", "echo Linux");
  await pretend("id", "echo 0");
  await pretend("apt-get", `echo "$DEBIAN_FRONTEND apt-get $*" >> ${bin}/log`);
  for (const tool of ["node", "sleep", "unshare"]) await pretend(tool, "true");
});

afterEach(() => rm(bin, { recursive: true, force: true }));

async function borrow(tool: string): Promise<void> {
  const { stdout } = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
  await symlink(stdout.trim(), join(bin, tool));
}

async function pretend(tool: string, body: string): Promise<void> {
  await writeFile(join(bin, tool), `#!/bin/sh\n${body}\n`);
  await chmod(join(bin, tool), 0o755);
}

async function run(...parameters: string[]) {
  const options = { env: { PATH: bin }, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(join(bin, "sh"), [SCRIPT, ...parameters], options);
  const log = await readFile(join(bin, "log"), "utf8").catch(() => "");
  return { status, said: stdout + stderr, log };
}

test("where nothing is missing, nothing is run", async () => {
  const { status, said, log } = await run();
  expect([status, log]).toEqual([0, ""]);
  expect(said).toContain("everything is here already");
});

test("what is missing is installed after an update, without questions", async () => {
  await rm(join(bin, "unshare"));
  const { status, log } = await run();
  expect(status).toBe(0);
  expect(log.split("\n")).toEqual([
    "noninteractive apt-get update -q",
    "noninteractive apt-get install -q -y --no-install-recommends util-linux",
    "",
  ]);
});

test("the benchmark's peers are installed only where they are asked for", async () => {
  expect((await run()).log).toBe("");
  expect((await run("--bench")).log).toContain("redis-server\n");
});

test("a user who is not root goes through sudo, or is told what to install", async () => {
  await pretend("id", "echo 1000");
  const without = await run("--bench");
  expect([without.status, without.log]).toEqual([1, ""]);
  expect(without.said).toContain("redis-server");
  await pretend("sudo", `echo sudo >> ${bin}/log; exec "$@"`);
  expect((await run("--bench")).log).toMatch(/^sudo\nnoninteractive apt-get update/);
});

test("a failing apt-get fails the script", async () => {
  await pretend("apt-get", "exit 100");
  expect((await run("--bench")).status).toBe(100);
});

test("a machine without apt-get, or without Node, is told what it lacks", async () => {
  await rm(join(bin, "apt-get"));
  expect(await run("--bench")).toMatchObject({ status: 1, said: expect.stringContaining("redis-server") });
  await rm(join(bin, "node"));
  expect(await run()).toMatchObject({ status: 1, said: expect.stringContaining("Node 20") });
});

test("an unknown argument is refused, and help is given", async () => {
  expect((await run("--everything")).status).toBe(2);
  const help = await run("--help");
  expect(help.status).toBe(0);
  expect(help.said).toContain("--bench");
});
