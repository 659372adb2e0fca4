/** What a put and a get cost in a store of a million keys, beside one of ten thousand: each in a process of its own. */
import { Child } from "../harness/child.ts";
import { atMost, type Figure, type Row } from "../harness/figure.ts";
import { type Contestant, interleave } from "../harness/rounds.ts";
import { median, ratios } from "../harness/statistics.ts";
import type { Workbench } from "../harness/workbench.ts";
import type { GrowAnswer, GrowLoad, GrowQuestion } from "../processes/grow-store.ts";
import { formatNumber } from "../report/format.ts";

const LARGE = 1_000_000;
const SMALL = 10_000;
const ROUNDS = 9;
const ROUND_MS = 600;

interface Stores {
  readonly large: Child;
  readonly small: Child;
  /** Bare Maps with as many keys. */
  readonly largeMap: Child;
  readonly smallMap: Child;
}

export const growth: Figure = {
  name: "growth",
  asks: "the cost of a put and of a get at 1 000 000 keys beside that at 10 000",
  run: async (bench) => {
    const stores: Stores = {
      large: await start(bench, bench.count(LARGE)),
      small: await start(bench, bench.count(SMALL)),
      largeMap: await startMap(bench.count(LARGE)),
      smallMap: await startMap(bench.count(SMALL)),
    };
    const rows = [
      await growthRow(bench, stores, { load: "put", title: "put of any key, 192 in flight" }),
      await growthRow(bench, stores, { load: "get-hot", title: "get, 1 000 keys at work" }),
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
function contestant(
  child: Child,
  load: GrowLoad,
  name: string,
  notes: Map<string, readonly string[]>,
): Contestant {
  return {
    name,
    run: async (durationMs) => {
      const { rate, notes: newest } = await ask(child, { ask: "measure", load, durationMs });
      notes.set(name, newest);
      return rate;
    },
  };
}

async function growthRow(
  bench: Workbench,
  { large, small }: Stores,
  { load, title }: { readonly load: GrowLoad; readonly title: string },
): Promise<Row> {
  const notes = new Map<string, readonly string[]>();
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
    notes: ["the ratio is of costs", ...notes.get("large")!],
  };
}

/** Where every key is as likely as any other, the processor's caches decide: bare Maps show what they allow. */
async function uniformRow(bench: Workbench, stores: Stores): Promise<Row> {
  const notes = new Map<string, readonly string[]>();
  const names = ["large", "small", "largeMap", "smallMap"] as const;
  const samples = await interleave(
    names.map((name) => contestant(stores[name], "get", name, notes)),
    bench.rounds(ROUNDS, ROUND_MS),
  );
  const [large, small, largeMap, smallMap] = names.map((name) => samples.get(name)!);
  const mapCost = median(ratios(smallMap!, largeMap!)).toFixed(2);
  const mapRate = formatNumber(median(largeMap!), "/s");
  return {
    id: "growth-get-any",
    title: "get, any key as likely, 1 000 000 keys",
    value: { unit: "/s", samples: large! },
    beside: { title: "with 10 000 keys", unit: "/s", samples: small! },
    ratio: ratios(small!, large!),
    notes: [
      `the ratio is of costs; that of a bare Map of as many keys is ${mapCost} × and its rate ${mapRate}`,
      ...notes.get("large")!,
    ],
  };
}
