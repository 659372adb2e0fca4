/**
 * Who this process is, and whether another one still runs. A pid alone names nobody: it is given to another
 * process after the first has died, and after a reboot, and means something else in another container. So a
 * process is named by host, boot, pid namespace, pid and start time, as far as the platform tells them.
 */
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Changes with every boot of the kernel. Undefined where the platform has none to read. */
  readonly bootId: string | undefined;
  /** Pids are comparable within one namespace only. */
  readonly pidNamespace: string | undefined;
  /** When the process started, in whatever unit the platform counts. Told apart only by `===`. */
  readonly startTime: string | undefined;
}

/** `"dying"`: killed, but threads of it may still be inside a system call. */
export type ProcessState = "alive" | "dying" | "dead";

export interface ProcessInfo {
  self(): Promise<ProcessIdentity>;
  /** Of a process in this process's own pid namespace and boot. */
  stateOf(pid: number, startTime: string | undefined): Promise<ProcessState>;
}

interface ProcStat {
  /** One letter: `Z` has ended and waits for its parent, `X` is dead. */
  readonly state: string;
  readonly flags: number;
  readonly threads: number;
  readonly startTime: string;
}

/** The kernel's mark, in the flags of /proc/PID/stat, on a task that has begun to exit. */
const PF_EXITING = 0x4;
/** Signal 9 in the masks of /proc/PID/status. */
const SIGKILL_BIT = 1n << 8n;

async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "latin1")).trim();
  } catch {
    return undefined;
  }
}

/** The fields of /proc/PID/stat; the second, the program's name in parentheses, may hold anything. */
function parseStat(text: string): ProcStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0]!, flags: Number(fields[6]), threads: Number(fields[17]), startTime: fields[19]! };
}

async function readStat(pid: number | "self"): Promise<ProcStat | undefined> {
  const text = await readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** Killed, but the kernel has not yet got round to ending it. */
async function isKillPending(pid: number): Promise<boolean> {
  const status = await readText(`/proc/${pid}/status`);
  for (const match of status?.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$/gm) ?? []) {
    if ((BigInt(`0x${match[1]}`) & SIGKILL_BIT) !== 0n) return true;
  }
  return false;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to someone else.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function stateOf(pid: number, startTime: string | undefined): Promise<ProcessState> {
  if (!exists(pid)) return "dead";
  const stat = await readStat(pid);
  // Hidden or no /proc: that the pid exists is all there is to know.
  if (stat === undefined) return exists(pid) ? "alive" : "dead";
  if (startTime !== undefined && stat.startTime !== startTime) return "dead";
  // A dead main thread shows as ended while other threads of the process may be inside a write.
  if (stat.state === "Z" || stat.state === "X") return stat.threads > 1 ? "dying" : "dead";
  if ((stat.flags & PF_EXITING) !== 0 || (await isKillPending(pid))) return "dying";
  return "alive";
}

async function self(): Promise<ProcessIdentity> {
  const [bootId, pidNamespace, stat] = await Promise.all([
    readText("/proc/sys/kernel/random/boot_id"),
    readlink("/proc/self/ns/pid").catch(() => undefined),
    readStat("self"),
  ]);
  return { pid: process.pid, host: hostname(), bootId, pidNamespace, startTime: stat?.startTime };
}

export const systemProcessInfo: ProcessInfo = { self, stateOf };
