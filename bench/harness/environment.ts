/** Where and when figures were measured: without it a number says nothing. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";

const MANIFEST = fileURLToPath(new URL("../../../package.json", import.meta.url));

export interface Environment {
  readonly holdfast: string;
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Of the scratch directory, which the files that are synced live on. */
  readonly fileSystem: string;
  /** Of the last minute before the run: above 0.5, others were at work. */
  readonly loadBefore: number;
  readonly date: string;
  readonly peers: Readonly<Record<string, string>>;
}

export function readEnvironment(directory: string, peers: Readonly<Record<string, string>>): Environment {
  const { version } = JSON.parse(readFileSync(MANIFEST, "utf8")) as { version: string };
  const processors = cpus();
  return {
    holdfast: version,
    node: process.version,
    cpu: processors[0]?.model.trim() ?? arch(),
    cpus: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    fileSystem: fileSystemOf(directory),
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    peers,
  };
}

/** `"unknown"` where there is no GNU `stat` to ask. */
export function fileSystemOf(directory: string): string {
  try {
    const printed = execFileSync("stat", ["--file-system", "--format=%T", directory], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return printed.trim().replace("ext2/ext3", "ext4");
  } catch {
    return "unknown";
  }
}

export function environmentLines(environment: Environment): string[] {
  const { holdfast, node, cpu, cpus: count, memoryGiB, system, fileSystem, loadBefore, date } = environment;
  const peers = Object.entries(environment.peers).map(([name, version]) => `${name} ${version}`);
  return [
    `holdfast ${holdfast} on Node ${node}, ${date} UTC`,
    `${count} × ${cpu}, ${memoryGiB} GiB, ${system}, ${fileSystem}; load before ${loadBefore}`,
    peers.length === 0 ? "no peers" : `peers: ${peers.join(", ")}`,
  ];
}
