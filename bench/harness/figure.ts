/** What a benchmark figure is: a question with a name, and rows that answer it. */
import type { Workbench } from "./workbench.ts";

export type Unit = "/s" | "s" | "ms" | "bytes" | "bytes/key" | "×";

/** Samples of one thing, one per round. */
export interface Measure {
  readonly unit: Unit;
  readonly samples: readonly number[];
}

/** What stands beside a value: its physical limit, a peer, or the same without what is under test. */
export interface Beside extends Measure {
  readonly title: string;
}

/** A bound that the project has set itself. */
export interface Requirement {
  readonly of: "value" | "ratio";
  readonly bound: "at least" | "at most";
  readonly limit: number;
}

/** One line of the table. */
export interface Row {
  /** Short and fixed, for programs that read the results: `put-16`, `put-16-redis`. */
  readonly id: string;
  readonly title: string;
  readonly value: Measure;
  readonly beside?: Beside | undefined;
  /** The value over what stands beside it, pair by pair. */
  readonly ratio?: readonly number[] | undefined;
  readonly required?: Requirement | undefined;
  /** How something went over time, by name: one number a second. For the saved results alone. */
  readonly series?: Readonly<Record<string, readonly number[]>> | undefined;
  /** What a reader of the number should know: event-loop delay, spread, conditions. */
  readonly notes?: readonly string[] | undefined;
}

export interface Figure {
  readonly name: string;
  /** One sentence for the help text. */
  readonly asks: string;
  readonly run: (bench: Workbench) => Promise<Row[]>;
}

export function atLeast(limit: number, of: Requirement["of"] = "ratio"): Requirement {
  return { of, bound: "at least", limit };
}

export function atMost(limit: number, of: Requirement["of"] = "ratio"): Requirement {
  return { of, bound: "at most", limit };
}
