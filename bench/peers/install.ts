/**
 * Peers are no dependencies of the package: whoever runs the benchmarks gets them on demand, in exact versions, in a
 * directory that git does not see. What cannot be had is left out, with a word about it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BENCH = fileURLToPath(new URL("../..", import.meta.url));
/** Where peers from npm lie once they are installed. */
export const PEER_PACKAGES = join(BENCH, "node_modules");
const LMDB_VERSION = "3.5.6";

export interface Peers {
  /** Names of those that can be measured. */
  readonly available: readonly string[];
  /** A sentence for each that cannot. */
  readonly missing: readonly string[];
  /** Of those that are there, for the head of the report. */
  readonly versions: Readonly<Record<string, string>>;
}

export function preparePeers(say: (text: string) => void): Peers {
  const hasLmdb = installedVersion("lmdb") === LMDB_VERSION || installLmdb(say);
  const lmdb = hasLmdb ? LMDB_VERSION : undefined;
  const redis = redisVersion();
  const missing: string[] = [];
  if (lmdb === undefined) missing.push(`LMDB is left out: npm could not install lmdb ${LMDB_VERSION}.`);
  if (redis === undefined) {
    missing.push("Redis is left out: no redis-server on the PATH (tools/install-test-deps.sh --bench).");
  }
  const versions = { ...(lmdb === undefined ? {} : { lmdb }), ...(redis === undefined ? {} : { redis }) };
  return { available: Object.keys(versions), missing, versions };
}

export const NO_PEERS: Peers = { available: [], missing: [], versions: {} };

function installedVersion(name: string): string | undefined {
  const manifest = join(PEER_PACKAGES, name, "package.json");
  if (!existsSync(manifest)) return undefined;
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

/** It comes with binaries for the usual platforms and runs no scripts. */
function installLmdb(say: (text: string) => void): boolean {
  say(`installing lmdb ${LMDB_VERSION} to measure against`);
  const flags = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
  const parameters = ["install", ...flags, "--prefix", BENCH, `lmdb@${LMDB_VERSION}`];
  const { status } = spawnSync("npm", parameters, { cwd: BENCH, stdio: "ignore", shell: false });
  return status === 0 && installedVersion("lmdb") === LMDB_VERSION;
}

function redisVersion(): string | undefined {
  const { status, stdout } = spawnSync("redis-server", ["--version"], { encoding: "utf8" });
  return status === 0 ? /v=([\d.]+)/.exec(stdout)?.[1] : undefined;
}
