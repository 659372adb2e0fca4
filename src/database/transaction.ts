/** The view that one attempt of `transact` works on: reads pinned to one revision, writes held back until the end. */
import { type ByteString, successor } from "../base/byte-string.ts";
import { HoldfastError, isHoldfastError } from "../contract/errors.ts";
import { type KeyRange, prefixRange, rangeHas } from "../contract/key-range.ts";
import { NO_LEASE, type KeyValue as StoredKeyValue } from "../contract/key-value.ts";
import type { RangeQuery, RangeResult } from "../contract/range.ts";
import type { Store } from "../contract/store.ts";
import type { Operation } from "../contract/txn.ts";
import {
  checkObject,
  type Key,
  toInterval,
  toKey,
  toNumber,
  toOptionalLeaseId,
  toPrefix,
  toValue,
  type Value,
} from "./arguments.ts";
import type { CallBudget } from "./call-budget.ts";
import { KeyValue, toKeyValues } from "./key-value.ts";
import { ReadSet } from "./read-set.ts";

export interface TransactionListOptions {
  /** At most this many. Absent or 0: all. A limited read conflicts only with changes up to the last key it gave. */
  readonly limit?: number | undefined;
  /** Leave the values empty. */
  readonly keysOnly?: boolean | undefined;
  /** Descending instead of ascending. */
  readonly reverse?: boolean | undefined;
}

export interface TransactionPutOptions {
  /** The lease that the key dies with. Absent or 0n: none, and an earlier binding ends. */
  readonly leaseId?: bigint | undefined;
}

/** Undefined is a delete. */
type HeldWrite = StoredKeyValue | undefined;

/**
 * What `db.transact` hands to its function. Everything read is of one revision, with this transaction's own writes
 * on top; entries it has yet to commit carry revision, createRevision and version 0. Once the function has returned
 * or thrown, every use is CLOSED.
 */
export class Transaction {
  readonly #store: Store;
  readonly #budget: CallBudget;
  readonly #reads = new ReadSet();
  readonly #writes = new Map<ByteString, HeldWrite>();
  #pinned: Promise<number> | undefined;
  #overtaken: HoldfastError | undefined;
  #isOver = false;

  /** @internal */
  constructor(store: Store, budget: CallBudget) {
    this.#store = store;
    this.#budget = budget;
  }

  /**
   * Reads one key; undefined where it is absent.
   * @throws {HoldfastError} INVALID_ARGUMENT, ABORTED, TIMEOUT, CLOSED
   */
  async get(key: Key): Promise<KeyValue | undefined> {
    const bytes = toKey(key);
    this.#assertOpen();
    const stored = this.#writes.has(bytes) ? this.#writes.get(bytes) : await this.#readKey(bytes, false);
    return stored && new KeyValue(stored);
  }

