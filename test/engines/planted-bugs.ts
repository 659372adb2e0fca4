/** Stores with one bug each, and the behaviour of the suite that must notice. */
import { type ByteString, successor } from "../../src/base/byte-string.ts";
import { HoldfastError, isHoldfastError } from "../../src/contract/errors.ts";
import type { Store } from "../../src/contract/store.ts";
import type { Operation } from "../../src/contract/txn.ts";
import type { Watch, WatchBatch } from "../../src/contract/watch.ts";
import { oneTurn } from "../../src/testing/conformance/kit/context.ts";

/** The parts of the store that the bug replaces. */
export type Bug = (store: Store) => Partial<Store>;

/** The store with some of its parts replaced. */
export function withBug(store: Store, bug: Bug): Store {
  const replaced = bug(store);
  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name);
      const part: unknown = Reflect.get(target, name, target);
      return typeof part === "function" ? part.bind(target) : part;
    },
  });
}

function withWatchBug(
  store: Store,
  next: (watch: Watch) => () => Promise<WatchBatch | undefined>,
): Partial<Store> {
  return {
    async watch(request, options) {
      const watch = await store.watch(request, options);
      return {
        startRevision: watch.startRevision,
        next: next(watch),
        requestProgress: () => watch.requestProgress(),
        cancel: () => watch.cancel(),
      };
    },
  };
}

