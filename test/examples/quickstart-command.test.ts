/** The README's first command, as far as it comes after `npm ci`: the built package, the examples, the command line. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-quickstart-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function quickstart() {
  const words = ["run", "--silent", "quickstart", "--", `file:${directory}`];
  return spawnSync("npm", words, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

test("the quick start runs, twice on one directory, and the command line reads the same data back", () => {
  const first = quickstart();
  expect(first.status, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/names (\d+) packages: \1 written[\s\S]*All \1 packages read back/);
  const second = quickstart();
  expect(second.status, second.stderr).toBe(0);
  expect(second.stdout).toMatch(/packages: 0 written, 0 deleted[\s\S]*this was run 2/);
});