  /** Whether the key is there. @throws {HoldfastError} as {@link get} */
  async exists(key: Key): Promise<boolean> {
    const bytes = toKey(key);
    this.#assertOpen();
    if (this.#writes.has(bytes)) return this.#writes.get(bytes) !== undefined;
    return (await this.#readKey(bytes, true)) !== undefined;
  }

  /**
   * Reads all keys that start with `prefix`. A commit that puts or deletes any key of the prefix conflicts.
   * @throws {HoldfastError} as {@link get}
   */
  async list(prefix: Key, options: TransactionListOptions = {}): Promise<KeyValue[]> {
    return toKeyValues(await this.#readRange(prefixRange(toPrefix(prefix)), options));
  }

  /**
   * Reads the keys from `start` up to but not including `endExclusive`.
   * @throws {HoldfastError} as {@link get}
   */
  async range(start: Key, endExclusive: Key, options: TransactionListOptions = {}): Promise<KeyValue[]> {
    return toKeyValues(await this.#readRange(toInterval(start, endExclusive), options));
  }

  /** Counts the keys that start with `prefix`. @throws {HoldfastError} as {@link get} */
  async count(prefix: Key): Promise<number> {
    return (await this.#readRange(prefixRange(toPrefix(prefix)), { keysOnly: true })).length;
  }

  /**
   * Writes a key at the commit. The last write of a key is the one that counts.
   * @throws {HoldfastError} INVALID_ARGUMENT, CLOSED
   */
  put(key: Key, value: Value, options: TransactionPutOptions = {}): void {
    checkObject(options, "options");
    this.#assertOpen();
    const leaseId = toOptionalLeaseId(options.leaseId) ?? NO_LEASE;
    const bytes = toKey(key);
    const held = { key: bytes, value: toValue(value), revision: 0, createRevision: 0, version: 0, leaseId };
    this.#writes.set(bytes, held);
  }

  /**
   * Deletes a key at the commit; one that is absent is no error.
   * @throws {HoldfastError} INVALID_ARGUMENT, CLOSED
   */
  delete(key: Key): void {
    this.#assertOpen();
    this.#writes.set(toKey(key), undefined);
  }

  /**
   * Deletes all keys that start with `prefix` as this transaction sees them; a key that appears meanwhile conflicts.
   * Gives their number.
   * @throws {HoldfastError} as {@link get}
   */
  async deletePrefix(prefix: Key): Promise<number> {
    const found = await this.#readRange(prefixRange(toPrefix(prefix)), { keysOnly: true });
    this.#assertOpen();
    for (const stored of found) this.#writes.set(stored.key, undefined);
    return found.length;
  }

  /** @internal Set once compaction has taken the pinned revision: whatever the function made of it, it must run again. */
  get overtaken(): HoldfastError | undefined {
    return this.#overtaken;
  }

  /** @internal */
  end(): void {
    this.#isOver = true;
  }

  /** @internal The revision that the writes took, or was read where there are none; undefined on a conflict. */
  async commit(): Promise<number | undefined> {
    if (this.#writes.size === 0) return (await this.#pinned) ?? this.#store.revision;
    const request = { conditions: this.#reads.conditions(), success: this.#operations(), failure: [] };
    const result = await this.#store.txn(request, this.#budget.rest());
    return result.succeeded ? result.revision : undefined;
  }

  #operations(): Operation[] {
    return Array.from(this.#writes, ([key, held]): Operation => {
      if (held === undefined) return { type: "delete", key };
      return { type: "put", key, value: held.value, leaseId: held.leaseId };
    });
  }

  async #readKey(key: ByteString, keysOnly: boolean): Promise<StoredKeyValue | undefined> {
    const { result } = await this.#read({ key, keysOnly });
    const found = result.kvs[0];
    this.#reads.addKey(key, found);
    return found;
  }

  async #readRange(range: KeyRange, options: TransactionListOptions): Promise<StoredKeyValue[]> {
    checkObject(options, "options");
    const limit = toNumber(options.limit ?? 0, "limit", 0);
    this.#assertOpen();
    const own = [...this.#writes].filter(([key]) => rangeHas(range, key));
    // Deletes of its own may hide keys found, so that many more are asked for.
    const hidden = own.filter(([, held]) => held === undefined).length;
    const descending = options.reverse === true;
    const { result, pinned } = await this.#read({
      limit: limit === 0 ? 0 : limit + hidden,
      keysOnly: options.keysOnly === true,
      order: descending ? "descending" : "ascending",
      ...range,
    });
    this.#reads.addRange(lookedAt(range, result, descending), result.kvs, pinned);
    const merged = own.length === 0 ? [...result.kvs] : overlay(result.kvs, own, descending);
    return limit === 0 ? merged : merged.slice(0, limit);
  }

  /** The first read takes the revision that all later ones are pinned to; reads made at the same time wait for it. */
  async #read(query: RangeQuery): Promise<{ result: RangeResult; pinned: number }> {
    if (this.#pinned === undefined) {
      const first = this.#store.range(query, this.#budget.rest());
      this.#pinned = first.then((result) => result.revision);
      this.#pinned.catch(() => {
        this.#pinned = undefined;
      });
      const result = await first;
      return { result, pinned: result.revision };
    }
    const pinned = await this.#pinned;
    try {
      const result = await this.#store.range({ revision: pinned, ...query }, this.#budget.rest());
      return { result, pinned };
    } catch (error) {
      if (isHoldfastError(error, "COMPACTED")) this.#overtaken = error;
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#isOver) throw new HoldfastError("CLOSED", "this transaction is over: its function has ended");
  }
}

/** The part of a range that a read has seen: where a limit cut it, up to the last key that it gave. */
function lookedAt(range: KeyRange, result: RangeResult, descending: boolean): KeyRange {
  const last = result.kvs.at(-1);
  if (!result.more || last === undefined) return range;
  return descending ? { key: last.key, end: range.end } : { key: range.key, end: successor(last.key) };
}

/** What was found with a transaction's own writes on top, in order. */
function overlay(
  found: readonly StoredKeyValue[],
  own: readonly (readonly [ByteString, HeldWrite])[],
  descending: boolean,
): StoredKeyValue[] {
  const entries = new Map<ByteString, HeldWrite>(found.map((stored) => [stored.key, stored]));
  for (const [key, held] of own) entries.set(key, held);
  const present = [...entries.values()].filter((held) => held !== undefined);
  const sign = descending ? -1 : 1;
  return present.sort((a, b) => (a.key < b.key ? -sign : sign));
}
