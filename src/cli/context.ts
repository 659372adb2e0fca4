/** What every command is given: where to write, which store, and how it is told to stop. */
import { MessageChannel } from "node:worker_threads";
import { type Clock, systemClock } from "../base/clock.ts";
import { Diagnostics } from "./diagnostics.ts";
import { environment } from "./environment.ts";
import { Output } from "./output.ts";

/** The options that every command has. */
export interface CommonOptions {
  readonly store?: string | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

export const DEFAULT_STORE = "file:./holdfast-data";

export interface CommandContext {
  readonly output: Output;
  readonly diagnostics: Diagnostics;
  readonly storeUrl: string;
  readonly clock: Clock;
  /**
   * Aborts at the first SIGINT or SIGTERM, for a command that has something to clean up or a clean end of its own;
   * without a call of this, signals end the process at once. A second signal always does.
   */
  interruptible(): AbortSignal;
}

export function createContext(options: CommonOptions): CommandContext {
  const env = environment;
  const clock = systemClock;
  let interruption: AbortController | undefined;
  return {
    output: new Output(process.stdout, { json: options.json === true, env }),
    diagnostics: new Diagnostics(process.stderr, { env, clock, quiet: options.quiet === true }),
    storeUrl: options.store ?? (env.HOLDFAST_STORE || DEFAULT_STORE),
    clock,
    interruptible() {
      interruption ??= abortOnSignals();
      return interruption.signal;
    },
  };
}

function abortOnSignals(): AbortController {
  const controller = new AbortController();
  const stop = () => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller;
}

/**
 * Keeps the process alive until released: the timers of the store do not, so a command that only waits for one
 * would end unnoticed.
 */
export function holdProcess(): () => void {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
}
