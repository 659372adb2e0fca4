/**
 * The model's transaction: the state before, the request, and out comes the state after with the answer, or an
 * error and no state. A draft is a full copy that may be thrown away.
 */
import { type ByteString, EMPTY } from "../../base/byte-string.ts";
import { HoldfastError } from "../../contract/errors.ts";
import { EVERYTHING } from "../../contract/key-range.ts";
import { type KeyValue, NO_LEASE } from "../../contract/key-value.ts";
import {
  type AppendOperation,
  type AppendResult,
  appendedKey,
  type DeleteOperation,
  type DeleteResult,
  type MergeOperation,
  type MergeResult,
  type Operation,
  type OperationResult,
  type PutOperation,
  type PutResult,
  type RangeOperation,
  type TxnBranches,
  type TxnResult,
} from "../../contract/txn.ts";
import type { WatchEvent } from "../../contract/watch.ts";
import { combine } from "./combine.ts";
import { allHold } from "./conditions.ts";
import { readRange } from "./read.ts";
import { pairsIn, type State } from "./state.ts";
import { type Write, WriteSet } from "./write-set.ts";

/** What a transaction asks of the store around it. */
export interface Surroundings {
  readonly before: State;
  /** @throws {HoldfastError} COMPACTED, FUTURE_REVISION */
  stateAt(revision: number): State;
  leaseExists(id: bigint): boolean;
}

export interface Applied {
  readonly result: TxnResult;
  /** The new state; absent where nothing changed. */
  readonly after: State | undefined;
}

export function applyTxn(surroundings: Surroundings, txn: TxnBranches): Applied {
  const draft = new Draft(surroundings);
  const { succeeded, responses } = draft.runBranch(txn);
  const after = draft.wrote ? draft.finish() : undefined;
  return { result: { succeeded, revision: draft.revisionNow, responses }, after };
}

/** The state without every key that `doomed` names, as one write; undefined where none of them exists. */
export function withoutKeys(before: State, doomed: (kv: KeyValue) => boolean): State | undefined {
  const kvs = new Map(before.kvs);
  const events: WatchEvent[] = [];
  const revision = before.revision + 1;
  for (const kv of pairsIn(before.kvs, EVERYTHING)) {
    if (!doomed(kv)) continue;
    kvs.delete(kv.key);
    events.push({ type: "delete", kv: tombstone(kv.key, revision), previous: kv });
  }
  return events.length > 0 ? { revision, kvs, events } : undefined;
}

function tombstone(key: ByteString, revision: number): KeyValue {
  return { key, value: EMPTY, revision, createRevision: 0, version: 0, leaseId: NO_LEASE };
}

class Draft {
  readonly #around: Surroundings;
  readonly #before: State;
  readonly #kvs: Map<ByteString, KeyValue>;
  /** One event for each key: several merges of it count as one write. */
  readonly #events = new Map<ByteString, WatchEvent>();
  readonly #writes = new WriteSet();
  readonly #revision: number;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#before = around.before;
    this.#kvs = new Map(around.before.kvs);
    this.#revision = around.before.revision + 1;
  }

  get wrote(): boolean {
    return this.#events.size > 0;
  }

  /** What a reader inside the transaction takes for the store's revision. */
  get revisionNow(): number {
    return this.wrote ? this.#revision : this.#before.revision;
  }

  finish(): State {
    return { revision: this.#revision, kvs: this.#kvs, events: [...this.#events.values()] };
  }

  runBranch(txn: TxnBranches): { succeeded: boolean; responses: readonly OperationResult[] } {
    const succeeded = allHold(this.#before.kvs, txn.conditions);
    const branch = succeeded ? txn.success : txn.failure;
    return { succeeded, responses: branch.map((operation) => this.#run(operation)) };
  }

  #run(operation: Operation): OperationResult {
    switch (operation.type) {
      case "put":
        return this.#put(operation);
      case "delete":
        return this.#delete(operation);
      case "range":
        return { type: "range", ...this.#range(operation) };
      case "merge":
        return this.#merge(operation);
      case "append":
        return this.#append(operation);
      case "txn":
        return { type: "txn", ...this.runBranch(operation) };
    }
  }

  #range(query: RangeOperation) {
    const kvs = query.revision ? this.#around.stateAt(query.revision).kvs : this.#kvs;
    return readRange(kvs, query, this.revisionNow);
  }

  #put(put: PutOperation): PutResult {
    const present = this.#kvs.get(put.key);
    if (present === undefined && (put.ignoreValue || put.ignoreLease)) {
      throw new HoldfastError("KEY_NOT_FOUND", "there is no key whose value or lease could be kept");
    }
    const value = put.ignoreValue ? present!.value : put.value;
    const leaseId = put.ignoreLease ? present!.leaseId : (put.leaseId ?? NO_LEASE);
    this.#write("put", put.key, value, leaseId);
    const revision = this.#revision;
    return put.previous && present !== undefined
      ? { type: "put", revision, previous: present }
      : { type: "put", revision };
  }

  #merge(merge: MergeOperation): MergeResult {
    const present = this.#kvs.get(merge.key);
    const { value, before, after } = combine(present?.value ?? EMPTY, merge);
    this.#write("merge", merge.key, value, merge.leaseId ?? present?.leaseId ?? NO_LEASE);
    return { type: "merge", revision: this.#revision, before, after };
  }

  #append(append: AppendOperation): AppendResult {
    const one = "\x01\0\0\0\0\0\0\0" as ByteString;
    const counted = this.#merge({
      type: "merge",
      key: append.sequence,
      fn: "add",
      width: 8,
      offset: 0,
      operand: one,
    });
    const number = signedLittleEndian(counted.after);
    if (number < 1)
      throw new HoldfastError("OUT_OF_RANGE", `a sequence gives numbers from 1 on, not ${number}`);
    const key = appendedKey(append.prefix, number);
    this.#write("put", key, append.value, append.leaseId ?? NO_LEASE);
    return { type: "append", revision: this.#revision, key, number };
  }

  #delete(operation: DeleteOperation): DeleteResult {
    this.#admit({ kind: "delete", range: operation });
    const doomed = pairsIn(this.#kvs, operation);
    for (const { key } of doomed) {
      this.#kvs.delete(key);
      const previous = this.#before.kvs.get(key)!;
      this.#events.set(key, { type: "delete", kv: tombstone(key, this.#revision), previous });
    }
    const result = { type: "delete", revision: this.revisionNow, deleted: doomed.length } as const;
    return operation.previous ? { ...result, previous: doomed } : result;
  }

  #write(kind: "put" | "merge", key: ByteString, value: ByteString, leaseId: bigint): void {
    this.#admit({ kind, key });
    if (leaseId !== NO_LEASE && !this.#around.leaseExists(leaseId)) {
      throw new HoldfastError("LEASE_NOT_FOUND", `there is no lease ${leaseId}`);
    }
    const previous = this.#before.kvs.get(key);
    const kv: KeyValue = {
      key,
      value,
      revision: this.#revision,
      createRevision: previous?.createRevision ?? this.#revision,
      version: (previous?.version ?? 0) + 1,
      leaseId,
    };
    this.#kvs.set(key, kv);
    this.#events.set(key, previous === undefined ? { type: "put", kv } : { type: "put", kv, previous });
  }

  #admit(write: Write): void {
    this.#writes.check(write);
    this.#writes.record(write);
  }
}

function signedLittleEndian(bytes: ByteString): number {
  let number = 0n;
  for (let at = 7; at >= 0; at--) number = number * 256n + BigInt(bytes.charCodeAt(at));
  return Number(BigInt.asIntN(64, number));
}
