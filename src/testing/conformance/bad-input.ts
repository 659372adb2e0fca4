/** Requests that are wrong in themselves: each is refused with INVALID_ARGUMENT, and nothing changes. */
import type { Store } from "../../contract/store.ts";
import { assertEqual, assertRejects, ConformanceError, show } from "./kit/assert.ts";
import { behaviour } from "./kit/behaviour.ts";
import {
  append,
  branches,
  del,
  everything,
  interval,
  merge,
  nested,
  put,
  raw,
  read,
  when,
  write,
} from "./kit/requests.ts";

/** None of these is a byte string. "\u0100" is text with a character beyond one byte. */
const NOT_BYTES = [
  undefined,
  null,
  5,
  5n,
  true,
  {},
  [],
  new Uint8Array([97]),
  Symbol("a"),
  "\u0100",
  "a\u{1f600}",
];
const NOT_KEYS = [...NOT_BYTES, ""];
const NOT_COUNTS = [null, "1", 1n, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, {}, true];
const NOT_OBJECTS = [undefined, null, 5, "text", true];
const NOT_LEASE_IDS = [null, 5, "5", {}, 2n ** 63n, -(2n ** 63n) - 1n];
const NOT_LISTS = [undefined, null, {}, "text", 5];

type Method = Exclude<keyof Store, "limits" | "capabilities" | "revision" | "compactRevision">;

/** Calls with whatever arguments; a store rejects, it does not throw. */
async function call(store: Store, method: Method, ...args: readonly unknown[]): Promise<unknown> {
  const untyped = store as unknown as Record<Method, (...args: readonly unknown[]) => unknown>;
  let answer: unknown;
  try {
    answer = untyped[method](...args);
  } catch (error) {
    throw new ConformanceError(`${method} threw ${String(error)} instead of rejecting`, { cause: error });
  }
  return await answer;
}

