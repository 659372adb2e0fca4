/**
 * One process owns a directory. Node offers no lock that the kernel drops when a process dies, so ownership is a
 * file that names its process, and whoever comes later judges whether that process still lives.
 *
 * Protocol. Every contender puts a claim into the directory: a file `lock-TOKEN`, its token random and never used
 * again, holding who it is and its state, `claim`. It appears by a rename, so nobody sees half of one. Then it
 * lists the other claims.
 *   - Claims of dead processes are removed, by anyone. That is safe however late the remove runs: the name was
 *     used once, so it can never hit the claim of a living process. (The classic mistake, to remove or replace a
 *     fixed name `lock` because of what one read in it a moment ago, cannot be made.)
 *   - An owner is there: the contender takes its claim back and gives up.
 *   - Other contenders are there: the smallest token goes on, waiting until the others are gone; all others take
 *     their claims back and start again once it is decided.
 *   - Nobody else is there: the contender is the owner, and says so in its file.
 *
 * Why there is never more than one owner. To become one, a contender must list the directory, after its claim has
 * appeared, and see no other living claim. Of two living contenders one has put its claim first, so the other's
 * list (a claim comes by name and stays under it until it is taken back) shows it. Two owners would each have
 * missed the other. Death is stable: a process is named by its start time and boot too, so "dead" stays true.
 *
 * Why somebody wins. A contender yields only to an owner or to a smaller token. Of those that are there at the same
 * time, the smallest yields to nobody but an owner.
 *
 * What it does not do: take the claim of a process that it cannot see, on another host for instance. The error
 * says which file to remove once that process is known to be gone.
 */
import { open, readdir, realpath, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { type Random, randomHex128 } from "../base/random.ts";
import { HoldfastError } from "../contract/errors.ts";
import { type LivenessSocket, openLivenessSocket } from "./liveness-socket.ts";
import {
  type Claim,
  describeDirectory,
  type JudgeContext,
  judgeClaim,
  readClaim,
  renderClaim,
  socketPathOf,
  type Verdict,
} from "./lock-claim.ts";
import { type ProcessIdentity, type ProcessInfo, systemProcessInfo } from "./process-info.ts";

export interface LockOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Default: the operating system's. */
  readonly processInfo?: ProcessInfo;
}

export interface DirectoryLock {
  /** Names this ownership; part of the lock file's name. */
  readonly token: string;
  /** Lets go of the directory. Releasing twice is fine. */
  release(): Promise<void>;
}

interface SeenClaim {
  readonly path: string;
  readonly token: string;
  /** Undefined where the file cannot be understood: someone's, so nobody's to take. */
  readonly claim: Claim | undefined;
  readonly verdict: Verdict;
}

const CLAIM_NAME = /^lock-[0-9a-f]{32}$/;
const DRAFT_NAME = /^lock-[0-9a-f]{32}\.draft$/;
const ANY_NAME = /^lock-[0-9a-f]{32}(\.draft|\.sock)?$/;

/**
 * How often a contender looks again while others contend or a killed owner has not quite ended. One look is a
 * few hundred microseconds of file system, so this is a second or more. Looks, not a timer: the process must not
 * end because nothing but a timer of ours is left, and a test's clock may stand still.
 */
const LOOKS_MAX = 5_000;

/** Since when this process holds a directory or is about to, by real path: the pid cannot tell two openers apart. */
const heldHere = new Map<string, number>();

/** True for the names that this file gives: not data, and no business of a backup. */
export function isLockFileName(name: string): boolean {
  return ANY_NAME.test(name);
}

/**
 * Makes this process the owner of an existing directory. At once where the former owner is dead.
 * @throws {HoldfastError} LOCKED (details: pid, host, sinceMs, file). Errors of the file system are Node's.
 */
export async function acquireDirectoryLock(directory: string, options: LockOptions): Promise<DirectoryLock> {
  const processInfo = options.processInfo ?? systemProcessInfo;
  const key = await realpath(directory);
  const context = { processInfo, self: await processInfo.self(), directory: await describeDirectory(key) };
  const heldSinceMs = heldHere.get(key);
  if (heldSinceMs !== undefined) throw lockedHere(directory, context.self, heldSinceMs);
  heldHere.set(key, options.clock.nowMs());
  try {
    const contender = new Contender(key, options, context);
    await contender.contend();
    let released: Promise<void> | undefined;
    return {
      token: contender.token,
      release() {
        released ??= contender.withdraw().finally(() => heldHere.delete(key));
        return released;
      },
    };
  } catch (error) {
    heldHere.delete(key);
    throw error;
  }
}

class Contender {
  readonly #directory: string;
  readonly #options: LockOptions;
  readonly #context: JudgeContext;
  #socket: LivenessSocket | undefined;
  #looks = 0;
  token = "";

  constructor(directory: string, options: LockOptions, context: JudgeContext) {
    this.#directory = directory;
    this.#options = options;
    this.#context = context;
  }

