/** Holds one store of a given size and measures puts and gets of its keys, when asked; or a bare Map, to compare. */
import { type Database, open } from "holdfast";
import { answer } from "../harness/child.ts";
import { draws, fill, keyAt, values } from "../harness/data.ts";
import { rateOf, rateOfBatches } from "../harness/load.ts";
import { Strain } from "../harness/strain.ts";

const IN_FLIGHT = 192;
const GETS_PER_BATCH = 10_000;
/** Draws are made ahead, so that both stores pay as much for them. */
const DRAWN = 2 ** 20;
/** Keys at work, from all over the store, where not all of them are. */
const HOT_KEYS = 1000;

export type GrowLoad = "put" | "get" | "get-hot";

export type GrowQuestion =
  | { readonly ask: "fill"; readonly url: string; readonly keys: number }
  | { readonly ask: "fill-map"; readonly keys: number }
  | { readonly ask: "measure"; readonly load: GrowLoad; readonly durationMs: number }
  | { readonly ask: "close" };

export interface GrowAnswer {
  readonly rate: number;
  readonly notes: readonly string[];
}

const strains = { put: new Strain(), get: new Strain(), "get-hot": new Strain() };
let db: Database | undefined;
let get: (key: string) => Promise<unknown>;
let any: Uint32Array;
let hot: Uint32Array;
let at = 0;

answer(async (question: GrowQuestion): Promise<GrowAnswer> => {
  switch (question.ask) {
    case "fill":
      await fillStore(question.url, question.keys);
      return { rate: 0, notes: [] };
    case "fill-map":
      fillMap(question.keys);
      return { rate: 0, notes: [] };
    case "measure": {
      const { load, durationMs } = question;
      const rate = await strains[load].during(() => measure(load, durationMs));
      return { rate, notes: strains[load].notes };
    }
    case "close":
      await db?.close();
      return { rate: 0, notes: [] };
  }
});

async function fillStore(url: string, keys: number): Promise<void> {
  const opened = await open(url);
  await fill(opened, keys);
  db = opened;
  get = (key) => opened.get(key);
  drawAhead(keys);
}

/** The least that a store of so many keys can be. */
function fillMap(keys: number): void {
  const map = new Map<string, object>();
  for (let index = 0; index < keys; index++) {
    map.set(keyAt(index), { value: values[index % values.length]!, revision: index });
  }
  get = (key) => Promise.resolve(map.get(key));
  drawAhead(keys);
}

function drawAhead(keys: number): void {
  any = Uint32Array.from({ length: DRAWN }, draws(keys));
  const drawHot = draws(Math.min(keys, HOT_KEYS));
  const apart = Math.max(1, Math.floor(keys / HOT_KEYS));
  hot = Uint32Array.from({ length: DRAWN }, () => drawHot() * apart);
}

// Keys are put together anew for each call: a million ready strings would take part in what is measured.

function nextIndex(drawn: Uint32Array): number {
  at = (at + 1) % DRAWN;
  return drawn[at]!;
}

function measure(load: GrowLoad, durationMs: number): Promise<number> {
  if (load === "put") return rateOf(IN_FLIGHT, durationMs, putAny);
  const drawn = load === "get" ? any : hot;
  return rateOfBatches(GETS_PER_BATCH, durationMs, async (size) => {
    for (let done = 0; done < size; done++) {
      if ((await get(keyAt(nextIndex(drawn)))) === undefined)
        throw new Error("a key that was written is gone");
    }
  });
}

function putAny(): Promise<unknown> {
  const index = nextIndex(any);
  return db!.put(keyAt(index), values[index % values.length]!);
}
