/** The results of a run as they are saved and read again. */
import { readFileSync } from "node:fs";
import type { Environment } from "../harness/environment.ts";
import type { Row } from "../harness/figure.ts";

/** A row, and the name of the figure that it belongs to. */
export interface ResultRow extends Row {
  readonly figure: string;
}

export interface Results {
  readonly suite: string;
  /** What to type to measure the same again. */
  readonly command: string;
  readonly environment: Environment;
  readonly rows: readonly ResultRow[];
}

/** @throws {Error} where the file holds no results */
export function readResults(path: string): Results {
  const results = JSON.parse(readFileSync(path, "utf8")) as Partial<Results>;
  if (results.rows === undefined || results.environment === undefined) {
    throw new Error(`${path} holds no results of this benchmark`);
  }
  return results as Results;
}
