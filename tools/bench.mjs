// Runs the benchmarks as a user's program would run: against the built package, in plain Node. Builds the package
// and the benchmarks first where a source is newer than what was built.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiler = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin",
  "tsc",
);

/** The time of the newest TypeScript file below a directory, in milliseconds. */
function newestSource(directory) {
  let newest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.name === "node_modules" || entry.name === "dist") continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (/(?<!\.test)\.ts$/.test(entry.name)) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

/** A file that is not there is older than any source. */
function builtAt(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function compile(project) {
  const { status } = spawnSync(process.execPath, [compiler, "-p", project], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const packageEntry = join(root, "dist", "index.js");
if (builtAt(packageEntry) < newestSource(join(root, "src"))) compile("tsconfig.build.json");

const benchEntry = join(root, "bench", "dist", "main.js");
const newest = Math.max(newestSource(join(root, "bench")), builtAt(packageEntry));
if (builtAt(benchEntry) < newest) compile("bench/tsconfig.json");

const { status, signal } = spawnSync(process.execPath, [benchEntry, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = signal === null ? (status ?? 1) : 1;
