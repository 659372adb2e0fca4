import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FIGURES } from "../../bench/figures/index.ts";
import type { Results } from "../../bench/report/results.ts";

const TOOL = fileURLToPath(new URL("../../tools/bench.mjs", import.meta.url));
const run = promisify(execFile);

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-bench-test-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("a quick run measures every figure, prints a table and saves results that can be shown again", {
  timeout: 180_000,
}, async () => {
  const json = join(directory, "results.json");
  const chart = join(directory, "chart.svg");
  const flags = ["embedded", "--quick", "--no-peers", "--json", json];
  const { stdout } = await run(process.execPath, [TOOL, ...flags]);
  const results = JSON.parse(await readFile(json, "utf8")) as Results;
  expect(results.command).toBe("npm run bench -- embedded --quick --no-peers");
  for (const row of results.rows) {
    expect(stdout).toContain(row.title);
    const numbers = [...row.value.samples, ...(row.beside?.samples ?? []), ...(row.ratio ?? [])];
    expect(numbers.filter((number) => !Number.isFinite(number))).toEqual([]);
    expect(row.value.samples.length).toBeGreaterThan(0);
  }
  const ids = results.rows.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const figures = FIGURES.map(({ name }) => name);
  expect([...new Set(results.rows.map(({ figure }) => figure))]).toEqual(figures);

  const again = await run(process.execPath, [TOOL, "--from", json, "--chart", chart]);
  expect(again.stdout).toBe(stdout);
  expect(await readFile(chart, "utf8")).toContain("</svg>");
});

test("an unknown figure or option is refused before anything is measured", async () => {
  for (const words of [["--only", "nothing"], ["--fast"], ["elsewhere"], ["--rounds", "0"]]) {
    await expect(run(process.execPath, [TOOL, ...words])).rejects.toMatchObject({ code: 2, stdout: "" });
  }
});
