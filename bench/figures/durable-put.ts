/** How many puts a second are durable, with one caller and with many, beside the disk itself and beside peers. */
import { keysUpTo, values } from "../harness/data.ts";
import { atLeast, type Beside, type Figure, type Requirement, type Row } from "../harness/figure.ts";
import { rateOf } from "../harness/load.ts";
import { blockingSyncLoop, RawSyncLoop } from "../harness/raw-sync.ts";
import { type Contestant, interleave } from "../harness/rounds.ts";
import { mean, median, ratios } from "../harness/statistics.ts";
import type { Workbench } from "../harness/workbench.ts";
import { LmdbPeer } from "../peers/lmdb.ts";
import { RedisPeer } from "../peers/redis.ts";

const KEYS = 10_000;
const ROUNDS = 9;
const ROUND_MS = 500;
/** Redis is asked over one connection and over several; what was faster counts. */
const REDIS_CONNECTIONS = [1, 16];

interface Level {
  readonly writers: number;
  readonly required: Requirement;
  readonly requiredOverRedis?: Requirement;
}

const LEVELS: readonly Level[] = [
  { writers: 1, required: atLeast(0.85) },
  { writers: 16, required: atLeast(8), requiredOverRedis: atLeast(1.5) },
  { writers: 192, required: atLeast(40), requiredOverRedis: atLeast(1.5) },
  { writers: 1024, required: atLeast(80), requiredOverRedis: atLeast(1.5) },
];

type Put = (caller: number, key: string, value: string) => Promise<unknown>;

export const durablePut: Figure = {
  name: "put",
  asks: "durable puts a second with 1, 16, 192 and 1024 writers, beside a raw write+fdatasync loop, Redis and LMDB",
  run: async (bench) => {
    const rows: Row[] = [await rawRow(bench)];
    for (const level of LEVELS) rows.push(...(await levelRows(bench, level)));
    return rows;
  },
};

/** The two raw loops beside each other: what waiting without blocking costs. */
async function rawRow(bench: Workbench): Promise<Row> {
  const directory = await bench.directory("raw");
  const raw = await RawSyncLoop.create(directory);
  const contestants = [
    { name: "awaited", run: (ms: number) => raw.run(ms) },
    { name: "blocking", run: blockingSyncLoop(directory) },
  ];
  const samples = await interleave(contestants, bench.rounds(ROUNDS, ROUND_MS));
  await raw.close();
  const awaited = samples.get("awaited")!;
  const blocking = samples.get("blocking")!;
  return {
    id: "raw",
    title: "raw write + fdatasync, awaited",
    value: { unit: "/s", samples: awaited },
    beside: { title: "the same, blocking", unit: "/s", samples: blocking },
    ratio: ratios(awaited, blocking),
  };
}

async function levelRows(bench: Workbench, level: Level): Promise<Row[]> {
  const { writers } = level;
  const directory = await bench.directory("raw");
  const raw = await RawSyncLoop.create(directory);
  const db = await bench.open();
  const strain = bench.strain(`put-${writers}`);
  const own = writing(writers, (_, key, value) => db.put(key, value));
  const peers = await openPeers(bench, writers);
  const samples = await interleave(
    [
      { name: "before", run: (ms) => raw.run(ms) },
      { name: "holdfast", run: (ms) => strain.during(() => own(ms)) },
      { name: "after", run: (ms) => raw.run(ms) },
      ...peers.contestants,
    ],
    bench.rounds(ROUNDS, ROUND_MS),
  );
  await peers.close();
  await raw.close();
  await db.close();
  const value = { unit: "/s" as const, samples: samples.get("holdfast")! };
  const before = samples.get("before")!;
  const rawAround = samples.get("after")!.map((after, round) => mean([before[round]!, after]));
  const title = `durable put, ${writers} ${writers === 1 ? "writer" : "writers"}`;
  const against = (beside: Beside) => ({ value, beside, ratio: ratios(value.samples, beside.samples) });
  return [
    {
      id: `put-${writers}`,
      title,
      ...against({ title: "raw serial loop", unit: "/s", samples: rawAround }),
      required: level.required,
      notes: strain.notes,
    },
    ...peers.besides(samples).map((beside) => ({
      id: `put-${writers}-${beside.id}`,
      title,
      ...against(beside),
      ...(beside.id === "redis" ? { required: level.requiredOverRedis } : {}),
    })),
  ];
}

/** So many writers in turn over the same keys. Answers a function that measures puts per second. */
function writing(writers: number, put: Put): (durationMs: number) => Promise<number> {
  const keys = keysUpTo(KEYS);
  let next = 0;
  return (durationMs) =>
    rateOf(writers, durationMs, (caller) => {
      const at = next++;
      return put(caller, keys[at % KEYS]!, values[at % values.length]!);
    });
}

interface PutPeers {
  readonly contestants: readonly Contestant[];
  /** The peers as they stand beside the value, the faster Redis alone. */
  readonly besides: (samples: ReadonlyMap<string, number[]>) => (Beside & { readonly id: string })[];
  readonly close: () => Promise<void>;
}

async function openPeers(bench: Workbench, writers: number): Promise<PutPeers> {
  const contestants: Contestant[] = [];
  const closers: (() => Promise<void>)[] = [];
  const add = (name: string, put: Put, close: () => Promise<void>): void => {
    contestants.push({ name, run: writing(writers, put) });
    closers.push(close);
  };
  const redisNames: string[] = [];
  for (const connections of bench.hasPeer("redis") ? REDIS_CONNECTIONS : []) {
    if (connections > writers) continue;
    const peer = await RedisPeer.open(await bench.directory("redis"), connections);
    const name = `Redis, ${connections} pipelined ${connections === 1 ? "connection" : "connections"}`;
    redisNames.push(name);
    add(
      name,
      (caller, key, value) => peer.set(caller, key, value),
      () => peer.close(),
    );
  }
  if (bench.hasPeer("lmdb")) {
    const peer = await LmdbPeer.open(await bench.directory("lmdb"));
    add(
      "LMDB",
      (_, key, value) => peer.put(key, value),
      () => peer.close(),
    );
  }
  const besides: PutPeers["besides"] = (samples) => {
    const speed = (name: string): number => median(samples.get(name)!);
    const redis = redisNames.toSorted((a, b) => speed(b) - speed(a)).slice(0, 1);
    const chosen = [...redis.map((name) => ({ id: "redis", name }))];
    if (bench.hasPeer("lmdb")) chosen.push({ id: "lmdb", name: "LMDB" });
    return chosen.map(({ id, name }) => ({ id, title: name, unit: "/s", samples: samples.get(name)! }));
  };
  const close = async (): Promise<void> => {
    for (const end of closers) await end();
  };
  return { contestants, besides, close };
}
