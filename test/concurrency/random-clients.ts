/** Clients that read and write a few keys at random, all at once; some of them lose patience. */
import { systemDefer } from "../../src/base/defer.ts";
import { below, type Random, seededRandom } from "../../src/base/random.ts";
import { isHoldfastError } from "../../src/contract/errors.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { Store } from "../../src/contract/store.ts";
import type { Condition, Operation, TxnRequest } from "../../src/contract/txn.ts";
import {
  append,
  branches,
  del,
  integer,
  interval,
  merge,
  nested,
  put,
  read,
  when,
} from "../../src/testing/conformance/kit/requests.ts";

export interface ClientsOptions {
  readonly seed: number;
  readonly clients: number;
  readonly callsEach: number;
  /** Every so many calls is aborted on its way. 0: none. */
  readonly abortEvery: number;
}

const KEYS = ["a", "b", "c", "d"];

export async function runClients(connect: () => Store, options: ClientsOptions): Promise<void> {
  const clients = Array.from({ length: options.clients }, (_, id) => {
    return runClient(connect(), seededRandom(options.seed * 1_000 + id), { ...options, id });
  });
  await Promise.all(clients);
}

async function runClient(
  store: Store,
  random: Random,
  options: ClientsOptions & { id: number },
): Promise<void> {
  for (let call = 0; call < options.callsEach; call++) {
    const controller = new AbortController();
    if (options.abortEvery > 0 && below(random, options.abortEvery) === 0) abortSoon(controller, random);
    try {
      await oneCall(store, random, { value: `${options.id}.${call}`, signal: controller.signal });
    } catch (error) {
      if (!isHoldfastError(error, "ABORTED") && !isHoldfastError(error, "DUPLICATE_KEY")) throw error;
    }
    for (let turns = below(random, 3); turns > 0; turns--)
      await new Promise<void>((resolve) => systemDefer(resolve));
  }
}

function abortSoon(controller: AbortController, random: Random): void {
  const soon = (turns: number): void =>
    turns === 0 ? controller.abort() : systemDefer(() => soon(turns - 1));
  soon(below(random, 3));
}

async function oneCall(
  store: Store,
  random: Random,
  { value, signal }: { readonly value: string; readonly signal: AbortSignal },
): Promise<void> {
  const kind = below(random, 10);
  const key = KEYS[below(random, KEYS.length)]!;
  if (kind < 2) await store.range(interval(key), { signal });
  else if (kind < 4) await store.range({ ...EVERYTHING, limit: below(random, 4) }, { signal });
  else if (kind < 6) await compareAndSwap(store, key, { value, signal });
  else await store.txn(randomTxn(random, key, value), { signal });
}

async function compareAndSwap(
  store: Store,
  key: string,
  { value, signal }: { readonly value: string; readonly signal: AbortSignal },
): Promise<void> {
  const seen = (await store.range(interval(key), { signal })).kvs[0]?.revision ?? 0;
  const unchanged: Condition = when("revision", key, "=", seen);
  await store.txn({ conditions: [unchanged], success: [put(key, value)], failure: [read(key)] }, { signal });
}

function randomTxn(random: Random, key: string, value: string): TxnRequest {
  const other = KEYS[below(random, KEYS.length)]!;
  const operations: readonly Operation[][] = [
    [put(key, value, { previous: true })],
    [put(key, value), read("a", "z"), append("q", value)],
    [del(key, undefined, { previous: true }), put(`${key}!`, value)],
    [del("a", "c")],
    [merge("n", integer(1), { fn: "add", width: 8 }), read("n")],
    [
      read("a", "z"),
      nested({
        conditions: [when("version", other, ">", 1)],
        success: [put("e", value)],
        failure: [del("e")],
      }),
    ],
  ];
  return branches({
    conditions: below(random, 3) === 0 ? [when("version", other, "<", 2)] : [],
    success: operations[below(random, operations.length)]!,
    failure: [read(key), read(other)],
  });
}
