/**
 * Runs one transaction against the newest state: conditions first, all of them against the state before; then
 * the operations of the branches that were chosen, in order. On any error the writes made so far are undone.
 *
 * The request has passed the contract's static checks; what depends on the state is checked here.
 */
import { type ByteString, EMPTY, printable } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import { rangeHas } from "../contract/key-range.ts";
import { NO_LEASE } from "../contract/key-value.ts";
import {
  type AppendOperation,
  appendedKey,
  type DeleteOperation,
  type MergeOperation,
  type Operation,
  type OperationResult,
  type PutOperation,
  type RangeOperation,
  type TxnBranches,
  type TxnRequest,
  type TxnResult,
} from "../contract/txn.ts";
import type { Commit } from "./commit.ts";
import { allHold } from "./conditions.ts";
import type { KeyRecord } from "./key-index.ts";
import { coveredBytes, mergeBytes, readSigned, signedBytes } from "./merge-bytes.ts";
import { readRange } from "./range-reader.ts";
import type { ValueSource } from "./spilled-values.ts";
import { tombstone, Version } from "./version.ts";
import type { VersionedKeys } from "./versioned-keys.ts";

export interface Evaluation {
  readonly result: TxnResult;
  /** What to log; undefined where nothing changed. */
  readonly commit: Commit | undefined;
}

/** An append counts its sequence up by one. */
const ONE = signedBytes(1, 8);

/** For each nested transaction on the path taken, by its request: which branch its conditions chose. */
type Choices = Map<TxnBranches, boolean>;

export function evaluateTxn(
  state: VersionedKeys,
  request: TxnRequest,
  timeMs: number,
  values: ValueSource,
): Evaluation {
  return new TxnEvaluator(state, values).run(request, timeMs);
}

class TxnEvaluator {
  readonly #state: VersionedKeys;
  readonly #values: ValueSource;
  readonly #before: number;
  readonly #revision: number;
  #choices: Choices | undefined;
  #written: Version[] = [];
  #merges: Map<Version, MergeOperation[]> | undefined;
  #deletes: DeleteOperation[] | undefined;

  constructor(state: VersionedKeys, values: ValueSource) {
    this.#state = state;
    this.#values = values;
    this.#before = state.revision;
    this.#revision = state.revision + 1;
  }