export const PLANTED_BUGS: readonly (readonly [behaviour: string, bug: string, Bug])[] = [
  [
    "range-bounds",
    "the end of a range belongs to it",
    (store) => ({
      range: (request, options) =>
        store.range(
          request.end === undefined || request.end === "\0"
            ? request
            : { ...request, end: successor(request.end) },
          options,
        ),
    }),
  ],
  [
    "range-revisions",
    "an old read answers with the old revision",
    (store) => ({
      range: async (request, options) => ({
        ...(await store.range(request, options)),
        ...(request.revision ? { revision: request.revision } : {}),
      }),
    }),
  ],
  [
    "range-sorting",
    "the limit cuts before the sort",
    (store) => ({
      async range(request, options) {
        const answer = await store.range({ ...request, limit: undefined }, options);
        return request.limit
          ? store.range({ ...request, end: answer.kvs[request.limit]?.key }, options)
          : answer;
      },
    }),
  ],
  [
    "range-limits-and-paging",
    "a limit that is reached exactly counts as a cut",
    (store) => ({
      async range(request, options) {
        const answer = await store.range(request, options);
        return { ...answer, more: answer.more || answer.kvs.length === request.limit };
      },
    }),
  ],
  [
    "put",
    "ignoreLease is not looked at",
    (store) => ({
      txn: (request, options) =>
        store.txn(
          {
            ...request,
            success: request.success.map((operation) =>
              operation.type === "put" ? { ...operation, ignoreLease: false } : operation,
            ),
          },
          options,
        ),
    }),
  ],
  [
    "txn-conditions",
    "!= holds for a value that is absent",
    (store) => ({
      txn: (request, options) =>
        store.txn(
          {
            ...request,
            conditions: request.conditions.filter(
              (condition) => condition.target !== "value" || condition.is !== "!=",
            ),
          },
          options,
        ),
    }),
  ],
  ["txn-branches", "operations are done one by one", (store) => ({ txn: oneByOne(store) })],
  ["txn-duplicates", "a key may be written twice", (store) => ({ txn: oneByOne(store) })],
  [
    "watch-live",
    "the state before is left out",
    (store) => ({ watch: (request, options) => store.watch({ ...request, previous: false }, options) }),
  ],
  [
    "watch-history",
    "the first revision asked for is left out",
    (store) => ({
      watch: (request, options) =>
        store.watch(
          { ...request, fromRevision: request.fromRevision ? request.fromRevision + 1 : 0 },
          options,
        ),
    }),
  ],
  ["watch-order-and-atomicity", "a batch is split", (store) => withWatchBug(store, splitBatches)],
  [
    "watch-backpressure",
    "every hundredth batch is lost",
    (store) =>
      withWatchBug(store, (watch) => {
        let count = 0;
        return async () => {
          if (++count % 100 === 0) await watch.next();
          return watch.next();
        };
      }),
  ],
  [
    "watch-compaction",
    "an overtaken watch ends in silence",
    (store) => withWatchBug(store, (watch) => () => watch.next().catch(() => undefined)),
  ],
  [
    "watch-cancel-and-progress",
    "progress is promised one revision too far",
    (store) =>
      withWatchBug(store, (watch) => async () => {
        const batch = await watch.next();
        return batch === undefined ? undefined : { ...batch, revision: batch.revision + 1 };
      }),
  ],
  [
    "leases",
    "a lease never ends",
    (store) => ({
      grantLease: async (request, options) => {
        const { id } = await store.grantLease({ ...request, ttlMs: request.ttlMs * 1_000 }, options);
        return { id, ttlMs: request.ttlMs };
      },
    }),
  ],
  [
    "leases",
    "a keep-alive renews nothing",
    (store) => ({ keepAliveLease: async (id) => ({ id, ttlMs: (await store.leaseStatus(id))!.ttlMs }) }),
  ],
  [
    "lease-bindings",
    "a put without a lease keeps the one there is",
    (store) => ({
      async txn(request, options) {
        const keep = async (operation: Operation): Promise<Operation> => {
          if (operation.type !== "put" || operation.leaseId !== undefined) return operation;
          const leaseId = (await store.range({ key: operation.key })).kvs[0]?.leaseId;
          return { ...operation, leaseId };
        };
        return store.txn({ ...request, success: await Promise.all(request.success.map(keep)) }, options);
      },
    }),
  ],
  [
    "compaction",
    "compacting twice at one point is let through",
    (store) => ({
      compact: (revision, options) =>
        store
          .compact(revision, options)
          .catch((error) => (isHoldfastError(error, "COMPACTED") ? undefined : Promise.reject(error))),
    }),
  ],
  [
    "snapshot",
    "snapshots are promised and not given",
    (store) => ({ capabilities: { ...store.capabilities, snapshot: true } }),
  ],
  [
    "status",
    "the history has no name of its own",
    (store) => ({ status: async () => ({ ...(await store.status()), historyId: "same" }) }),
  ],
  [
    "bad-input",
    "keys that are numbers become texts",
    (store) => ({
      range: (request, options) =>
        store.range(
          {
            ...request,
            key: typeof request?.key === "number" ? (String(request.key) as ByteString) : request.key,
          },
          options,
        ),
    }),
  ],
  [
    "limits",
    "limits are larger than they say",
    (store) => ({ limits: { ...store.limits, keyBytesMax: store.limits.keyBytesMax - 1 } }),
  ],
  [
    "abort-and-timeout",
    "an aborted write is done all the same",
    (store) => ({
      async txn(request, options) {
        const answer = await store.txn(request);
        if (options?.signal?.aborted) throw new HoldfastError("ABORTED", "aborted");
        return answer;
      },
    }),
  ],
  [
    "close-and-lifecycle",
    "watches end in silence with the store",
    (store) =>
      withWatchBug(
        store,
        (watch) => () =>
          watch
            .next()
            .catch((error) => (isHoldfastError(error, "CLOSED") ? undefined : Promise.reject(error))),
      ),
  ],
  ["wait-for-revision", "nobody waits", () => ({ waitForRevision: async () => {} })],
  [
    "concurrency",
    "conditions are judged before others have written",
    (store) => ({
      async txn(request, options) {
        const { succeeded } = await store.txn({ ...request, success: [], failure: [] }, options);
        await oneTurn();
        const branch = succeeded ? request.success : request.failure;
        return { ...(await store.txn({ conditions: [], success: branch, failure: [] }, options)), succeeded };
      },
    }),
  ],
  [
    "differential",
    "the twelfth version of a key is called the first",
    (store) => ({
      async range(request, options) {
        const answer = await store.range(request, options);
        return { ...answer, kvs: answer.kvs.map((kv) => (kv.version === 12 ? { ...kv, version: 1 } : kv)) };
      },
    }),
  ],
  [
    "durability",
    "durability is promised and not given",
    (store) => ({ capabilities: { ...store.capabilities, durable: true } }),
  ],
];

function oneByOne(store: Store): Store["txn"] {
  return async (request, options) => {
    const { succeeded } = await store.txn({ ...request, success: [], failure: [] }, options);
    const answers = [];
    for (const operation of succeeded ? request.success : request.failure) {
      answers.push(await store.txn({ conditions: [], success: [operation], failure: [] }, options));
    }
    const responses = answers.flatMap((answer) => answer.responses);
    return { succeeded, revision: store.revision, responses };
  };
}

function splitBatches(watch: Watch): () => Promise<WatchBatch | undefined> {
  const ready: WatchBatch[] = [];
  return async () => {
    const batch = ready.shift() ?? (await watch.next());
    if (batch === undefined || batch.events.length < 2) return batch;
    const [first, ...rest] = batch.events;
    ready.push({ ...batch, events: rest });
    return { ...batch, events: [first!] };
  };
}
