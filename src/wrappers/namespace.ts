/**
 * A store confined to the keys that start with a prefix: the prefix goes onto every key of every request and off every
 * key of every answer, so that who holds it cannot see or touch anything else. Revisions, leases and compaction stay
 * those of the whole store.
 *
 * Bounds: with the prefix `p/`, the range from `a` on (NO_END) becomes `p/a` up to the end of the prefix, `p0`.
 */
import { type ByteString, prefixEnd } from "../base/byte-string.ts";
import type { CallOptions } from "../contract/call-options.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import { HoldfastError } from "../contract/errors.ts";
import { type KeyRange, NO_END, prefixRange } from "../contract/key-range.ts";
import type { KeyValue } from "../contract/key-value.ts";
import type { LeaseGrant, LeaseGrantRequest, LeaseStatus } from "../contract/lease.ts";
import type { Limits } from "../contract/limits.ts";
import type { RangeRequest, RangeResult } from "../contract/range.ts";
import type { RevokeResult, Store, StoreSnapshot, StoreStatus } from "../contract/store.ts";
import type { Operation, OperationResult, TxnBranches, TxnRequest, TxnResult } from "../contract/txn.ts";
import type { Watch, WatchBatch, WatchEvent, WatchRequest } from "../contract/watch.ts";

export interface NamespaceOptions {
  /** `close()` closes the store underneath too. Default false: it is shared, and only this face of it is closed. */
  readonly ownsStore?: boolean | undefined;
}

/** Puts prefixes on and takes them off. */
class Confinement {
  readonly prefix: ByteString;
  readonly #end: ByteString;

  constructor(prefix: ByteString) {
    this.prefix = prefix;
    this.#end = prefixEnd(prefix) ?? NO_END;
  }

  key(key: ByteString): ByteString {
    if (typeof key !== "string" || key === "") throw invalid("a key must be a ByteString and not empty");
    return (this.prefix + key) as ByteString;
  }

