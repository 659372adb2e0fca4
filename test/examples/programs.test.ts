/** Every example as a program: it runs to its end and prints what it is there to show. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "holdfast";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as quickstart from "../../examples/quickstart.ts";
import * as atomicMove from "../../examples/recipes/atomic-move.ts";
import * as casCounter from "../../examples/recipes/cas-counter.ts";
import * as checkThenAct from "../../examples/recipes/check-then-act.ts";
import * as createIfAbsent from "../../examples/recipes/create-if-absent.ts";
import * as hotConfig from "../../examples/recipes/hot-config.ts";
import * as leaderElection from "../../examples/recipes/leader-election.ts";
import * as lock from "../../examples/recipes/lock.ts";
import * as lockWithRetry from "../../examples/recipes/lock-with-retry.ts";
import * as lockWithWatch from "../../examples/recipes/lock-with-watch.ts";
import * as multiKeyWrite from "../../examples/recipes/multi-key-write.ts";
import * as periodicCompaction from "../../examples/recipes/periodic-compaction.ts";
import * as readAfterWrite from "../../examples/recipes/read-after-write.ts";
import * as serviceRegistry from "../../examples/recipes/service-registry.ts";

const PROGRAMS: [name: string, program: { main(url?: string): Promise<void> }, shows: RegExp][] = [
  ["multi-key write", multiKeyWrite, /last-updated = .* at revision 2/],
  ["check then act", checkThenAct, /10 of 20 debits .*\nthe balance is 0/],
  ["create if absent", createIfAbsent, /worker-1 runs job 42\nworker-2 finds job 42 taken/],
  ["atomic move", atomicMove, /1 of 5 workers got task-7\nit is now at \/queue\/processing\/task-7/],
  ["lock", lock, /one holds the lock, fence \d+\ntwo has to wait\ntwo holds the lock/],
  ["lock with retry", lockWithRetry, /(?:\w+ holds the lock, fence \d+\n?){3}/],
  ["lock with watch", lockWithWatch, /(?:\w+ holds the lock, fence \d+\n?){3}/],
  ["service registry", serviceRegistry, /in the end: 10\.0\.0\.8:8080/],
  ["hot configuration", hotConfig, /makes no sense; keeping the old one\nconfig: timeout=45s/],
  ["counter", casCounter, /by compare-and-swap: 50\nby merge: 50/],
  ["leader election", leaderElection, /leads, term \d+/],
  ["read after write", readAfterWrite, /read back: fresh\nnewest: fresh/],
  ["periodic compaction", periodicCompaction, /history starts at 401\n.* held 399/],
];

let printed: string[];
let directory: string;

beforeEach(async () => {
  printed = [];
  vi.spyOn(console, "log").mockImplementation((...words) => void printed.push(words.join(" ")));
  directory = await mkdtemp(join(tmpdir(), "holdfast-examples-"));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true, force: true });
});

describe("an example as a program", () => {
  for (const [name, program, shows] of PROGRAMS) {
    test(`${name} runs and shows what it promises`, async () => {
      await program.main();
      expect(printed.join("\n")).toMatch(shows);
    });
  }

  test("a recipe runs on a directory as well", async () => {
    await lockWithWatch.main(`file:${directory}`);
    expect(printed).toHaveLength(3);
  });
});

describe("the quick start", () => {
  test("keeps the packages of a lock file, and finds nothing to change the second time", async () => {
    const url = `file:${directory}`;
    await quickstart.main(url, "package-lock.json");
    expect(printed.join("\n")).toMatch(/names (\d+) packages: \1 written, 0 deleted, revision 2/);
    expect(printed.at(-1)).toBe("this was run 1");
    await quickstart.main(url, "package-lock.json");
    expect(printed.join("\n")).toMatch(/packages: 0 written, 0 deleted, revision \d+/);
    expect(printed.at(-1)).toBe("this was run 2");

    const db = await open(url);
    const packages = await quickstart.readLockFile("package-lock.json");
    const stored = (await db.list("/packages/")).map((kv) => [kv.key.slice("/packages/".length), kv.json()]);
    expect(new Map(stored as [string, quickstart.Package][])).toEqual(packages);
    await db.close();
  });

  test("takes out what the lock file no longer names, at one revision", async () => {
    const db = await open("mem:");
    const facts = { version: "1.0.0", license: "MIT" };
    await quickstart.bringInLine(
      db,
      new Map([
        ["a", facts],
        ["b", facts],
      ]),
    );
    const next = new Map([
      ["b", { ...facts, version: "2.0.0" }],
      ["c", facts],
    ]);
    const { written, deleted, revision } = await quickstart.bringInLine(db, next);
    expect([written, deleted]).toEqual([2, 1]);
    expect((await db.list("/packages/")).map((kv) => [kv.key, kv.revision])).toEqual([
      ["/packages/b", revision],
      ["/packages/c", revision],
    ]);
    await db.close();
  });
});

describe("the first steps of the README", () => {
  test("print what the comments beside them say", async () => {
    const home = process.cwd();
    process.chdir(directory);
    try {
      await import("../../examples/first-steps.ts");
    } finally {
      process.chdir(home);
    }
    expect(printed).toEqual(["30s", "true", "30s", "put /config/timeout 30s", "put /config/timeout 45s"]);
  });
});
