/** Requests of the contract, short to write. */
import { type ByteString, fromText, toText } from "../../src/base/byte-string.ts";
import { EVERYTHING, prefixRange } from "../../src/contract/key-range.ts";
import type { Store } from "../../src/contract/store.ts";
import type {
  Condition,
  DeleteOperation,
  Operation,
  PutOperation,
  TxnResult,
} from "../../src/contract/txn.ts";
import type { Watch, WatchEvent } from "../../src/contract/watch.ts";

export const bytes = fromText;

export function put(key: string, value = key, leaseId = 0n): PutOperation {
  return { type: "put", key: bytes(key), value: bytes(value), leaseId };
}

export function del(key: string): DeleteOperation {
  return { type: "delete", key: bytes(key) };
}

export function write(store: Store, ...success: Operation[]): Promise<TxnResult> {
  return store.txn({ conditions: [], success, failure: [] });
}

export function writeIf(store: Store, conditions: Condition[], ...success: Operation[]): Promise<TxnResult> {
  return store.txn({ conditions, success, failure: [] });
}

/** The whole store, or a prefix of it, as `key=value` in order. */
export async function dump(
  store: Store,
  options: { prefix?: string; revision?: number } = {},
): Promise<string[]> {
  const range = options.prefix === undefined ? EVERYTHING : prefixRange(bytes(options.prefix));
  const { kvs } = await store.range({ ...range, revision: options.revision });
  return kvs.map((kv) => `${toText(kv.key)}=${toText(kv.value)}`);
}

export async function read(store: Store, key: string): Promise<string | undefined> {
  const { kvs } = await store.range({ key: bytes(key) });
  return kvs[0] === undefined ? undefined : toText(kvs[0].value);
}

/** `put a@5`, `delete b@6`. */
export function brief(event: WatchEvent): string {
  return `${event.type} ${toText(event.kv.key)}@${event.kv.revision}`;
}

export interface Seen {
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** Reads batches until one reaches the revision. */
export async function readUpTo(watch: Watch, revision: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  while ((seen.at(-1)?.revision ?? 0) < revision) {
    const batch = await watch.next();
    if (batch === undefined) throw new Error("the watch ended");
    seen.push(batch);
  }
  return seen;
}

export function watchAll(store: Store, fromRevision?: number): Promise<Watch> {
  return store.watch({ ...EVERYTHING, fromRevision });
}

export function keyOf(name: string): { readonly key: ByteString } {
  return { key: bytes(name) };
}
