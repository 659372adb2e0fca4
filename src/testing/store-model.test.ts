import { describe, expect, test } from "vitest";
import type { ByteString } from "../base/byte-string.ts";
import { below, type Random, seededRandom } from "../base/random.ts";
import { EVERYTHING } from "../contract/key-range.ts";
import type { RangeResult } from "../contract/range.ts";
import type { Store } from "../contract/store.ts";
import type { TxnRequest, TxnResult } from "../contract/txn.ts";
import { createHistoryRecorder } from "./history-recorder.ts";
import { checkLinearizability, type HistoryOperation } from "./linearizability.ts";
import { createReferenceStore } from "./reference-store.ts";
import { type StoreInput, type StoreOutput, storeModel } from "./store-model.ts";

type Done = HistoryOperation<StoreInput, StoreOutput>;

const key = (name: string) => name as ByteString;

function put(name: string, value: string): TxnRequest {
  return { conditions: [], success: [{ type: "put", key: key(name), value: key(value) }], failure: [] };
}

async function settle(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}

type Slow = Pick<Store, "range" | "txn">;

/** A store whose answers take their time on the way, there and back. */
function delayed(store: Store, seed: number): Slow {
  const random = seededRandom(seed);
  const travel = async <T>(call: () => Promise<T>): Promise<T> => {
    await settle(below(random, 12));
    const answer = await call();
    await settle(below(random, 12));
    return answer;
  };
  return {
    range: (request) => travel(() => store.range(request)),
    txn: (request) => travel(() => store.txn(request)),
  };
}

/** A store of which some parts lie. */
function lying(store: Store, lies: Partial<Store>): Store {
  const { range, txn } = { range: store.range.bind(store), txn: store.txn.bind(store) };
  return { range, txn, ...lies } as Store;
}

async function runClient(client: Store, id: number, random: Random): Promise<void> {
  for (let at = 0; at < 12; at++) {
    const name = `k${below(random, 3)}`;
    const write = put(name, `${id}.${at}`);
    const kind = below(random, 4);
    if (kind === 0) await client.range(EVERYTHING);
    else if (kind === 1) await client.txn(write);
    else {
      const seen = (await client.range({ key: key(name) })).kvs[0]?.revision ?? 0;
      const unchanged = { key: key(name), target: "revision", is: "=", to: seen } as const;
      await client.txn({ ...write, conditions: [unchanged], failure: [{ type: "range", ...EVERYTHING }] });
    }
  }
}

/** Clients at random on one slow store, which may tell lies. */
async function run(seed: number, lies: (slow: Slow) => Partial<Store> = () => ({})) {
  const recorder = createHistoryRecorder();
  const slow = delayed(createReferenceStore(), seed);
  const store = lying(slow as Store, lies(slow));
  const clients = Array.from({ length: 5 }, (_, id) =>
    runClient(recorder.client(store), id, seededRandom(seed * 100 + id)),
  );
  await Promise.all(clients);
  return recorder.history();
}

const isLinearizable = (history: readonly Done[]) => checkLinearizability(storeModel, history).linearizable;

const PUT_TWO: TxnRequest = {
  ...put("a", "1"),
  success: [...put("a", "1").success, ...put("b", "1").success],
};

