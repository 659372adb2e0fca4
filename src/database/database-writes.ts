/** The writing half of a database. Every method is one transaction of the contract. */
import type { ByteString } from "../base/byte-string.ts";
import type { Clock } from "../base/clock.ts";
import type { CallOptions } from "../contract/call-options.ts";
import { HoldfastError } from "../contract/errors.ts";
import { type KeyRange, prefixRange } from "../contract/key-range.ts";
import type { KeyValue as StoredKeyValue } from "../contract/key-value.ts";
import type { Store } from "../contract/store.ts";
import type {
  Condition,
  DeleteResult,
  Operation,
  RangeOperation,
  RangeOperationResult,
  PutResult as StorePutResult,
  TxnResult as StoreTxnResult,
} from "../contract/txn.ts";
import {
  callOptions,
  invalidArgument,
  type Key,
  toKey,
  toNumber,
  toOptionalLeaseId,
  toPrefix,
  toValue,
  type Value,
} from "./arguments.ts";
import { DatabaseReads } from "./database-reads.ts";
import { KeyValue, toOptionalKeyValue } from "./key-value.ts";
import { txnWithOwnLease } from "./own-lease.ts";
import { toTxnRequest } from "./txn-request.ts";
import { toTxnResult } from "./txn-result.ts";
import type { TxnOperation, TxnOptions, TxnRequest, TxnResult } from "./txn-types.ts";

export interface WriteOptions extends CallOptions {
  /** The lease that the key dies with. Absent or 0n: none, and an earlier binding ends. */
  readonly leaseId?: bigint | undefined;
  /** Let the key die after this many milliseconds, by a lease of its own. Not together with `leaseId`. */
  readonly ttlMs?: number | undefined;
}

export interface UpdateOptions extends WriteOptions {
  /** Keep the lease that the key has; KEY_NOT_FOUND on an absent key. */
  readonly ignoreLease?: boolean | undefined;
}

export interface PutOptions extends UpdateOptions {
  /** Answer what the key held before. */
  readonly previous?: boolean | undefined;
}

export interface PutResult {
  /** The revision of this write. */
  readonly revision: number;
  /** Where asked for and the key was there. */
  readonly previous?: KeyValue | undefined;
}

export interface CreateResult {
  /** The revision of this write. */
  readonly revision: number;
}

export interface ConditionalResult {
  readonly succeeded: boolean;
  /** Of this write; where it did not succeed, the store's at the time it was refused. */
  readonly revision: number;
  /** Where it did not succeed: what the key holds instead. Undefined where the key is absent. */
  readonly current?: KeyValue | undefined;
}

export interface DeletionResult {
  /** How many keys were there to delete. */
  readonly deleted: number;
  /** Of this write; the store's current one where nothing was deleted. */
  readonly revision: number;
}

const NONE: readonly never[] = [];

interface KeyWrite {
  readonly key: ByteString;
  readonly value: ByteString;
  readonly options: PutOptions | undefined;
  readonly conditions?: readonly Condition[];
  readonly failure?: readonly RangeOperation[];
}

export class DatabaseWrites extends DatabaseReads {
  readonly #clock: Clock;

  /** @internal */
  constructor(store: Store, clock: Clock) {
    super(store);
    this.#clock = clock;
  }

