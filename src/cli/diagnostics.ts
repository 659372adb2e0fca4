/** Standard error: notes, warnings, progress. Never part of the answer, so a script may throw it away. */
import type { Clock } from "../base/clock.ts";
import type { Environment } from "./environment.ts";
import { isBrokenPipe, type OutputStream, paint, type Style, wantsColour } from "./output.ts";
import { Progress } from "./progress.ts";

export interface DiagnosticsOptions {
  readonly env: Environment;
  readonly clock: Clock;
  /** Keeps notes and progress back; errors are shown all the same. */
  readonly quiet: boolean;
}

export class Diagnostics {
  readonly #stream: OutputStream;
  readonly #options: DiagnosticsOptions;
  readonly #hasColour: boolean;
  #progress: Progress | undefined;

  constructor(stream: OutputStream, options: DiagnosticsOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#hasColour = wantsColour(stream, options.env);
    stream.on("error", (error: Error) => {
      if (!isBrokenPipe(error)) throw error;
    });
  }

  /** Something worth knowing that changes nothing. */
  note(text: string): void {
    if (!this.#options.quiet) this.print(`${this.#paint("holdfast: note:", "dim")} ${text}`);
  }

  /** A line as it is, whatever `quiet` says. */
  print(line: string): void {
    this.#progress?.clear();
    this.#stream.write(`${line}\n`);
  }

  error(code: string, message: string): void {
    this.print(`${this.#paint(`holdfast: ${code}:`, "red")} ${message}`);
  }

  /** What to do about an error. */
  hint(text: string): void {
    this.print(`  ${text}`);
  }

  /** Runs work of unknown length; shows how far it is once it has taken a second. */
  async withProgress<T>(doing: string, work: (progress: Progress) => Promise<T>): Promise<T> {
    const { clock, quiet } = this.#options;
    const progress = new Progress(doing, this.#stream, { clock, quiet });
    const outer = this.#progress;
    this.#progress = progress;
    try {
      return await work(progress);
    } finally {
      progress.end();
      this.#progress = outer;
    }
  }

  #paint(text: string, style: Style): string {
    return paint(text, style, this.#hasColour);
  }
}
