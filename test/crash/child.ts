/** A child process of a test, with its standard output as lines. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The next line; rejects where the child ends without one. */
  line(): Promise<string>;
  /** Kills with SIGKILL and waits until it has ended. */
  kill(): Promise<void>;
}

/**
 * Runs a module of this directory with Node.
 * @param prefix a command, with its parameters, to run Node under
 */
export function startChild(
  module: string,
  parameters: readonly string[],
  prefix: readonly string[] = [],
): Child {
  const path = fileURLToPath(new URL(module, import.meta.url));
  const [command, ...rest] = [...prefix, process.execPath, path, ...parameters];
  const child = spawn(command!, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.stdin.on("error", () => {});
  return {
    process: child,
    pid: child.pid!,
    async line() {
      const next = await lines.next();
      if (next.done) throw new Error(`the child ${module} ended without another line`);
      return next.value;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