  async contend(): Promise<void> {
    for (;;) {
      // Looking before claiming keeps a crowd from claiming in turns, and refuses without a trace.
      if ((await this.#look()).length > 0) continue;
      if (await this.#tryOnce()) return;
    }
  }

  async withdraw(): Promise<void> {
    // Last of all the claim: without its socket it reads as dead where pids tell nothing, and it is as good as that.
    await this.#socket?.close();
    this.#socket = undefined;
    await removeIfThere(this.#claimPath);
  }

  get #claimPath(): string {
    return join(this.#directory, `lock-${this.token}`);
  }

  /** False: has yielded to another contender. */
  async #tryOnce(): Promise<boolean> {
    this.token = randomHex128(this.#options.random);
    try {
      if (!(await this.#putClaim())) {
        await this.withdraw();
        return false;
      }
      for (;;) {
        const rivals = await this.#look();
        if (rivals.length === 0) {
          await this.#markOwner();
          return true;
        }
        if (rivals.some((rival) => rival.token < this.token)) {
          await this.withdraw();
          return false;
        }
      }
    } catch (error) {
      await this.withdraw();
      throw error;
    }
  }

  #content(): string {
    const { self, directory } = this.#context;
    return renderClaim({
      ...{ format: 1, state: "claim", token: this.token, sinceMs: this.#options.clock.nowMs() },
      ...{ ...self, inode: directory.inode, socket: this.#socket !== undefined },
    });
  }

  /** False where an owner has swept the draft away in the meantime. */
  async #putClaim(): Promise<boolean> {
    const draft = `${this.#claimPath}.draft`;
    const file = await open(draft, "wx", 0o600);
    try {
      this.#socket = await openLivenessSocket(socketPathOf(this.#claimPath));
      await file.writeFile(this.#content());
      // Or a power failure could leave the name without the content, which nobody may then remove.
      await file.sync();
      await rename(draft, this.#claimPath);
      return true;
    } catch (error) {
      await removeIfThere(draft);
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    } finally {
      await file.close();
    }
  }

  async #markOwner(): Promise<void> {
    const file = await open(this.#claimPath, "r+");
    try {
      const text = await file.readFile("utf8");
      await file.write('"owner"', text.indexOf('"claim"'));
    } finally {
      await file.close();
    }
    // Drafts were left by contenders killed in between; one that lives finds it gone and puts a new one.
    for (const name of await readdir(this.#directory)) {
      if (!DRAFT_NAME.test(name)) continue;
      const path = join(this.#directory, name);
      if (await removeIfThere(path)) await removeIfThere(socketPathOf(path.slice(0, -".draft".length)));
    }
  }

  /**
   * The living contenders beside this one; none means the directory is free. Removes what the dead have left.
   * @throws {HoldfastError} LOCKED
   */
  async #look(): Promise<SeenClaim[]> {
    const rivals: SeenClaim[] = [];
    for (const name of await readdir(this.#directory)) {
      if (!CLAIM_NAME.test(name) || name === `lock-${this.token}`) continue;
      const seen = await this.#see(name);
      if (seen === undefined) continue;
      if (seen.verdict === "dead") {
        await removeIfThere(seen.path);
        await removeIfThere(socketPathOf(seen.path));
      } else if (isSettled(seen)) {
        throw this.#lockedBy(seen);
      } else {
        rivals.push(seen);
      }
    }
    this.#looks++;
    if (rivals.length > 0 && this.#looks > LOOKS_MAX) throw this.#lockedBy(rivals[0]!);
    return rivals;
  }

  async #see(name: string): Promise<SeenClaim | undefined> {
    const path = join(this.#directory, name);
    const claim = await readClaim(path);
    if (claim === "gone") return undefined;
    const verdict = claim === undefined ? "foreign" : await judgeClaim(path, claim, this.#context);
    return { path, token: name.slice("lock-".length), claim, verdict };
  }

  #lockedBy(seen: SeenClaim): HoldfastError {
    const { claim, verdict, path } = seen;
    const lastResort = `Only if that process is certainly gone, remove ${path}.`;
    if (claim === undefined) {
      const message = `${this.#directory} has a lock file that does not say whose it is. ${lastResort}`;
      return new HoldfastError("LOCKED", message, { details: { file: path } });
    }
    const { pid, host, sinceMs } = claim;
    const owner = `${this.#directory} is in use by process ${pid} on host ${host}`;
    const since = new Date(sinceMs).toISOString();
    const message =
      verdict === "foreign"
        ? `${owner}, which cannot be seen from here (${this.#context.self.host}): stop that process. ${lastResort}`
        : verdict === "dying"
          ? `${owner}, which has been killed but has not ended yet: try again. ${lastResort}`
          : `${owner} since ${since}: stop that process, or open with readOnly.`;
    return new HoldfastError("LOCKED", message, { details: { pid, host, sinceMs, file: path } });
  }
}

/** Whether waiting would change nothing. Anything but the word `claim` counts as an owner. */
function isSettled(seen: SeenClaim): boolean {
  return seen.verdict === "foreign" || (seen.verdict === "alive" && seen.claim?.state !== "claim");
}

function lockedHere(directory: string, self: ProcessIdentity, sinceMs: number): HoldfastError {
  const { pid, host } = self;
  const message = `${directory} is already open in this process (${pid}): use that store, or close it first.`;
  return new HoldfastError("LOCKED", message, { details: { pid, host, sinceMs, sameProcess: true } });
}

/** False where it was not there. */
async function removeIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return false;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
