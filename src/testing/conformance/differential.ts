/** Thousands of random requests, each answered as the reference store answers it. */
import { runDifferential } from "./differential/differential-run.ts";
import { behaviour } from "./kit/behaviour.ts";

const RUNS = 6;

export const differential = behaviour("differential", (test) => {
  for (let run = 1; run <= RUNS; run++) {
    test(`random requests are answered as by the reference store, run ${run}`, async (context) => {
      const timePasses = context.isTimeControlled && context.store.capabilities.millisecondLeases;
      await runDifferential(context, { run, steps: 700, timePasses, reopens: false });
    });
  }
});
