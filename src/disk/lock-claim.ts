/**
 * What a claim to a directory says, and whether the process that made it still lives.
 *
 * The verdict errs on one side only: a claim is `dead` when its process certainly is. What cannot be seen from
 * here (another host, another pid namespace without a socket to ask) is `foreign`.
 */
import { readFile, stat, statfs } from "node:fs/promises";
import { askLivenessSocket } from "./liveness-socket.ts";
import type { ProcessIdentity, ProcessInfo, ProcessState } from "./process-info.ts";

/** Both have five letters, so that one is written over the other in place. */
export type ClaimState = "claim" | "owner";

export interface Claim extends ProcessIdentity {
  readonly format: 1;
  readonly state: ClaimState;
  readonly token: string;
  /** Wall time of the claim. */
  readonly sinceMs: number;
  /** The directory that is claimed, where it can be told; a claim that was copied along with one names another. */
  readonly inode: string | undefined;
  /** Whether the process listens on the claim's socket. */
  readonly socket: boolean;
}

export type Verdict = ProcessState | "foreign";

export interface ClaimedDirectory {
  /** Undefined where the number of a directory may change while it is in use. */
  readonly inode: string | undefined;
  /** On a disk that no other machine has mounted at the same time. */
  readonly isLocal: boolean;
}

const OVERLAY = 0x794c7630;
/** Types of `statfs` known to be local: ext, xfs, btrfs, zfs, f2fs, bcachefs, tmpfs, ramfs, overlay. */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  ...[0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0xf2f52010, 0xca451a4e, 0x01021994, 0x858458f6, OVERLAY],
]);

export async function describeDirectory(directory: string): Promise<ClaimedDirectory> {
  const [{ ino }, { type }] = await Promise.all([stat(directory, { bigint: true }), statfs(directory)]);
  const isLocal = process.platform === "linux" && LOCAL_FILE_SYSTEMS.has(type);
  return { isLocal, inode: isLocal && type !== OVERLAY ? String(ino) : undefined };
}

export function socketPathOf(claimPath: string): string {
  return `${claimPath}.sock`;
}

export function renderClaim(claim: Claim): string {
  return `${JSON.stringify(claim)}\n`;
}

/** `"gone"`: no such file. Undefined: not a claim that can be understood. */
export async function readClaim(path: string): Promise<Claim | "gone" | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "gone";
    throw error;
  }
  try {
    const claim = JSON.parse(text) as Partial<Claim> | null;
    const isWhole = typeof claim?.pid === "number" && typeof claim.host === "string";
    return isWhole && typeof claim.sinceMs === "number" ? (claim as Claim) : undefined;
  } catch {
    return undefined;
  }
}

export interface JudgeContext {
  readonly self: ProcessIdentity;
  readonly directory: ClaimedDirectory;
  readonly processInfo: ProcessInfo;
}

export async function judgeClaim(path: string, claim: Claim, context: JudgeContext): Promise<Verdict> {
  const { self, directory, processInfo } = context;
  const hasInodes = directory.inode !== undefined && claim.inode !== undefined;
  if (hasInodes && claim.inode !== directory.inode) return "dead";
  if (claim.bootId !== self.bootId) {
    if (claim.bootId === undefined || self.bootId === undefined) return "foreign";
    // The machine was booted since, which ended every process of then; unless it is another machine.
    return directory.isLocal || claim.host === self.host ? "dead" : "foreign";
  }
  if (self.bootId === undefined && claim.host !== self.host) return "foreign";
  if (claim.pidNamespace !== self.pidNamespace) return claim.socket ? askSocket(path) : "foreign";
  // Without start times, a claim under our own pid (which is not ours) was left by an earlier process.
  if (claim.pid === self.pid && self.startTime === undefined) return "dead";
  return processInfo.stateOf(claim.pid, claim.startTime);
}

async function askSocket(claimPath: string): Promise<Verdict> {
  const state = await askLivenessSocket(socketPathOf(claimPath));
  // Missing: on its way out, or removed by someone else, which then never changes.
  return state === "listening" ? "alive" : state === "refused" ? "dead" : "dying";
}