  /**
   * Writes a key, whatever it held.
   * @throws {HoldfastError} INVALID_ARGUMENT, LIMIT_EXCEEDED, LEASE_NOT_FOUND, KEY_NOT_FOUND (`ignoreLease` on an absent
   *   key), READ_ONLY, NO_SPACE: nothing changed. STORE_FAILED, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED: see `outcome`.
   */
  put(key: Key, value: Value, options?: PutOptions): Promise<PutResult> {
    try {
      return this.#write({ key: toKey(key), value: toValue(value), options }).then(toPutResult);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Writes a key that must be absent.
   * @throws {HoldfastError} ALREADY_EXISTS (`details.revision`: the present entry's), otherwise as {@link put}
   */
  async create(key: Key, value: Value, options?: WriteOptions): Promise<CreateResult> {
    const bytes = toKey(key);
    const result = await this.#write({
      key: bytes,
      value: toValue(value),
      options,
      conditions: [{ key: bytes, target: "version", is: "=", to: 0 }],
      failure: [{ type: "range", key: bytes, keysOnly: true }],
    });
    if (result.succeeded) return { revision: result.revision };
    const current = new KeyValue(foundIn(result)!);
    throw new HoldfastError("ALREADY_EXISTS", `the key ${JSON.stringify(current.key)} exists`, {
      details: { key: current.key, revision: current.revision },
    });
  }

  /**
   * Writes a key only if its last write was at `expectedRevision`; 0 means that it must be absent. The lease is set as
   * by `put`: without `leaseId` or `ignoreLease` an earlier binding ends.
   * @throws {HoldfastError} as {@link put}; a revision that does not match is a result, not an error
   */
  async update(
    key: Key,
    value: Value,
    expectedRevision: number,
    options?: UpdateOptions,
  ): Promise<ConditionalResult> {
    const bytes = toKey(key);
    const to = toNumber(expectedRevision, "expectedRevision", 0);
    const result = await this.#write({
      key: bytes,
      value: toValue(value),
      options,
      conditions: [{ key: bytes, target: "revision", is: "=", to }],
      failure: [{ type: "range", key: bytes }],
    });
    return toConditionalResult(result);
  }

  /**
   * Deletes a key. One that is absent is no error: `deleted` is 0 then.
   * @throws {HoldfastError} as {@link put}
   */
  async delete(key: Key, options?: CallOptions): Promise<DeletionResult> {
    return this.#delete({ key: toKey(key) }, options);
  }

  /**
   * Deletes all keys that start with `prefix`, in one revision. The empty prefix is every key.
   * @throws {HoldfastError} as {@link put}
   */
  async deletePrefix(prefix: Key, options?: CallOptions): Promise<DeletionResult> {
    return this.#delete(prefixRange(toPrefix(prefix)), options);
  }

  /**
   * Deletes a key only if its last write was at `expectedRevision`, which must be one: to delete whatever the
   * revision, use `delete`.
   * @throws {HoldfastError} as {@link put}; a revision that does not match is a result, not an error
   */
  async deleteIfRevision(
    key: Key,
    expectedRevision: number,
    options?: CallOptions,
  ): Promise<ConditionalResult> {
    const bytes = toKey(key);
    if (expectedRevision === 0) {
      throw invalidArgument("expectedRevision", "expectedRevision 0 matches no key; delete() asks for none");
    }
    const to = toNumber(expectedRevision, "expectedRevision", 1);
    const request = {
      conditions: [{ key: bytes, target: "revision", is: "=", to }],
      success: [{ type: "delete", key: bytes }],
      failure: [{ type: "range", key: bytes }],
    } as const;
    return toConditionalResult(await this.store.txn(request, callOptions(options)));
  }

  /**
   * Runs a transaction: where all conditions hold the `success` operations, else the `failure` ones, all writes at
   * one revision. A key is written at most once. `responses` has the answer to each operation that ran.
   * @throws {HoldfastError} DUPLICATE_KEY, OUT_OF_RANGE, COMPACTED, FUTURE_REVISION: nothing changed; otherwise as {@link put}
   */
  txn<
    const Success extends readonly TxnOperation[] = readonly [],
    const Failure extends readonly TxnOperation[] = readonly [],
  >(request: TxnRequest<Success, Failure>, options?: TxnOptions): Promise<TxnResult<Success, Failure>> {
    try {
      const translated = toTxnRequest(request);
      const running = this.store.txn(translated, callOptions(options));
      return running.then((result) => toTxnResult(translated, result) as TxnResult<Success, Failure>);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Forgets history before `revision`; the newest state of every key as of it stays. On a scope this is the history
   * of the whole store.
   * @throws {HoldfastError} COMPACTED where it is at or before the compaction point, FUTURE_REVISION, INVALID_ARGUMENT
   */
  async compact(revision: number, options?: CallOptions): Promise<void> {
    await this.store.compact(toNumber(revision, "revision", 0), callOptions(options));
  }

  #write(write: KeyWrite): Promise<StoreTxnResult> {
    const { key, value, options, conditions = NONE, failure = NONE } = write;
    if (options === undefined) {
      return this.store.txn({ conditions, success: [{ type: "put", key, value }], failure });
    }
    const call = callOptions(options);
    const leaseId = toOptionalLeaseId(options.leaseId);
    const { ttlMs } = options;
    const ignoreLease = options.ignoreLease === true;
    const previous = options.previous === true;
    const build = (bound: bigint | undefined) => {
      const put: Operation = { type: "put", key, value, leaseId: bound, ignoreLease, previous };
      return { conditions, success: [put], failure };
    };
    if (ttlMs === undefined) return this.store.txn(build(leaseId), call);
    toNumber(ttlMs, "ttlMs", 1);
    if (leaseId !== undefined || ignoreLease) {
      throw invalidArgument(
        "ttlMs",
        "ttlMs grants a lease of its own: not together with leaseId or ignoreLease",
      );
    }
    return txnWithOwnLease(this.store, build, { ttlMs, clock: this.#clock, call });
  }

  async #delete(range: KeyRange, options: CallOptions | undefined): Promise<DeletionResult> {
    const request = { conditions: NONE, success: [{ type: "delete", ...range } as const], failure: NONE };
    const result = await this.store.txn(request, callOptions(options));
    return { deleted: (result.responses[0] as DeleteResult).deleted, revision: result.revision };
  }
}

function toPutResult(result: StoreTxnResult): PutResult {
  const { previous } = result.responses[0] as StorePutResult;
  if (previous === undefined) return { revision: result.revision };
  return { revision: result.revision, previous: new KeyValue(previous) };
}

/** What the failure branch of a conditional write read. */
function foundIn(result: StoreTxnResult): StoredKeyValue | undefined {
  return (result.responses[0] as RangeOperationResult).kvs[0];
}

function toConditionalResult(result: StoreTxnResult): ConditionalResult {
  const { succeeded, revision } = result;
  if (succeeded) return { succeeded, revision };
  return { succeeded, revision, current: toOptionalKeyValue(foundIn(result)) };
}
