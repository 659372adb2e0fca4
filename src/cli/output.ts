/**
 * Standard output: lines and tables for people, one JSON object a line for machines. A reader that goes away
 * (`| head`) is no error: what is left to say is dropped, and loops learn from `isClosed` that they may stop.
 */
import type { Writable } from "node:stream";
import { systemDefer } from "../base/defer.ts";
import type { Environment } from "./environment.ts";
import { cutToWidth, padToWidth, textWidth } from "./text-width.ts";

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly env: Environment;
}

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** Undefined fields are left out. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

/** Rows that are aligned with each other; later ones follow the widths of the first so many. */
const ALIGNED_ROWS = 1_000;
const GAP = "  ";
/** A reader that has gone away, or Ctrl-C, is noticed after this many lines. */
const LINES_PER_TURN = 100;

/** Whether a stream gets colours: a terminal, unless NO_COLOR is set; FORCE_COLOR wins. https://no-color.org */
export function wantsColour(stream: OutputStream, env: Environment): boolean {
  const { FORCE_COLOR = "", NO_COLOR = "", TERM } = env;
  if (FORCE_COLOR !== "") return FORCE_COLOR !== "0";
  if (NO_COLOR !== "" || TERM === "dumb") return false;
  return stream.isTTY === true;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
const STYLES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

export function paint(text: string, style: Style, isOn: boolean): string {
  return isOn ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

/** Codes with which a reader that has gone away shows. */
const GONE: ReadonlySet<string | undefined> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

export function isBrokenPipe(error: Error): boolean {
  return GONE.has((error as NodeJS.ErrnoException).code);
}

/** The output could not be written, a full disk for instance; not a reader that simply has seen enough. */
export class OutputFailure extends Error {
  override readonly name = "OutputFailure";

  constructor(cause: Error) {
    super(`could not write the output: ${cause.message}`, { cause });
  }
}

export class Output {
  readonly json: boolean;
  readonly #stream: OutputStream;
  readonly #hasColour: boolean;
  readonly #closed = new AbortController();
  #failure: OutputFailure | undefined;
  #turns = 0;

  constructor(stream: OutputStream, { json, env }: OutputOptions) {
    this.#stream = stream;
    this.json = json;
    this.#hasColour = !json && wantsColour(stream, env);
    stream.on("error", (error: Error) => this.#fail(error));
  }

  /** The reader has gone; nothing more need be said. */
  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Aborts when the reader has gone. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  paint(text: string, style: Style): string {
    return paint(text, style, this.#hasColour);
  }

  write(text: string | Uint8Array): void {
    if (!this.isClosed) this.#stream.write(text);
  }

  line(text = ""): void {
    this.write(`${text}\n`);
  }

  /** One JSON object on a line of its own. */
  record(object: JsonObject): void {
    this.line(JSON.stringify(object));
  }

  /** The object for machines, the lines for people. */
  answer(object: JsonObject, ...lines: readonly string[]): void {
    if (this.json) this.record(object);
    else for (const line of lines) this.line(line);
  }

  /** Names and values, one pair a line, the values aligned. */
  facts(pairs: readonly (readonly [name: string, value: string])[]): void {
    const width = Math.max(...pairs.map(([name]) => textWidth(name)));
    for (const [name, value] of pairs)
      this.line(`${this.paint(padToWidth(name, width), "dim")}${GAP}${value}`);
  }

  /** A table whose last column may be long: it is never padded, and cut to the width of a terminal. */
  async table(columns: readonly Column[], rows: Iterable<string[]> | AsyncIterable<string[]>): Promise<void> {
    let pending: string[][] | undefined = [];
    let widths: number[] = [];
    const flush = () => {
      if (pending === undefined) return;
      widths = columns.map((column, at) =>
        Math.max(textWidth(column.title), ...pending!.map((row) => textWidth(row[at] ?? ""))),
      );
      this.#row(
        columns,
        widths,
        columns.map(({ title }) => title),
        "dim",
      );
      for (const row of pending) this.#row(columns, widths, row);
      pending = undefined;
    };
    for await (const row of rows) {
      if (this.isClosed) return;
      if (pending === undefined) this.#row(columns, widths, row);
      else if (pending.push(row) === ALIGNED_ROWS) flush();
      await this.drained();
    }
    flush();
  }

  /** Waits until a slow reader has caught up. For loops: now and then it gives everything else a turn, too. */
  async drained(): Promise<void> {
    if (++this.#turns % LINES_PER_TURN === 0) await new Promise<void>((resolve) => systemDefer(resolve));
    if (!this.#stream.writableNeedDrain || this.isClosed) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#stream.off("drain", done);
        this.closed.removeEventListener("abort", done);
        resolve();
      };
      this.#stream.on("drain", done);
      this.closed.addEventListener("abort", done);
    });
  }

  /** Waits until everything has been handed over. @throws {OutputFailure} where it could not be written */
  async finish(): Promise<void> {
    if (!this.isClosed) await new Promise<void>((resolve) => this.#stream.write("", () => resolve()));
    if (this.#failure !== undefined) throw this.#failure;
  }

  #row(columns: readonly Column[], widths: readonly number[], cells: readonly string[], style?: Style): void {
    const last = columns.length - 1;
    const padded = columns.map(({ align }, at) => {
      const isPlain = at === last && align !== "right";
      return isPlain ? (cells[at] ?? "") : padToWidth(cells[at] ?? "", widths[at]!, align);
    });
    let text = padded.join(GAP).trimEnd();
    const { isTTY, columns: terminal } = this.#stream;
    const isLong = columns[last]?.align !== "right" && isTTY === true;
    if (isLong && terminal !== undefined && terminal > 0) text = cutToWidth(text, terminal);
    this.line(style === undefined ? text : this.paint(text, style));
  }

  #fail(error: Error): void {
    if (!isBrokenPipe(error)) this.#failure ??= new OutputFailure(error);
    this.#closed.abort();
  }
}
