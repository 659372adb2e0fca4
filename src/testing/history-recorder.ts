/** Records what clients of a store asked and were answered, and when, for a linearizability check. */
import type { CallOptions } from "../contract/call-options.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import { isHoldfastError } from "../contract/errors.ts";
import type { LeaseGrant, LeaseGrantRequest, LeaseStatus } from "../contract/lease.ts";
import type { Limits } from "../contract/limits.ts";
import type { RangeRequest, RangeResult } from "../contract/range.ts";
import type { RevokeResult, Store, StoreSnapshot, StoreStatus } from "../contract/store.ts";
import type { Operation, TxnRequest, TxnResult } from "../contract/txn.ts";
import type { Watch, WatchRequest } from "../contract/watch.ts";
import type { HistoryOperation } from "./linearizability.ts";
import { plainRange, plainTxn } from "./plain.ts";
import type { StoreInput, StoreOutput } from "./store-model.ts";

export interface HistoryRecorder {
  /** The store as one client has it: what it reads and writes is recorded, the rest passes through. */
  client(store: Store): Store;
  /** So far, in the order of the calls. A call that is not answered yet is one of unknown outcome. */
  history(): readonly HistoryOperation<StoreInput, StoreOutput>[];
}

/**
 * Reads that may lag (`serializable`) and reads of the past are not recorded: they promise nothing that the
 * check could hold against them. A transaction that reads the past rejects with a TypeError.
 */
export function createHistoryRecorder(): HistoryRecorder {
  const log = new HistoryLog();
  return { client: (store) => new RecordedStore(store, log), history: () => log.operations() };
}

interface Entry {
  readonly process: number;
  readonly input: StoreInput;
  readonly invokedAt: number;
  output: StoreOutput | undefined;
  returnedAt: number | undefined;
}

class HistoryLog {
  readonly #entries = new Set<Entry>();
  #moment = 0;
  #processes = 0;

  nextProcess(): number {
    return this.#processes++;
  }

  async record<T>(
    process: number,
    input: StoreInput,
    call: () => Promise<T>,
    output: (answer: T) => StoreOutput,
  ): Promise<T> {
    const entry: Entry = {
      process,
      input,
      invokedAt: this.#moment++,
      output: undefined,
      returnedAt: undefined,
    };
    this.#entries.add(entry);
    try {
      const answer = await call();
      entry.output = output(answer);
      entry.returnedAt = this.#moment++;
      return answer;
    } catch (error) {
      // It certainly changed nothing, and it told nothing.
      if (isHoldfastError(error) && error.outcome === "not-applied") this.#entries.delete(entry);
      throw error;
    }
  }

  operations(): readonly HistoryOperation<StoreInput, StoreOutput>[] {
    return [...this.#entries].map((entry) => ({ ...entry }));
  }
}

class RecordedStore implements Store {
  readonly #store: Store;
  readonly #log: HistoryLog;
  readonly #process: number;

  constructor(store: Store, log: HistoryLog) {
    this.#store = store;
    this.#log = log;
    this.#process = log.nextProcess();
  }

  range(request: RangeRequest, options?: CallOptions): Promise<RangeResult> {
    const call = () => this.#store.range(request, options);
    if (request.serializable || request.revision) return call();
    const input = { type: "range", request: structuredClone(request) } as const;
    return this.#log.record(this.#process, input, call, (answer) => ({
      type: "range",
      result: plainRange(answer),
    }));
  }

  async txn(request: TxnRequest, options?: CallOptions): Promise<TxnResult> {
    if (readsThePast(request)) throw new TypeError("a transaction that reads the past cannot be recorded");
    const input = { type: "txn", request: structuredClone(request) } as const;
    const call = () => this.#store.txn(request, options);
    return this.#log.record(this.#process, input, call, (answer) => ({
      type: "txn",
      result: plainTxn(answer),
    }));
  }

  get limits(): Limits {
    return this.#store.limits;
  }

  get capabilities(): Capabilities {
    return this.#store.capabilities;
  }

  get revision(): number {
    return this.#store.revision;
  }

  get compactRevision(): number {
    return this.#store.compactRevision;
  }

  watch(request: WatchRequest, options?: CallOptions): Promise<Watch> {
    return this.#store.watch(request, options);
  }

  waitForRevision(revision: number, options?: CallOptions): Promise<void> {
    return this.#store.waitForRevision(revision, options);
  }

  grantLease(request: LeaseGrantRequest, options?: CallOptions): Promise<LeaseGrant> {
    return this.#store.grantLease(request, options);
  }

  keepAliveLease(id: bigint, options?: CallOptions): Promise<LeaseGrant> {
    return this.#store.keepAliveLease(id, options);
  }

  revokeLease(id: bigint, options?: CallOptions): Promise<RevokeResult> {
    return this.#store.revokeLease(id, options);
  }

  leaseStatus(
    id: bigint,
    options?: CallOptions & { readonly keys?: boolean },
  ): Promise<LeaseStatus | undefined> {
    return this.#store.leaseStatus(id, options);
  }

  leases(options?: CallOptions): Promise<readonly LeaseStatus[]> {
    return this.#store.leases(options);
  }

  compact(revision: number, options?: CallOptions): Promise<void> {
    return this.#store.compact(revision, options);
  }

  status(options?: CallOptions): Promise<StoreStatus> {
    return this.#store.status(options);
  }

  snapshot(options?: CallOptions): Promise<StoreSnapshot> {
    return this.#store.snapshot(options);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function readsThePast({
  success,
  failure,
}: {
  success: readonly Operation[];
  failure: readonly Operation[];
}): boolean {
  return [...success, ...failure].some((operation) =>
    operation.type === "txn" ? readsThePast(operation) : operation.type === "range" && !!operation.revision,
  );
}
