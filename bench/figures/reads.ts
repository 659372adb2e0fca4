/** How fast reads are: one hot key, and a list of a hundred, beside the least that any awaited read costs, and LMDB. */
import type { Database } from "holdfast";
import { fill, keyAt, values } from "../harness/data.ts";
import { atLeast, type Beside, type Figure, type Requirement, type Row } from "../harness/figure.ts";
import { rateOfBatches } from "../harness/load.ts";
import { type Contestant, interleave } from "../harness/rounds.ts";
import { ratios } from "../harness/statistics.ts";
import type { Workbench } from "../harness/workbench.ts";
import { LmdbPeer } from "../peers/lmdb.ts";

const KEYS = 10_000;
const LISTED = 100;
const ROUNDS = 9;
const ROUND_MS = 300;
const GETS_PER_BATCH = 10_000;
const LISTS_PER_BATCH = 100;
const LIST_PREFIX = "/bench/list/";

interface Entry {
  readonly key: string;
  readonly value: string;
}

export const reads: Figure = {
  name: "reads",
  asks: "`await db.get` of a hot key and lists of 100 keys a second, beside a plain Map behind an await, and LMDB",
  run: async (bench) => {
    const db = await bench.open();
    await fill(db, bench.count(KEYS));
    const listed = entries();
    for (const { key, value } of listed) await db.put(key, value);
    const lmdb = await openLmdb(bench, listed);
    const rows = [...(await getRows(bench, db, lmdb)), ...(await listRows(bench, db, lmdb))];
    await lmdb?.close();
    return rows;
  },
};

function entries(): Entry[] {
  return Array.from({ length: LISTED }, (_, at) => ({
    key: `${LIST_PREFIX}${1000 + at}`,
    value: values[at % values.length]!,
  }));
}

async function openLmdb(bench: Workbench, listed: readonly Entry[]): Promise<LmdbPeer | undefined> {
  if (!bench.hasPeer("lmdb")) return undefined;
  const peer = await LmdbPeer.open(await bench.directory("lmdb"));
  const all = [...listed];
  for (let index = 0; index < bench.count(KEYS); index++) all.push({ key: keyAt(index), value: values[0]! });
  await Promise.all(all.map(({ key, value }) => peer.put(key, value)));
  return peer;
}

async function getRows(bench: Workbench, db: Database, lmdb: LmdbPeer | undefined): Promise<Row[]> {
  const key = keyAt(1);
  const map = new Map([[key, { key, value: values[1]! }]]);
  const getFromMap = (wanted: string) => Promise.resolve(map.get(wanted));
  const own = async (size: number): Promise<void> => {
    for (let at = 0; at < size; at++) {
      const found = await db.get(key);
      if (found === undefined) throw new Error("a key that was written is gone");
    }
  };
  const bare = async (size: number): Promise<void> => {
    for (let at = 0; at < size; at++) {
      const found = await getFromMap(key);
      if (found === undefined) throw new Error("unreachable");
    }
  };
  const peer = async (size: number): Promise<void> => {
    for (let at = 0; at < size; at++) {
      if (lmdb!.get(key) === undefined) throw new Error("LMDB lost a key");
    }
  };
  return readRows(
    bench,
    {
      id: "get",
      title: "await db.get of a hot key",
      required: atLeast(1_500_000, "value"),
      perBatch: GETS_PER_BATCH,
    },
    { own, bare: { title: "await of a Map lookup", run: bare }, lmdb: lmdb && peer },
  );
}

async function listRows(bench: Workbench, db: Database, lmdb: LmdbPeer | undefined): Promise<Row[]> {
  const array = entries();
  const copyOfArray = () => Promise.resolve(array.map(({ key, value }) => ({ key, value })));
  const check = (list: readonly unknown[]): void => {
    if (list.length !== LISTED) throw new Error(`listed ${list.length} keys, not ${LISTED}`);
  };
  const own = async (size: number): Promise<void> => {
    for (let at = 0; at < size; at++) check(await db.list(LIST_PREFIX));
  };
  const bare = async (size: number): Promise<void> => {
    for (let at = 0; at < size; at++) check(await copyOfArray());
  };
  const peer = async (size: number): Promise<void> => {
    for (let at = 0; at < size; at++) check(lmdb!.list(LIST_PREFIX));
  };
  return readRows(
    bench,
    {
      id: "list",
      title: `await db.list of ${LISTED} keys`,
      required: atLeast(40_000, "value"),
      perBatch: LISTS_PER_BATCH,
    },
    { own, bare: { title: `await of ${LISTED} copied objects`, run: bare }, lmdb: lmdb && peer },
  );
}

type Batch = (size: number) => Promise<void>;

interface ReadQuestion {
  readonly id: string;
  readonly title: string;
  readonly required: Requirement;
  readonly perBatch: number;
}

interface Readers {
  readonly own: Batch;
  readonly bare: { readonly title: string; readonly run: Batch };
  readonly lmdb: Batch | undefined;
}

async function readRows(bench: Workbench, question: ReadQuestion, readers: Readers): Promise<Row[]> {
  const { id, title, required, perBatch } = question;
  const contestant = (name: string, batch: Batch): Contestant => ({
    name,
    run: (ms) => rateOfBatches(perBatch, ms, batch),
  });
  const contestants = [contestant("own", readers.own), contestant("bare", readers.bare.run)];
  if (readers.lmdb !== undefined) contestants.push(contestant("lmdb", readers.lmdb));
  const samples = await interleave(contestants, bench.rounds(ROUNDS, ROUND_MS));
  const value = { unit: "/s" as const, samples: samples.get("own")! };
  const row = (name: string, besideTitle: string): Row => {
    const beside: Beside = { title: besideTitle, unit: "/s", samples: samples.get(name)! };
    return { id, title, value, beside, ratio: ratios(value.samples, beside.samples) };
  };
  const rows: Row[] = [{ ...row("bare", readers.bare.title), required }];
  if (readers.lmdb !== undefined) rows.push({ ...row("lmdb", "LMDB, synchronous"), id: `${id}-lmdb` });
  return rows;
}
