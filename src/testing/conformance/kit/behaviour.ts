/** A behaviour is a named list of tests; each of them gets its own fresh store. */
import type { TestContext } from "./context.ts";

export type TestBody = (context: TestContext) => Promise<void>;

export interface ConformanceTest {
  readonly title: string;
  readonly body: TestBody;
}

export interface Behaviour {
  readonly name: string;
  readonly tests: readonly ConformanceTest[];
}

export function behaviour(
  name: string,
  define: (test: (title: string, body: TestBody) => void) => void,
): Behaviour {
  const tests: ConformanceTest[] = [];
  define((title, body) => tests.push({ title, body }));
  return { name, tests };
}