describe("a store history", () => {
  test("is accepted as it happened", async () => {
    for (let seed = 1; seed <= 10; seed++) expect(isLinearizable(await run(seed)), `seed ${seed}`).toBe(true);
  });

  test("is rejected for a stale read", async () => {
    const answers: RangeResult[] = [];
    const history = await run(1, ({ range }) => ({
      async range(request) {
        const answer = await range(request);
        if (request.end === undefined) return answer;
        answers.push(answer);
        return answers.length > 5 ? answers[2]! : answer;
      },
    }));
    expect(isLinearizable(history)).toBe(false);
  });

  test("is rejected for an answered write that is not there", async () => {
    let writes = 0;
    const history = await run(2, ({ txn, range }) => ({
      async txn(request) {
        if (++writes !== 10) return txn(request);
        const revision = (await range(EVERYTHING)).revision + 1;
        return { succeeded: true, revision, responses: [{ type: "put", revision }] };
      },
    }));
    expect(isLinearizable(history)).toBe(false);
  });

  test("is rejected for two writes of one revision", async () => {
    let last: TxnResult | undefined;
    const history = await run(3, ({ txn }) => ({
      async txn(request) {
        const answer = await txn(request);
        if (answer.responses[0]?.type !== "put") return answer;
        const before = last;
        last = answer;
        return before !== undefined && answer.revision > 8 ? before : answer;
      },
    }));
    expect(isLinearizable(history)).toBe(false);
  });

  test("is rejected for a lost update", async () => {
    const blind = await run(4, ({ txn }) => ({ txn: (request) => txn({ ...request, conditions: [] }) }));
    expect(isLinearizable(blind)).toBe(false);
  });

  test("is rejected for a value that nobody wrote", async () => {
    const history = await run(5, ({ range }) => ({
      async range(request) {
        const answer = await range(request);
        return { ...answer, kvs: answer.kvs.map((kv) => ({ ...kv, value: key("ghost") })) };
      },
    }));
    expect(isLinearizable(history)).toBe(false);
  });

  test("is rejected for half a transaction", async () => {
    const recorder = createHistoryRecorder();
    const store = createReferenceStore();
    const half = lying(store, {
      async txn(request) {
        const { revision, responses } = await store.txn({ ...request, success: request.success.slice(0, 1) });
        return { succeeded: true, revision, responses: [...responses, ...responses] };
      },
    });
    await recorder.client(half).txn(PUT_TWO);
    expect(isLinearizable(recorder.history())).toBe(true);
    await recorder.client(store).range(EVERYTHING);
    expect(isLinearizable(recorder.history())).toBe(false);
  });

  test("takes a call without an answer for one that may have happened, or may yet", async () => {
    for (const happens of [true, false]) {
      const recorder = createHistoryRecorder();
      const store = createReferenceStore();
      const mute = lying(store, {
        async txn(request) {
          if (happens) await store.txn(request);
          return new Promise(() => {});
        },
      });
      void recorder.client(mute).txn(PUT_TWO);
      await settle(5);
      const client = recorder.client(store);
      await client.range(EVERYTHING);
      await client.txn(put("b", "2"));
      await client.range(EVERYTHING);
      expect(isLinearizable(recorder.history())).toBe(true);
    }
  });
});

describe("the history recorder", () => {
  test("leaves out what certainly did nothing and what promises nothing", async () => {
    const recorder = createHistoryRecorder();
    const store = createReferenceStore();
    const client = recorder.client(store);
    await client.txn(put("a", "1"));
    await expect(client.txn(put("", "1"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await client.range({ key: key("a"), serializable: true });
    await client.range({ key: key("a"), revision: 1 });
    await client.range({ key: key("a") });
    expect(recorder.history().map(({ input, process }) => [input.type, process])).toEqual([
      ["txn", 0],
      ["range", 0],
    ]);
  });

  test("refuses transactions that read the past", async () => {
    const client = createHistoryRecorder().client(createReferenceStore());
    const past = { type: "range", key: key("a"), revision: 1 } as const;
    await expect(client.txn({ conditions: [], success: [past], failure: [] })).rejects.toThrow(TypeError);
  });

  test("passes everything else through", async () => {
    const store = createReferenceStore();
    const client = createHistoryRecorder().client(store);
    const watch = await client.watch(EVERYTHING);
    const { id } = await client.grantLease({ ttlMs: 60_000 });
    await client.keepAliveLease(id);
    await client.txn(put("a", "1"));
    await client.waitForRevision(2);
    expect((await watch.next())?.revision).toBe(2);
    expect([client.revision, (await client.leases()).length, (await client.leaseStatus(id))?.id]).toEqual([
      2,
      1,
      id,
    ]);
    await client.compact(2);
    expect([client.compactRevision, (await client.status()).compactRevision]).toEqual([2, 2]);
    await client.revokeLease(id);
    await expect(client.snapshot()).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect([client.limits, client.capabilities]).toEqual([store.limits, store.capabilities]);
    await client.close();
    await expect(store.status()).rejects.toMatchObject({ code: "CLOSED" });
  });
});
