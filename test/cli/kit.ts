/**
 * Runs the built program as a child process, as a user would: each test in a directory of its own, the store in
 * `./holdfast-data`. The program must have been built before (`npm test` does).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";

/** Another build may be tested in its place. */
const { HOLDFAST_TEST_DIST } = process.env;
const DIST = HOLDFAST_TEST_DIST ?? fileURLToPath(new URL("../../dist", import.meta.url));
export const BIN = join(DIST, "cli", "main.js");
/** What `import "holdfast"` loads. */
export const DOOR = pathToFileURL(join(DIST, "index.js")).href;

if (!existsSync(BIN)) throw new Error(`${BIN} is not there: run \`npm run build\` first`);

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

export class Workspace {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** Runs `holdfast` with these arguments to its end. */
  async run(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const child = this.#spawn(words, options.env);
    child.stdin!.on("error", () => {});
    child.stdin!.end(options.input ?? "");
    const [stdout, stderr] = await Promise.all([
      collect(child.stdout!),
      collect(child.stderr!),
      ended(child),
    ]);
    return {
      code: child.exitCode,
      stdout: stdout.toString(),
      stdoutBytes: stdout,
      stderr: stderr.toString(),
    };
  }

  /** The same, which must succeed; gives what it printed, without the last line break. */
  async ok(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words);
    if (code !== 0) throw new Error(`holdfast ${words.join(" ")} ended with ${code}: ${stderr}`);
    return stdout.replace(/\n$/, "");
  }

  /** The same with --json: one value for each line. */
  async json<T = Record<string, unknown>>(...words: readonly string[]): Promise<T[]> {
    return jsonLines<T>(await this.ok(...words, "--json"));
  }

  /** Starts it and leaves it running until the end of the test. */
  start(words: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const running = new Running(this.#spawn(words, env));
    onTestFinished(() => running.kill());
    return running;
  }

  /** Starts an application that has the store in `./holdfast-data` open until its standard input ends. */
  async startOwner(): Promise<Running> {
    const owner = this.startModule("owner.mjs", [DOOR, this.path("holdfast-data")]);
    await owner.line();
    return owner;
  }

  /** Starts a module of this directory instead, and leaves it running until the end of the test. */
  startModule(name: string, words: readonly string[]): Running {
    const path = fileURLToPath(new URL(name, import.meta.url));
    const child = spawn(process.execPath, [path, ...words], { cwd: this.directory, stdio: "pipe" });
    const running = new Running(child);
    onTestFinished(() => running.kill());
    return running;
  }

  #spawn(words: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const { HOLDFAST_STORE: _store, HOLDFAST_DEBUG: _debug, FORCE_COLOR: _color, ...inherited } = process.env;
    return spawn(process.execPath, [BIN, ...words], {
      cwd: this.directory,
      env: { ...inherited, ...env },
      stdio: "pipe",
    });
  }
}

export class Running {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;
  #stderr = "";

  constructor(child: ChildProcess) {
    this.process = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    this.#ended = ended(child);
    child.stdin!.on("error", () => {});
    child.stderr!.on("data", (bytes: Buffer) => {
      this.#stderr += bytes.toString();
    });
  }

  /** What it has said on standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until it has said this on standard error. */
  async said(text: string): Promise<void> {
    while (!this.#stderr.includes(text)) {
      const hasEnded = await Promise.race([once(this.process.stderr!, "data"), this.#ended.then(() => true)]);
      if (hasEnded === true) throw new Error(`it ended without having said ${text}: ${this.#stderr}`);
    }
  }

  /** The next line of standard output. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`it ended without another line: ${this.#stderr}`);
    return next.value;
  }

  /** Waits for its end. */
  async exit(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    await this.#ended;
    return { code: this.process.exitCode, signal: this.process.signalCode };
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.#ended;
  }
}

/** A directory for the test that calls this, removed after it. */
export async function workspace(): Promise<Workspace> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return new Workspace(directory);
}

export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once("close", () => resolve()));
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
