/** Who has a data directory open for writing, judged from its lock without touching it. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describeDirectory, judgeClaim, readClaim } from "../disk/lock-claim.ts";
import { systemProcessInfo } from "../disk/process-info.ts";

export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Wall time in milliseconds. */
  readonly sinceMs: number;
}

const CLAIM_NAME = /^lock-[0-9a-f]{32}$/;

/** Undefined where no live process owns the directory, or none is visible from here. */
export async function liveOwner(directory: string): Promise<Owner | undefined> {
  const names = await readdir(directory).catch(() => []);
  const claims = names.filter((name) => CLAIM_NAME.test(name)).map((name) => join(directory, name));
  if (claims.length === 0) return undefined;
  const self = await systemProcessInfo.self();
  const context = { self, directory: await describeDirectory(directory), processInfo: systemProcessInfo };
  for (const path of claims) {
    const claim = await readClaim(path);
    if (claim === "gone" || claim === undefined || claim.state !== "owner") continue;
    const verdict = await judgeClaim(path, claim, context);
    if (verdict === "alive" || verdict === "foreign") {
      return { pid: claim.pid, host: claim.host, sinceMs: claim.sinceMs };
    }
  }
  return undefined;
}
