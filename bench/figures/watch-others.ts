/** Whether ten thousand watchers of other keys slow a put down: they must not be asked about it. */
import type { Database, KeySelector, Watch } from "holdfast";
import { keysUpTo, values } from "../harness/data.ts";
import { atLeast, type Figure } from "../harness/figure.ts";
import { rateOf } from "../harness/load.ts";
import { interleave } from "../harness/rounds.ts";
import { ratios } from "../harness/statistics.ts";

const WATCHERS = 10_000;
const KEYS = 10_000;
const IN_FLIGHT = 192;
const ROUNDS = 15;
const ROUND_MS = 500;

export const watchOthers: Figure = {
  name: "watch-others",
  asks: "puts a second while 10 000 watchers wait for other keys, beside puts with none",
  run: async (bench) => {
    const db = await bench.open();
    const watchers = bench.count(WATCHERS);
    const keys = keysUpTo(KEYS);
    let next = 0;
    const puts = (ms: number): Promise<number> =>
      rateOf(IN_FLIGHT, ms, () => {
        const at = next++;
        return db.put(keys[at % KEYS]!, values[at % values.length]!);
      });
    const watching = (selector: (at: number) => KeySelector) => async (ms: number) => {
      const stop = await watchMany(db, watchers, selector);
      const rate = await puts(ms);
      await stop();
      return rate;
    };
    const samples = await interleave(
      [
        { name: "exact", run: watching((at) => ({ key: `/bench/other/${at}` })) },
        { name: "none", run: puts },
        { name: "prefix", run: watching((at) => ({ prefix: `/bench/other/${at}/` })) },
      ],
      bench.rounds(ROUNDS, ROUND_MS),
    );
    const none = samples.get("none")!;
    return ["exact", "prefix"].map((kind) => ({
      id: `watch-others-${kind}`,
      title: `put beside 10 000 ${kind === "exact" ? "watchers of other keys" : "watchers of other prefixes"}`,
      value: { unit: "/s" as const, samples: samples.get(kind)! },
      beside: { title: "put without watchers", unit: "/s" as const, samples: none },
      ratio: ratios(samples.get(kind)!, none),
      required: atLeast(0.95),
    }));
  },
};

/** Opens watches that each wait in a loop. Answers what ends them. */
async function watchMany(
  db: Database,
  count: number,
  selector: (at: number) => KeySelector,
): Promise<() => Promise<void>> {
  const watches: Watch[] = [];
  for (let at = 0; at < count; at++) watches.push(await db.watch(selector(at)));
  const loops = watches.map(async (watch) => {
    for await (const event of watch) throw new Error(`an event of ${event.kv.key} came to a stranger`);
  });
  return async () => {
    for (const watch of watches) watch.close();
    await Promise.all(loops);
  };
}
