import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { jsonLines, workspace } from "./kit.ts";

const WORDS = ["bench", "--seconds", "1", "--value-bytes", "100"];

test("bench measures beside the store, shows progress, and leaves nothing behind", async () => {
  const at = await workspace();
  await at.ok("put", "a", "1");
  const { code, stdout, stderr } = await at.run([...WORDS, "--json"]);
  expect(code).toBe(0);
  const figures = jsonLines<{ name: string; writers: number; perSecond: number; p99Ms: number }>(stdout);
  expect(figures.map(({ name, writers }) => [name, writers])).toEqual([
    ...[
      ["raw-sync", 1],
      ["put", 1],
      ["put", 16],
      ["put", 192],
      ["get", 1],
    ],
  ]);
  for (const { perSecond, p99Ms } of figures) expect(Math.min(perSecond, p99Ms)).toBeGreaterThan(0);
  expect(stderr).toMatch(/^holdfast: measuring: .* \(\d+ s\)\n/);
  expect(await readdir(at.directory)).toEqual(["holdfast-data"]);
  expect(await at.ok("list", "--keys-only")).toBe("a");
});

test("bench prints a table for people, works in memory, and stops at Ctrl-C", async () => {
  const at = await workspace();
  const inMemory = await at.ok(...WORDS, "--store", "mem:", "--quiet");
  expect(inMemory).toMatch(/^MEASURED +PER SECOND +MEDIAN ms +P99 ms +x DISK\nput, 1 at a time +[\d ]+ /);
  const running = at.start([...WORDS.with(2, "60")]);
  await running.said("measuring");
  running.process.kill("SIGINT");
  expect(await running.exit()).toEqual({ code: 130, signal: null });
  expect(await readdir(at.directory)).toEqual([]);
});
