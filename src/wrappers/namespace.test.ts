import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ByteString, EMPTY, fromText } from "../base/byte-string.ts";
import { EVERYTHING, NO_END } from "../contract/key-range.ts";
import type { Store } from "../contract/store.ts";
import type { TxnRequest } from "../contract/txn.ts";
import { createMemoryStore } from "../engines/memory/index.ts";
import { namespaceStore } from "./namespace.ts";

let inner: Store;

beforeEach(() => {
  inner = createMemoryStore();
});
afterEach(() => inner.close());

const bytes = (text: string) => text as ByteString;
const put = (store: Store, ...keys: string[]) =>
  store.txn({
    conditions: [],
    success: keys.map((key) => ({ type: "put", key: bytes(key), value: bytes(key) })),
    failure: [],
  });
const keysOf = async (store: Store, key: string, end?: string) =>
  (await store.range({ key: bytes(key), end: end as ByteString | undefined })).kvs.map((kv) => kv.key);

describe.each([["p/"], ["\xff"], ["\xff\xff"], ["\0"], ["a\xff"]])("a namespace under %j", (prefix) => {
  let store: Store;

  beforeEach(async () => {
    store = namespaceStore(inner, bytes(prefix));
    await put(inner, "a", "p", "p.", "p0", "\xfe");
    await put(store, "\0", "a", "b", "\xff");
  });

  it("reads every kind of range within itself", async () => {
    expect(await keysOf(store, EVERYTHING.key, EVERYTHING.end)).toEqual(["\0", "a", "b", "\xff"]);
    expect(await keysOf(store, "a", NO_END)).toEqual(["a", "b", "\xff"]);
    expect(await keysOf(store, "a", "b")).toEqual(["a"]);
    expect(await keysOf(store, "a")).toEqual(["a"]);
    expect(await keysOf(store, "a", "")).toEqual([]);
    expect(await keysOf(store, "b", "a")).toEqual([]);
    expect(await keysOf(store, "\xff", NO_END)).toEqual(["\xff"]);
  });

  it("writes within itself", async () => {
    const before = (await inner.status()).keys;
    const { responses } = await store.txn({
      conditions: [{ ...EVERYTHING, target: "version", is: "=", to: 1 }],
      success: [{ type: "delete", ...EVERYTHING, previous: true }],
      failure: [],
    });
    expect(responses).toMatchObject([{ deleted: 4, previous: [{ key: "\0" }, {}, {}, { key: "\xff" }] }]);
    expect((await inner.status()).keys).toBe(before - 4);
  });

  it("watches within itself, without the prefix", async () => {
    const watch = await store.watch({ ...EVERYTHING, previous: true });
    await put(inner, "q");
    await put(store, "a");
    const batch = await watch.next();
    expect(batch?.events).toMatchObject([
      { type: "put", kv: { key: "a" }, previous: { key: "a", version: 1 } },
    ]);
    watch.cancel();
    expect(await watch.next()).toBeUndefined();
  });
});

describe("namespaceStore", () => {
  it("passes every operation and its answer through", async () => {
    const store = namespaceStore(inner, bytes("p/"));
    const request: TxnRequest = {
      conditions: [{ key: bytes("k"), target: "revision", is: "=", to: 0 }],
      success: [
        { type: "put", key: bytes("k"), value: bytes("v"), previous: true },
        { type: "merge", key: bytes("n"), fn: "add", width: 1, offset: 0, operand: bytes("\x02") },
        { type: "append", prefix: bytes("s/"), sequence: bytes("s#"), value: EMPTY },
        { type: "range", ...EVERYTHING, keysOnly: true },
        {
          type: "txn",
          conditions: [{ key: bytes("k"), target: "version", is: "=", to: 0 }],
          success: [{ type: "range", key: bytes("k") }],
          failure: [],
        },
      ],
      failure: [{ type: "put", key: bytes("k"), value: bytes("w"), previous: true }],
    };
    const first = await store.txn(request);
    expect(first.responses).toMatchObject([
      { type: "put" },
      { type: "merge", after: "\x02" },
      { type: "append", key: "s/0000000000000001", number: 1 },
      { type: "range", kvs: [{ key: "k" }, { key: "n" }, { key: "s#" }, { key: "s/0000000000000001" }] },
      { type: "txn", succeeded: true, responses: [{ kvs: [{ key: "k", value: "v" }] }] },
    ]);
    const second = await store.txn(request);
    expect(second.responses).toMatchObject([{ type: "put", previous: { key: "k", value: "v" } }]);
    expect(await keysOf(inner, "\0", NO_END)).toEqual(["p/k", "p/n", "p/s#", "p/s/0000000000000001"]);
  });

  it.each([
    ["a key that is empty", (store: Store) => store.range({ key: EMPTY })],
    ["a key that is none", (store: Store) => store.range({ key: 5 as unknown as ByteString })],
    [
      "an end that is none",
      (store: Store) => store.range({ key: fromText("a"), end: 5 as unknown as ByteString }),
    ],
    ["no request", (store: Store) => store.watch(undefined as never)],
    ["no transaction", (store: Store) => store.txn(null as never)],
    ["no lists", (store: Store) => store.txn({ success: [] } as never)],
    ["no operation", (store: Store) => store.txn({ conditions: [], success: [null as never], failure: [] })],
  ])("refuses %s", async (_, call) => {
    await expect(call(namespaceStore(inner, bytes("p/")))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("refuses an empty prefix", () => {
    expect(() => namespaceStore(inner, EMPTY)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  it("closes the store underneath only where it owns it", async () => {
    const shared = namespaceStore(inner, bytes("p/"));
    await shared.close();
    await put(inner, "a");
    await expect(shared.range(EVERYTHING)).rejects.toMatchObject({ code: "CLOSED" });
    const owning = namespaceStore(inner, bytes("p/"), { ownsStore: true });
    await owning.close();
    await expect(inner.range(EVERYTHING)).rejects.toMatchObject({ code: "CLOSED" });
  });
});
