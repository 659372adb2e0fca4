/**
 * How far a long piece of work is. Silent for the first second; then a terminal gets one line that is written
 * anew, anything else (a log) a line of its own every few seconds.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { OutputStream } from "./output.ts";
import { formatBytes } from "./quantities.ts";
import { cutToWidth } from "./text-width.ts";

export interface ProgressOptions {
  readonly clock: Clock;
  readonly quiet: boolean;
}

const SILENT_MS = 1_000;
const TERMINAL_EVERY_MS = 100;
const LOG_EVERY_MS = 5_000;
const DEFAULT_COLUMNS = 80;
const CLEAR_LINE = "\r\x1b[K";

export class Progress {
  readonly #doing: string;
  readonly #stream: OutputStream;
  readonly #clock: Clock;
  readonly #startMs: number;
  #timer: Timer | undefined;
  #state = "";
  #isShown = false;

  constructor(doing: string, stream: OutputStream, { clock, quiet }: ProgressOptions) {
    this.#doing = doing;
    this.#stream = stream;
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    if (!quiet) this.#arm(SILENT_MS);
  }

  /** So much of so much is done. */
  bytes(done: number, total: number): void {
    const share = total === 0 ? "" : `${Math.floor((100 * Math.min(done, total)) / total)} %, `;
    this.state(`${share}${formatBytes(done)} of ${formatBytes(Math.max(done, total))}`);
  }

  /** What to show behind the name of the work. */
  state(text: string): void {
    this.#state = text;
  }

  /** Takes the line off a terminal, so that something else can be said; it comes again. */
  clear(): void {
    if (this.#isShown) this.#stream.write(CLEAR_LINE);
    this.#isShown = false;
  }

  end(): void {
    this.#timer?.cancel();
    this.clear();
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#show();
      this.#arm(this.#stream.isTTY === true ? TERMINAL_EVERY_MS : LOG_EVERY_MS);
    });
  }

  #show(): void {
    const seconds = Math.floor((this.#clock.monotonicMs() - this.#startMs) / 1_000);
    const state = this.#state === "" ? "" : `: ${this.#state}`;
    const text = `${this.#doing}${state} (${seconds} s)`;
    if (this.#stream.isTTY === true) {
      this.#stream.write(CLEAR_LINE + cutToWidth(text, (this.#stream.columns ?? DEFAULT_COLUMNS) - 1));
      this.#isShown = true;
    } else {
      this.#stream.write(`holdfast: ${text}\n`);
    }
  }
}
