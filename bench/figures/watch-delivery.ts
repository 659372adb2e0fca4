/** How many events reach 500 readers of one key, each in a `for await` loop, beside 500 loops over bare promises. */
import type { Watch } from "holdfast";
import { values } from "../harness/data.ts";
import { atLeast, type Figure } from "../harness/figure.ts";
import { rateOf } from "../harness/load.ts";
import { interleave } from "../harness/rounds.ts";
import { ratios } from "../harness/statistics.ts";
import type { Workbench } from "../harness/workbench.ts";

const WATCHERS = 500;
const ROUNDS = 7;
const ROUND_MS = 1000;
const KEY = "/bench/watched";
/** Enough to keep the disk from being what is measured. */
const WRITERS = 16;

/** What the loops of one measurement have seen. */
interface Seen {
  events: number;
  /** Of each reader, the revision of the last event. */
  readonly last: number[];
}

export const watchDelivery: Figure = {
  name: "watch",
  asks: "events a second delivered to 500 watchers of one key, beside 500 `for await` loops over bare promises",
  run: async (bench) => {
    const strain = bench.strain("watch");
    const samples = await interleave(
      [
        { name: "own", run: (ms) => strain.during(() => deliver(bench, ms)) },
        { name: "bare", run: deliverBare },
      ],
      bench.rounds(ROUNDS, ROUND_MS),
    );
    const own = samples.get("own")!;
    const bare = samples.get("bare")!;
    return [
      {
        id: "watch",
        title: `events to ${WATCHERS} watchers of one key`,
        value: { unit: "/s", samples: own },
        beside: { title: `${WATCHERS} loops over bare promises`, unit: "/s", samples: bare },
        ratio: ratios(own, bare),
        required: atLeast(400_000, "value"),
        notes: [`${WRITERS} writers; one event per put and watcher, none missed`, ...strain.notes],
      },
    ];
  },
};

/** Events per second, until the last reader has seen the last put. */
async function deliver(bench: Workbench, durationMs: number): Promise<number> {
  const db = await bench.open();
  const watches: Watch[] = [];
  const seen: Seen = { events: 0, last: new Array<number>(WATCHERS).fill(0) };
  for (let at = 0; at < WATCHERS; at++) watches.push(await db.watch({ key: KEY }));
  const readers = watches.map((watch, at) => read(watch, at, seen));
  const startedMs = performance.now();
  let puts = 0;
  let newest = 0;
  await rateOf(WRITERS, durationMs, async () => {
    const { revision } = await db.put(KEY, values[puts++ % values.length]!);
    newest = Math.max(newest, revision);
  });
  while (seen.last.some((last) => last < newest)) await new Promise(setImmediate);
  const elapsedMs = performance.now() - startedMs;
  for (const watch of watches) watch.close();
  await Promise.all(readers);
  await db.close();
  if (seen.events !== puts * WATCHERS) throw new Error(`${seen.events} events of ${puts * WATCHERS} came`);
  return (seen.events / elapsedMs) * 1000;
}

async function read(watch: Watch, reader: number, seen: Seen): Promise<void> {
  for await (const event of watch) {
    const { revision } = event.kv;
    if (revision <= seen.last[reader]!) throw new Error("an event came twice, or out of order");
    seen.last[reader] = revision;
    seen.events++;
  }
}

/** The least that a stream of events for one reader can be: an iterator that hands out what it is given. */
class BareStream implements AsyncIterable<number> {
  #give: ((result: IteratorResult<number>) => void) | undefined;

  publish(event: number): void {
    this.#give?.({ done: false, value: event });
  }

  end(): void {
    this.#give?.({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return {
      next: () =>
        new Promise((resolve) => {
          this.#give = resolve;
        }),
    };
  }
}

async function deliverBare(durationMs: number): Promise<number> {
  const streams = Array.from({ length: WATCHERS }, () => new BareStream());
  let events = 0;
  const readers = streams.map(async (stream) => {
    for await (const event of stream) events += event;
  });
  const startedMs = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    for (const stream of streams) stream.publish(1);
    await new Promise(setImmediate);
    elapsedMs = performance.now() - startedMs;
  }
  for (const stream of streams) stream.end();
  await Promise.all(readers);
  return (events / elapsedMs) * 1000;
}
