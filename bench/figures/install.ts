/** What `npm install holdfast` puts on a disk: the package and what it depends on, beside the native peer. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { directorySize } from "../harness/directory-size.ts";
import type { Figure } from "../harness/figure.ts";
import { PEER_PACKAGES } from "../peers/install.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

interface Manifest {
  readonly files: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

export const install: Figure = {
  name: "install",
  asks: "bytes of the installed package with its dependencies, beside those of the lmdb package",
  run: async (bench) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
    const own = manifest.files.map((path) => join(ROOT, path)).filter((path) => existsSync(path));
    const dependencies = Object.keys(manifest.dependencies ?? {});
    const needed = dependencies.map((name) => join(ROOT, "node_modules", name));
    const bytes = lengthOf([...own, ...needed]);
    const peer = bench.hasPeer("lmdb") ? lengthOf([PEER_PACKAGES]) : undefined;
    return [
      {
        id: "install",
        title: "installed size",
        value: { unit: "bytes", samples: [bytes] },
        ...(peer === undefined
          ? {}
          : {
              beside: { title: "lmdb and its dependencies", unit: "bytes" as const, samples: [peer] },
              ratio: [bytes / peer],
            }),
        notes: [
          `of it dependencies ${(lengthOf(needed) / 1024).toFixed(0)} KiB (${dependencies.join(", ")})`,
        ],
      },
    ];
  },
};

function lengthOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + directorySize(path).lengthBytes, 0);
}