  range<Range extends KeyRange>(range: Range): Range {
    checkObject(range, "a range");
    const { end } = range;
    if (end === undefined) return { ...range, key: this.key(range.key) };
    if (typeof end !== "string") throw invalid("an end must be a ByteString");
    const key = this.key(range.key);
    // Before the first key, so the range holds nothing; the prefix alone might read as NO_END.
    if (end === "") return { ...range, key, end: key };
    return { ...range, key, end: end === NO_END ? this.#end : this.prefix + end };
  }

  branches(request: TxnBranches): TxnBranches {
    checkObject(request, "a transaction");
    const { conditions, success, failure } = request;
    if (![conditions, success, failure].every(Array.isArray)) {
      throw invalid("conditions, success and failure must be arrays");
    }
    return {
      conditions: conditions.map((condition) => this.range(condition)),
      success: success.map((operation) => this.#operation(operation)),
      failure: failure.map((operation) => this.#operation(operation)),
    };
  }

  #operation(operation: Operation): Operation {
    checkObject(operation, "an operation");
    switch (operation.type) {
      case "delete":
      case "range":
        return this.range(operation);
      case "append": {
        if (typeof operation.prefix !== "string") throw invalid("a prefix must be a ByteString");
        const prefix = (this.prefix + operation.prefix) as ByteString;
        return { ...operation, prefix, sequence: this.key(operation.sequence) };
      }
      case "txn":
        return { ...operation, ...this.branches(operation) };
      default:
        return { ...operation, key: this.key(operation.key) };
    }
  }

  bare(key: ByteString): ByteString {
    return key.slice(this.prefix.length) as ByteString;
  }

  readonly pair = (kv: KeyValue): KeyValue => ({
    key: this.bare(kv.key),
    value: kv.value,
    revision: kv.revision,
    createRevision: kv.createRevision,
    version: kv.version,
    leaseId: kv.leaseId,
  });

  readonly result = (result: OperationResult): OperationResult => {
    switch (result.type) {
      case "put":
        return result.previous === undefined ? result : { ...result, previous: this.pair(result.previous) };
      case "delete":
        return result.previous === undefined
          ? result
          : { ...result, previous: result.previous.map(this.pair) };
      case "range":
        return { ...result, kvs: result.kvs.map(this.pair) };
      case "append":
        return { ...result, key: this.bare(result.key) };
      case "txn":
        return { ...result, responses: result.responses.map(this.result) };
      case "merge":
        return result;
    }
  };

  readonly event = ({ type, kv, previous }: WatchEvent): WatchEvent =>
    previous === undefined
      ? { type, kv: this.pair(kv) }
      : { type, kv: this.pair(kv), previous: this.pair(previous) };
}

class NamespaceWatch implements Watch {
  readonly #inner: Watch;
  readonly #confinement: Confinement;
  readonly #onEnd: (watch: NamespaceWatch) => void;
  #failure: HoldfastError | undefined;

  constructor(inner: Watch, confinement: Confinement, onEnd: (watch: NamespaceWatch) => void) {
    this.#inner = inner;
    this.#confinement = confinement;
    this.#onEnd = onEnd;
  }

  get startRevision(): number {
    return this.#inner.startRevision;
  }

  async next(): Promise<WatchBatch | undefined> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      const batch = await this.#inner.next();
      // Closed while it waited: the end of the inner watch was not asked for by the reader.
      if (this.#failure !== undefined) throw this.#failure;
      if (batch === undefined) return undefined;
      return { revision: batch.revision, events: batch.events.map(this.#confinement.event) };
    } catch (error) {
      this.#onEnd(this);
      throw error;
    }
  }

  requestProgress(): void {
    this.#inner.requestProgress();
  }

  cancel(): void {
    this.#onEnd(this);
    this.#inner.cancel();
  }

  /** The face was closed: the reader must be told so. */
  fail(error: HoldfastError): void {
    this.#failure = error;
    this.#inner.cancel();
  }
}

class NamespaceStore implements Store {
  readonly limits: Limits;
  readonly capabilities: Capabilities;
  readonly #inner: Store;
  readonly #confinement: Confinement;
  readonly #ownsStore: boolean;
  readonly #watches = new Set<NamespaceWatch>();
  #isClosed = false;

  constructor(inner: Store, prefix: ByteString, options: NamespaceOptions) {
    this.#inner = inner;
    this.#confinement = new Confinement(prefix);
    this.#ownsStore = options.ownsStore === true;
    this.limits = { ...inner.limits, keyBytesMax: inner.limits.keyBytesMax - prefix.length };
    this.capabilities = { ...inner.capabilities, snapshot: false };
  }

  get revision(): number {
    return this.#inner.revision;
  }

  get compactRevision(): number {
    return this.#inner.compactRevision;
  }

  async range(request: RangeRequest, options?: CallOptions): Promise<RangeResult> {
    this.#checkOpen();
    const result = await this.#inner.range(this.#confinement.range(request), options);
    return { ...result, kvs: result.kvs.map(this.#confinement.pair) };
  }

  async txn(request: TxnRequest, options?: CallOptions): Promise<TxnResult> {
    this.#checkOpen();
    const result = await this.#inner.txn(this.#confinement.branches(request), options);
    return { ...result, responses: result.responses.map(this.#confinement.result) };
  }

  async watch(request: WatchRequest, options?: CallOptions): Promise<Watch> {
    this.#checkOpen();
    const inner = await this.#inner.watch(this.#confinement.range(request), options);
    const watch = new NamespaceWatch(inner, this.#confinement, (ended) => this.#watches.delete(ended));
    if (this.#isClosed) watch.fail(closedError());
    else this.#watches.add(watch);
    return watch;
  }

  async waitForRevision(revision: number, options?: CallOptions): Promise<void> {
    this.#checkOpen();
    await this.#inner.waitForRevision(revision, options);
  }

  async grantLease(request: LeaseGrantRequest, options?: CallOptions): Promise<LeaseGrant> {
    this.#checkOpen();
    return this.#inner.grantLease(request, options);
  }

  async keepAliveLease(id: bigint, options?: CallOptions): Promise<LeaseGrant> {
    this.#checkOpen();
    return this.#inner.keepAliveLease(id, options);
  }

  async revokeLease(id: bigint, options?: CallOptions): Promise<RevokeResult> {
    this.#checkOpen();
    return this.#inner.revokeLease(id, options);
  }

  async leaseStatus(
    id: bigint,
    options?: CallOptions & { readonly keys?: boolean },
  ): Promise<LeaseStatus | undefined> {
    this.#checkOpen();
    const status = await this.#inner.leaseStatus(id, options);
    if (status?.keys === undefined) return status;
    const { prefix } = this.#confinement;
    const own = status.keys.filter((key) => key.startsWith(prefix));
    return { ...status, keys: own.map((key) => this.#confinement.bare(key)) };
  }

  async leases(options?: CallOptions): Promise<readonly LeaseStatus[]> {
    this.#checkOpen();
    return this.#inner.leases(options);
  }

  async compact(revision: number, options?: CallOptions): Promise<void> {
    this.#checkOpen();
    await this.#inner.compact(revision, options);
  }

  /** The whole store's, but for the keys. */
  async status(options?: CallOptions): Promise<StoreStatus> {
    this.#checkOpen();
    const range = prefixRange(this.#confinement.prefix);
    const { count } = await this.#inner.range({ ...range, countOnly: true, serializable: true }, options);
    return { ...(await this.#inner.status(options)), keys: count };
  }

  /** A copy would hold what lies outside. */
  async snapshot(): Promise<StoreSnapshot> {
    this.#checkOpen();
    throw new HoldfastError("UNSUPPORTED", "a namespace has no snapshot: take one of the whole store");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.fail(closedError());
    this.#watches.clear();
    if (this.#ownsStore) await this.#inner.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closedError();
  }
}

function invalid(message: string): HoldfastError {
  return new HoldfastError("INVALID_ARGUMENT", message);
}

function checkObject(value: unknown, what: string): void {
  if (typeof value !== "object" || value === null) throw invalid(`${what} must be an object`);
}

function closedError(): HoldfastError {
  return new HoldfastError("CLOSED", "the namespace is closed");
}

/** `prefix` must not be empty. @throws {HoldfastError} INVALID_ARGUMENT */
export function namespaceStore(store: Store, prefix: ByteString, options: NamespaceOptions = {}): Store {
  if (typeof prefix !== "string" || prefix === "") {
    throw invalid("a namespace needs a prefix that is not empty");
  }
  return new NamespaceStore(store, prefix, options);
}
