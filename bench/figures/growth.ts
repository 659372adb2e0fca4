/** What a put and a get cost in a store of a million keys, beside one of ten thousand: each in a process of its own. */
import { Child } from "../harness/child.ts";
import { atMost, type Figure, type Row } from "../harness/figure.ts";
import { type Contestant, interleave } from "../harness/rounds.ts";
import { median, ratios } from "../harness/statistics.ts";
import type { Workbench } from "../harness/workbench.ts";
import type { GrowAnswer, GrowLoad, GrowQuestion } from "../processes/grow-store.ts";

const LARGE = 1_000_000;
const SMALL = 10_000;
const ROUNDS = 9;
const ROUND_MS = 600;

interface Stores {
  readonly large: Child;
  readonly small: Child;
  /** A bare Map with as many keys as the large store. */
  readonly map: Child;
}

export const growth: Figure = {
  name: "growth",
  asks: "the cost of a put and of a get at 1 000 000 keys beside that at 10 000",
  run: async (bench) => {
    const stores: Stores = {
      large: await start(bench, bench.count(LARGE)),
      small: await start(bench, bench.count(SMALL)),
      map: await startMap(bench.count(LARGE)),
    };
    const rows = [
      await growthRow(bench, stores, { load: "put", title: "put of any key, 192 in flight" }),
      await growthRow(bench, stores, { load: "get-zipf", title: "get, keys drawn by Zipf's law" }),
      await uniformRow(bench, stores),
    ];
    for (const child of Object.values(stores)) {
      await ask(child, { ask: "close" });
      await child.stop();
    }
    return rows;
  },
};

async function start(bench: Workbench, keys: number): Promise<Child> {
  const child = Child.start(new URL("../processes/grow-store.js", import.meta.url));
  const url = bench.settings.engine === "memory" ? "mem:" : `file:${await bench.directory("growth")}`;
  await ask(child, { ask: "fill", url, keys });
  return child;
}

async function startMap(keys: number): Promise<Child> {
  const child = Child.start(new URL("../processes/grow-store.js", import.meta.url));
  await ask(child, { ask: "fill-map", keys });
  return child;
}

function ask(child: Child, question: GrowQuestion): Promise<GrowAnswer> {
  return child.ask<GrowAnswer>(question);
}

/** The notes of each contestant's newest answer end up in `notes`. */
function contestant(child: Child, load: GrowLoad, name: string, notes: Map<string, string>): Contestant {
  return {
    name,
    run: async (durationMs) => {
      const { rate, strainNote } = await ask(child, { ask: "measure", load, durationMs });
      notes.set(name, strainNote);
      return rate;
    },
  };
}

async function growthRow(
  bench: Workbench,
  { large, small }: Stores,
  { load, title }: { readonly load: GrowLoad; readonly title: string },
): Promise<Row> {
  const notes = new Map<string, string>();
  const samples = await interleave(
    [contestant(large, load, "large", notes), contestant(small, load, "small", notes)],
    bench.rounds(ROUNDS, ROUND_MS),
  );
  const atLarge = samples.get("large")!;
  const atSmall = samples.get("small")!;
  return {
    id: `growth-${load}`,
    title: `${title}, 1 000 000 keys`,
    value: { unit: "/s", samples: atLarge },
    beside: { title: "with 10 000 keys", unit: "/s", samples: atSmall },
    // As a cost: how much longer one takes in the large store.
    ratio: ratios(atSmall, atLarge),
    required: atMost(1.5),
    notes: ["the ratio is of costs", notes.get("large")!],
  };
}

/** Where every key is as likely as any other, the processor's caches decide: beside a bare Map that has them too. */
async function uniformRow(bench: Workbench, { large, small, map }: Stores): Promise<Row> {
  const notes = new Map<string, string>();
  const samples = await interleave(
    [
      contestant(large, "get", "large", notes),
      contestant(map, "get", "map", notes),
      contestant(small, "get", "small", notes),
    ],
    bench.rounds(ROUNDS, ROUND_MS),
  );
  const atLarge = samples.get("large")!;
  const cost = median(ratios(samples.get("small")!, atLarge));
  return {
    id: "growth-get-uniform",
    title: "get, every key as likely, 1 000 000 keys",
    value: { unit: "/s", samples: atLarge },
    beside: { title: "a bare Map of as many", unit: "/s", samples: samples.get("map")! },
    ratio: ratios(atLarge, samples.get("map")!),
    notes: [`${cost.toFixed(2)} × the cost with 10 000 keys`, notes.get("large")!],
  };
}