  run(request: TxnRequest, timeMs: number): Evaluation {
    const succeeded = this.#choose(request);
    let responses: OperationResult[];
    try {
      responses = this.#runAll(succeeded ? request.success : request.failure);
    } catch (error) {
      for (let at = this.#written.length - 1; at >= 0; at--) this.#state.unlink(this.#written[at]!);
      throw error;
    }
    const versions = this.#written;
    if (versions.length === 0) {
      return { result: { succeeded, revision: this.#before, responses }, commit: undefined };
    }
    if (this.#revision > Number.MAX_SAFE_INTEGER) throw new Error("revisions are exhausted");
    this.#state.seal(this.#revision, versions, timeMs);
    const commit: Commit = { revision: this.#revision, timeMs, versions, merges: this.#merges };
    return { result: { succeeded, revision: this.#revision, responses }, commit };
  }

  /** Evaluates the conditions of a transaction and of the nested ones on the path it takes. */
  #choose(request: TxnBranches): boolean {
    const succeeded =
      request.conditions.length === 0 || allHold(request.conditions, this.#state.index, this.#values);
    for (const operation of succeeded ? request.success : request.failure) {
      if (operation.type !== "txn") continue;
      this.#choices ??= new Map();
      this.#choices.set(operation, this.#choose(operation));
    }
    return succeeded;
  }

  #runAll(operations: readonly Operation[]): OperationResult[] {
    const responses: OperationResult[] = [];
    for (const operation of operations) responses.push(this.#runOne(operation));
    return responses;
  }

  #runOne(operation: Operation): OperationResult {
    switch (operation.type) {
      case "put":
        return this.#put(operation);
      case "delete":
        return this.#delete(operation);
      case "range":
        return this.#range(operation);
      case "merge":
        return this.#merge(operation);
      case "append":
        return this.#append(operation);
      case "txn": {
        const succeeded = this.#choices!.get(operation)!;
        const responses = this.#runAll(succeeded ? operation.success : operation.failure);
        return { type: "txn", succeeded, responses };
      }
    }
  }

  #put(operation: PutOperation): OperationResult {
    const record = this.#state.index.get(operation.key);
    const present = existing(record);
    let value = operation.value;
    let leaseId = operation.leaseId ?? NO_LEASE;
    if (operation.ignoreValue === true || operation.ignoreLease === true) {
      if (present === undefined) {
        throw new HoldfastError(
          "KEY_NOT_FOUND",
          `put keeps a value or lease, but ${printable(operation.key)} does not exist`,
        );
      }
      if (operation.ignoreValue === true) value = this.#values.of(present);
      if (operation.ignoreLease === true) leaseId = present.leaseId;
    }
    this.#write(operation.key, value, leaseId, record);
    return operation.previous === true && present !== undefined
      ? { type: "put", revision: this.#revision, previous: present }
      : { type: "put", revision: this.#revision };
  }

  #delete(operation: DeleteOperation): OperationResult {
    this.#deletes ??= [];
    this.#deletes.push(operation);
    const doomed: Version[] = [];
    const records: KeyRecord[] = [];
    this.#state.index.visit(operation, (record) => {
      if (record.head.isTombstone) return undefined;
      records.push(record);
      doomed.push(record.head);
      return undefined;
    });
    for (const record of records) {
      this.#rejectSecondWrite(record);
      const grave = tombstone(record.key, this.#revision, this.#written.length);
      this.#state.link(grave, record);
      this.#written.push(grave);
    }
    return {
      type: "delete",
      revision: this.#written.length > 0 ? this.#revision : this.#before,
      deleted: doomed.length,
      ...(operation.previous === true ? { previous: doomed } : {}),
    };
  }

  #range(operation: RangeOperation): OperationResult {
    const asked = operation.revision ?? 0;
    if (asked > 0) this.#state.checkReadable(asked, this.#before);
    const at = asked > 0 ? asked : Number.POSITIVE_INFINITY;
    const answer = readRange(this.#state.index, operation, at, this.#values);
    const revision = this.#written.length > 0 ? this.#revision : this.#before;
    return { type: "range", revision, ...answer };
  }

  #merge(operation: MergeOperation): OperationResult {
    const { before, after } = this.#mergeInto(operation);
    return { type: "merge", revision: this.#revision, before, after };
  }

  #append(operation: AppendOperation): OperationResult {
    const { sequence, prefix, value } = operation;
    const { after } = this.#mergeInto({
      type: "merge",
      key: sequence,
      fn: "add",
      width: 8,
      offset: 0,
      operand: ONE,
    });
    const number = readSigned(after, 0, 8);
    if (number < 1) {
      throw new HoldfastError(
        "OUT_OF_RANGE",
        `the sequence ${printable(sequence)} counts ${number}; it must not be negative`,
      );
    }
    const key = appendedKey(prefix, number);
    if (this.#deletes?.some((range) => rangeHas(range, key)) === true) throw writtenTwice(key);
    this.#write(key, value, operation.leaseId ?? NO_LEASE, this.#state.index.get(key));
    return { type: "append", revision: this.#revision, key, number };
  }

  #mergeInto(operation: MergeOperation): { before: ByteString; after: ByteString } {
    const record = this.#state.index.get(operation.key);
    const present = existing(record);
    const value = present === undefined ? EMPTY : this.#values.of(present);
    const merged = mergeBytes(value, operation);
    this.#state.checkValueLength(operation.key, merged.length);
    const leaseId = operation.leaseId ?? present?.leaseId ?? NO_LEASE;
    const earlier = present === undefined ? undefined : this.#merges?.get(present);
    if (earlier === undefined) {
      this.#merges ??= new Map();
      this.#merges.set(this.#write(operation.key, merged, leaseId, record), [operation]);
    } else {
      this.#mergeAgain(present!, merged, leaseId, [...earlier, operation]);
    }
    return { before: coveredBytes(value, operation), after: coveredBytes(merged, operation) };
  }

  /**
   * Several merges of one key are one write: the later result takes the earlier one's place. As a new version,
   * because a read between the two may have handed out the old one.
   */
  #mergeAgain(head: Version, value: ByteString, leaseId: bigint, merges: MergeOperation[]): void {
    if (leaseId !== NO_LEASE) this.#state.leases.require(leaseId);
    const { key, revision, order, createRevision, version } = head;
    const result = new Version(key, value, revision, order, createRevision, version, leaseId);
    this.#state.unlink(head);
    this.#state.link(result, this.#state.index.get(key));
    this.#written[order] = result;
    this.#merges!.delete(head);
    this.#merges!.set(result, merges);
  }

  /** What the static checks cannot see: the key of an append's entry. */
  #rejectSecondWrite(record: KeyRecord): void {
    if (record.head.revision === this.#revision) throw writtenTwice(record.key);
  }

  #write(key: ByteString, value: ByteString, leaseId: bigint, record: KeyRecord | undefined): Version {
    if (record !== undefined) this.#rejectSecondWrite(record);
    if (leaseId !== NO_LEASE) this.#state.leases.require(leaseId);
    const before = existing(record);
    const version = new Version(
      key,
      value,
      this.#revision,
      this.#written.length,
      before === undefined ? this.#revision : before.createRevision,
      before === undefined ? 1 : before.version + 1,
      leaseId,
    );
    this.#state.link(version, record);
    this.#written.push(version);
    return version;
  }
}

/** The key's newest version, unless that is a tombstone. */
function existing(record: KeyRecord | undefined): Version | undefined {
  return record === undefined || record.head.version === 0 ? undefined : record.head;
}

function writtenTwice(key: ByteString): HoldfastError {
  return new HoldfastError("DUPLICATE_KEY", `the transaction writes ${printable(key)} more than once`, {
    details: { key },
  });
}