async function assertRefused(store: Store, method: Method, ...args: readonly unknown[]): Promise<void> {
  try {
    await assertRejects(call(store, method, ...args), "INVALID_ARGUMENT");
  } catch (error) {
    throw new ConformanceError(`${method}(${args.map(describe).join(", ")}): ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function describe(argument: unknown): string {
  return typeof argument === "symbol" ? String(argument) : show(argument);
}

function without(request: object, name: string): object {
  return Object.fromEntries(Object.entries(request).filter(([field]) => field !== name));
}

/** Every variant of the request with one field replaced by something wrong. */
function spoiled(request: object, wrong: Readonly<Record<string, readonly unknown[]>>): readonly object[] {
  return Object.entries(wrong).flatMap(([field, values]) =>
    values.map((value) => (value === undefined ? without(request, field) : { ...request, [field]: value })),
  );
}

const WRONG_QUERIES = {
  key: NOT_KEYS,
  end: NOT_BYTES.slice(1),
  revision: NOT_COUNTS,
  limit: NOT_COUNTS,
  minRevision: NOT_COUNTS,
  maxRevision: NOT_COUNTS,
  minCreateRevision: NOT_COUNTS,
  maxCreateRevision: NOT_COUNTS,
  bytesMax: NOT_COUNTS,
  order: [null, "up", "ASCENDING", 1],
  sortBy: [null, "mod", "lease", 0],
} as const;

const WRONG_OPERATIONS: readonly object[] = [
  ...NOT_OBJECTS,
  {},
  { type: "get", key: "a" },
  { type: "PUT", key: "a", value: "" },
  ...spoiled(put("a", "v"), { key: NOT_KEYS, value: NOT_BYTES, leaseId: NOT_LEASE_IDS }),
  ...spoiled(del("a"), { key: NOT_KEYS, end: NOT_BYTES.slice(1) }),
  ...spoiled(read("a"), WRONG_QUERIES),
  ...spoiled(merge("a", "xy"), {
    key: NOT_KEYS,
    fn: [undefined, null, "min", "ADD"],
    width: [undefined, null, 0, 3, 16, "8", 4],
    offset: [undefined, ...NOT_COUNTS],
    operand: [...NOT_BYTES, ""],
    leaseId: NOT_LEASE_IDS,
  }),
  ...spoiled(append("q", "v"), {
    prefix: NOT_BYTES,
    sequence: NOT_KEYS,
    value: NOT_BYTES,
    leaseId: NOT_LEASE_IDS,
  }),
  ...spoiled(nested({}), { conditions: NOT_LISTS, success: NOT_LISTS, failure: NOT_LISTS }),
] as readonly object[];

const WRONG_CONDITIONS: readonly object[] = [
  ...NOT_OBJECTS,
  {},
  ...spoiled(when("version", "a", "=", 1), {
    key: NOT_KEYS,
    end: NOT_BYTES.slice(1),
    is: [undefined, null, "==", ">=", "equal"],
    target: [undefined, null, "mod", "value", "lease"],
    to: [undefined, null, "1", 1n, 1.5, Number.NaN, 2 ** 53],
  }),
  ...spoiled(when("value", "a", "=", "v"), { to: NOT_BYTES }),
  ...spoiled(when("lease", "a", "=", 1n), { to: [undefined, ...NOT_LEASE_IDS] }),
] as readonly object[];

export const badInput = behaviour("bad-input", (test) => {
  test("of a range is INVALID_ARGUMENT", async ({ store }) => {
    for (const request of [...NOT_OBJECTS, ...spoiled(interval("a"), WRONG_QUERIES)]) {
      await assertRefused(store, "range", request);
    }
  });

  test("of a transaction's lists is INVALID_ARGUMENT", async ({ store }) => {
    const wrong = { conditions: NOT_LISTS, success: NOT_LISTS, failure: NOT_LISTS };
    for (const request of [...NOT_OBJECTS, {}, ...spoiled(branches({}), wrong)]) {
      await assertRefused(store, "txn", request);
    }
  });

  test("of an operation is INVALID_ARGUMENT, in either branch and nested, and nothing is done", async ({
    store,
  }) => {
    for (const wrong of WRONG_OPERATIONS) {
      await assertRefused(store, "txn", { conditions: [], success: [put("z"), wrong], failure: [] });
      await assertRefused(store, "txn", { conditions: [], success: [], failure: [wrong] });
      await assertRefused(store, "txn", {
        conditions: [],
        success: [{ type: "txn", conditions: [], success: [wrong], failure: [] }],
        failure: [],
      });
    }
    assertEqual([store.revision, await everything(store)], [1, []]);
  });

  test("of a condition is INVALID_ARGUMENT", async ({ store }) => {
    for (const wrong of WRONG_CONDITIONS) {
      await assertRefused(store, "txn", { conditions: [wrong], success: [put("z")], failure: [] });
    }
    assertEqual(store.revision, 1);
  });

  test("of a watch is INVALID_ARGUMENT, and no watch is left", async ({ store }) => {
    const wrong = {
      key: NOT_KEYS,
      end: NOT_BYTES.slice(1),
      fromRevision: NOT_COUNTS,
      only: [null, "puts", "PUT", 1],
    };
    for (const request of [...NOT_OBJECTS, ...spoiled(interval("a"), wrong)]) {
      await assertRefused(store, "watch", request);
    }
    assertEqual((await store.status()).watches, 0);
  });

  test("of a lease is INVALID_ARGUMENT", async ({ store, ttlMs }) => {
    const wrongTimes = [undefined, null, "1000", 1000n, Number.NaN, Number.POSITIVE_INFINITY, -1, {}];
    for (const request of [
      ...NOT_OBJECTS,
      ...spoiled({ ttlMs, id: 1n }, { ttlMs: wrongTimes, id: NOT_LEASE_IDS }),
    ]) {
      await assertRefused(store, "grantLease", request);
    }
    for (const id of [undefined, ...NOT_LEASE_IDS]) {
      await assertRefused(store, "keepAliveLease", id);
      await assertRefused(store, "revokeLease", id);
      await assertRefused(store, "leaseStatus", id);
    }
    assertEqual(await store.leases(), []);
  });

  test("of a revision is INVALID_ARGUMENT", async ({ store }) => {
    for (const revision of [undefined, ...NOT_COUNTS]) {
      await assertRefused(store, "compact", revision);
      await assertRefused(store, "waitForRevision", revision);
    }
  });

  test("of call options is INVALID_ARGUMENT, on every method", async ({ store, ttlMs }) => {
    const request = interval("a");
    const calls: readonly (readonly [Method, ...unknown[]])[] = [
      ["range", request],
      ["txn", branches({ success: [put("a")] })],
      ["watch", request],
      ["waitForRevision", 1],
      ["grantLease", { ttlMs }],
      ["keepAliveLease", 1n],
      ["revokeLease", 1n],
      ["leaseStatus", 1n],
      ["leases"],
      ["compact", 1],
      ["status"],
    ];
    const wrong = [
      { timeoutMs: -1 },
      { timeoutMs: "5" },
      { timeoutMs: Number.NaN },
      { signal: {} },
      { signal: "stop" },
    ];
    for (const [method, ...args] of calls) {
      for (const options of wrong) await assertRefused(store, method, ...args, options);
    }
    assertEqual([store.revision, await store.leases()], [1, []]);
  });

  test("does no harm to what comes after", async ({ store }) => {
    await assertRefused(store, "txn", {
      conditions: [],
      success: [put("a"), { type: "put", key: 5 }],
      failure: [],
    });
    assertEqual(await write(store, put("a")), { revision: 2 });
  });

  test("a request that its caller changes afterwards is done as it was given", async ({ store }) => {
    const operations = [put("a", "given"), put("b", "given")];
    const answer = store.txn({ conditions: [], success: operations, failure: [] });
    operations.length = 0;
    operations.push(put("c", "slipped in"));
    assertEqual((await answer).responses.length, 2);
    assertEqual(await everything(store), [
      { key: "a", value: "given" },
      { key: "b", value: "given" },
    ]);
    const range = { key: raw("a"), end: raw("c") };
    const watch = await store.watch(range);
    range.end = raw("z");
    await write(store, put("x"));
    await write(store, put("b", "seen"));
    const batch = await watch.next();
    assertEqual(batch?.events, [{ kv: { value: "seen" } }]);
  });
});
