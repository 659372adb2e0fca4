/** Runs one figure in a process of its own, so that no figure inherits another's heap or compiled code. */
import { FIGURES } from "../figures/index.ts";
import { answer } from "../harness/child.ts";
import type { Row } from "../harness/figure.ts";
import { type BenchSettings, Workbench } from "../harness/workbench.ts";

export interface FigureQuestion {
  readonly name: string;
  readonly settings: BenchSettings;
}

answer(async ({ name, settings }: FigureQuestion): Promise<Row[]> => {
  const figure = FIGURES.find((candidate) => candidate.name === name)!;
  const bench = new Workbench(settings);
  try {
    return await figure.run(bench);
  } finally {
    await bench.close();
  }
});
