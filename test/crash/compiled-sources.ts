/**
 * Child processes run plain Node, which does not load TypeScript. Each test run compiles the sources anew, so
 * that no child ever runs a stale build.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Inside the package, so that its dependencies are found from there. */
const CACHE = join(ROOT, "node_modules", ".cache");

export interface CompiledSources {
  /** The module that a path below `src` (with `.ts`) was compiled to. */
  url(path: string): string;
  remove(): Promise<void>;
}

export async function compileSources(): Promise<CompiledSources> {
  await mkdir(CACHE, { recursive: true });
  const output = await mkdtemp(join(CACHE, "holdfast-compiled-"));
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
    "bin",
    "tsc",
  );
  const parameters = [
    compiler,
    "-p",
    join(ROOT, "tsconfig.build.json"),
    "--outDir",
    output,
    "--declaration",
    "false",
  ];
  await new Promise<void>((resolve) => {
    // Type errors are another check's business; what was emitted decides.
    execFile(process.execPath, parameters, { cwd: ROOT }, () => resolve());
  });
  return {
    url: (path) => pathToFileURL(join(output, path.replace(/\.ts$/, ".js"))).href,
    remove: () => rm(output, { recursive: true, force: true }),
  };
}
