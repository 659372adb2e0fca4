/**
 * Real processes under load, killed with SIGKILL at random moments, on the same directory again and again: what
 * was acknowledged is there, transactions are whole, revisions hold. The seed is printed with a failure; the
 * moments depend on the machine, so a failure need not come again, but the directory is kept.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ByteString, prefixEnd } from "../../src/base/byte-string.ts";
import { systemClock } from "../../src/base/clock.ts";
import { below, type Random, seededRandom } from "../../src/base/random.ts";
import type { KeyValue } from "../../src/contract/key-value.ts";
import type { Store } from "../../src/contract/store.ts";
import { openFileStore } from "../../src/engines/file/index.ts";
import { type Child, startChild } from "./child.ts";
import { type CompiledSources, compileSources } from "./compiled-sources.ts";

const { HOLDFAST_CRASH_ROUNDS, HOLDFAST_CRASH_SEED } = process.env;
const ROUNDS = Number(HOLDFAST_CRASH_ROUNDS ?? 12);
const SEED = Number(HOLDFAST_CRASH_SEED ?? 1);
const WRITERS = 48;
const LOG = "log/" as ByteString;

let sources: CompiledSources;
beforeAll(async () => {
  sources = await compileSources();
});
afterAll(() => sources.remove());

/** What the writers were told, and what was verified in the rounds before. */
interface Promised {
  readonly numbers: number[];
  /** `WRITER:NUMBER` to the revision that was acknowledged, of this round. */
  readonly revisions: Map<string, number>;
  count: number;
  revision: number;
}

test("nothing acknowledged is lost, and nothing is half there, when a writing process is killed", async () => {
  const random = seededRandom(SEED);
  const directory = await mkdtemp(join(tmpdir(), "holdfast-crash-"));
  const promised: Promised = {
    ...{ numbers: Array.from({ length: WRITERS }, () => 0), revisions: new Map(), count: 0, revision: 1 },
  };
  for (let round = 1; round <= ROUNDS; round++) {
    await writeUntilKilled(directory, random, promised);
    const startMs = systemClock.monotonicMs();
    const store = await openFileStore(directory);
    const label = `seed ${SEED}, round ${round}, ${directory}`;
    expect(systemClock.monotonicMs() - startMs, label).toBeLessThan(5_000);
    await check(store, promised, label);
    await store.txn({
      conditions: [],
      success: [{ type: "delete", key: LOG, end: prefixEnd(LOG)! }],
      failure: [],
    });
    promised.revision = store.revision;
    await store.close();
  }
  expect(promised.count).toBeGreaterThan(ROUNDS);
  await rm(directory, { recursive: true, force: true });
});

async function writeUntilKilled(directory: string, random: Random, promised: Promised): Promise<void> {
  const root = fileURLToPath(sources.url("")).replace(/\/$/, "");
  const child = startChild("writers.mjs", [root, directory, String(WRITERS)]);
  promised.revisions.clear();
  expect(await child.line()).toBe("opening");
  // While it opens, at once afterwards, or under load.
  const acknowledgements = [-1, 0, 1 + below(random, 200), 200 + below(random, 5_000)][below(random, 4)]!;
  if (acknowledgements >= 0) expect(await child.line()).toBe("open");
  for (let at = 0; at < acknowledgements; at++) note(await child.line(), promised);
  await child.kill();
  for (const line of await rest(child)) if (line !== "open") note(line, promised);
}

/** What was written before the kill is still in the pipe. */
async function rest(child: Child): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const line = await child.line().catch(() => undefined);
    if (line === undefined) return lines;
    lines.push(line);
  }
}

function note(line: string, promised: Promised): void {
  const [writer, number, revision] = line.split(" ").map(Number) as [number, number, number];
  promised.numbers[writer] = number;
  promised.revisions.set(`${writer}:${number}`, revision);
}

async function check(store: Store, promised: Promised, label: string): Promise<void> {
  let count = 0;
  for (const [writer, acknowledged] of promised.numbers.entries()) {
    const a = await get(store, `w/${writer}/a`);
    const b = await get(store, `w/${writer}/b`);
    expect([a?.value, a?.revision], label).toEqual([b?.value, b?.revision]);
    const number = Number.parseInt(a?.value ?? "0", 10);
    expect(number, label).toBeGreaterThanOrEqual(acknowledged);
    expect(number, label).toBeLessThanOrEqual(acknowledged + 1);
    expect(a?.version ?? 0, label).toBe(number);
    promised.numbers[writer] = number;
    count += number;
  }
  expect(littleEndian(await get(store, "count")), label).toBe(count);
  expect(littleEndian(await get(store, "sequence")), label).toBe(count);
  await checkLog(store, promised, { count, label });
  promised.count = count;
}

async function checkLog(
  store: Store,
  promised: Promised,
  now: { count: number; label: string },
): Promise<void> {
  const { count, label } = now;
  const { kvs } = await store.range({ key: LOG, end: prefixEnd(LOG)! });
  expect(kvs.length, label).toBe(count - promised.count);
  let revision = promised.revision;
  const entries = new Map<string, KeyValue>();
  for (const [at, kv] of kvs.entries()) {
    expect(Number(kv.key.slice(LOG.length)), label).toBe(promised.count + at + 1);
    expect(kv.revision, label).toBe(revision + 1);
    expect([kv.createRevision, kv.version], label).toEqual([kv.revision, 1]);
    revision = kv.revision;
    entries.set(kv.value, kv);
  }
  expect(entries.size, label).toBe(kvs.length);
  expect(store.revision, label).toBe(revision);
  for (const [entry, acknowledged] of promised.revisions) {
    expect(entries.get(entry as ByteString)?.revision, label).toBe(acknowledged);
  }
}

async function get(store: Store, key: string): Promise<KeyValue | undefined> {
  const { kvs } = await store.range({ key: key as ByteString });
  return kvs[0];
}

function littleEndian(kv: KeyValue | undefined): number {
  let number = 0;
  for (const byte of [...(kv?.value ?? "")].reverse()) number = number * 256 + byte.charCodeAt(0);
  return number;
}
