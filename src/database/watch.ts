/** Following changes: the contract's batches as a stream of events that knows how to be resumed, and never ends in silence. */
import type { CallOptions } from "../contract/call-options.ts";
import type { Store } from "../contract/store.ts";
import type {
  Watch as StoreWatch,
  WatchBatch as StoreWatchBatch,
  WatchEvent as StoreWatchEvent,
} from "../contract/watch.ts";
import { aborted } from "./aborted.ts";
import {
  callOptions,
  checkObject,
  type KeySelector,
  toChoice,
  toOptionalNumber,
  toRange,
} from "./arguments.ts";
import { KeyValue, toOptionalKeyValue } from "./key-value.ts";

export type WatchOptions = KeySelector &
  CallOptions & {
    /**
     * The first revision of interest, inclusive. Absent or 0: the one after the current. In the past: history is
     * replayed from there without gap or repeat. In the future: silence until then.
     */
    readonly fromRevision?: number | undefined;
    /** Give each event the state before it. */
    readonly previous?: boolean | undefined;
    /** Only these events. Default: both. */
    readonly only?: "put" | "delete" | undefined;
  };

const EVENT_TYPES: readonly ("put" | "delete")[] = ["put", "delete"];

/** One key written or deleted. */
export class WatchEvent {
  readonly type: "put" | "delete";
  /** The key after the event. After a delete: the key and the deleting revision, with an empty value and version 0. */
  readonly kv: KeyValue;
  /** The state before, where asked for. Absent on a create, and where compaction has taken it. */
  readonly previous: KeyValue | undefined;

  /** @internal */
  constructor(stored: StoreWatchEvent) {
    this.type = stored.type;
    this.kv = new KeyValue(stored.kv);
    this.previous = toOptionalKeyValue(stored.previous);
  }

  /** A put that brought the key into being. */
  get isCreate(): boolean {
    return this.type === "put" && this.kv.version === 1;
  }
}

/** All events of one revision. Without events: a progress mark. */
export interface WatchBatch {
  /** Everything up to and including this revision has now been delivered. */
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

type Result<T> = IteratorResult<T, undefined>;
/** What a reaction gives: at once where it can, which saves a promise per event. */
type Pending<T> = Result<T> | Promise<Result<T>>;

const NO_EVENTS: readonly StoreWatchEvent[] = [];
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * A stream of events, in order of revision, for one reader: iterate over the events themselves or over `batches()`.
 *
 * It ends normally by `close()` or by leaving the loop, and otherwise only by throwing: ABORTED once the `signal` it
 * was opened with aborts, COMPACTED where compaction has overtaken it, CLOSED with the store, UNAVAILABLE.
 */
export class Watch implements AsyncIterable<WatchEvent> {
  readonly #source: StoreWatch;
  readonly #signal: AbortSignal | undefined;
  #events = NO_EVENTS;
  #at = 0;
  #batchRevision = 0;
  #resumeRevision: number;
  #isClosed = false;
  #failure: unknown;
  #pull: Promise<void> | undefined;

  /** @internal */
  constructor(source: StoreWatch, fromRevision: number | undefined, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#resumeRevision = fromRevision || source.startRevision + 1;
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort);
  }

  /** The store's revision when the watch was established: without `fromRevision`, the first event has a greater one. */
  get startRevision(): number {
    return this.#source.startRevision;
  }

  /**
   * Where to go on: a watch with this `fromRevision` continues exactly after what this one has handed out. Save it
   * once the event in hand is dealt with. Within a revision of several events it is that revision, so that none of
   * them is lost: those already handed out come again. With `batches()` nothing ever comes again.
   */
  get resumeRevision(): number {
    return this.#resumeRevision;
  }

  /** Asks for a progress mark, which moves `resumeRevision` on even where no event of interest has happened. */
  requestProgress(): void {
    this.#source.requestProgress();
  }

  /** Ends the watch. A loop that waits for the next event ends normally. Closing twice is fine. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchEvent, undefined> {
    return { next: () => this.#nextEvent(), return: () => this.#return() };
  }

  /** The same by whole revisions, progress marks included. Leaving the loop closes the watch. */
  batches(): AsyncIterable<WatchBatch> {
    const iterator = { next: () => this.#nextBatch(), return: () => this.#return() };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  readonly #onAbort = (): void => {
    this.#failure ??= aborted(this.#signal!);
    this.#stop();
  };

  #stop(): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#events = NO_EVENTS;
    this.#at = 0;
    this.#source.cancel();
  }

  #return(): Promise<IteratorReturnResult<undefined>> {
    this.close();
    return Promise.resolve(DONE);
  }

  #nextEvent(): Promise<Result<WatchEvent>> {
    if (this.#at < this.#events.length) return Promise.resolve({ done: false, value: this.#takeEvent() });
    if (this.#hasEnded()) return this.#ended();
    return this.#fetch().then(this.#onFetchedEvent);
  }

  readonly #onFetchedEvent = (): Pending<WatchEvent> => {
    if (this.#at < this.#events.length) return { done: false, value: this.#takeEvent() };
    if (!this.#hasEnded()) this.#markProgress();
    return this.#nextEvent();
  };

  #nextBatch(): Promise<Result<WatchBatch>> {
    if (this.#at < this.#events.length) return Promise.resolve({ done: false, value: this.#takeBatch() });
    if (this.#hasEnded()) return this.#ended();
    return this.#fetch().then(this.#onFetchedBatch);
  }

  readonly #onFetchedBatch = (): Pending<WatchBatch> => {
    if (this.#at < this.#events.length || this.#hasEnded()) return this.#nextBatch();
    this.#markProgress();
    return { done: false, value: { revision: this.#batchRevision, events: [] } };
  };

  /** The store's watch takes one call at a time; readers that come together wait for the same batch. */
  #fetch(): Promise<void> {
    this.#pull ??= this.#source.next().then(this.#onBatch, this.#onError);
    return this.#pull;
  }

  readonly #onBatch = (batch: StoreWatchBatch | undefined): void => {
    this.#pull = undefined;
    if (this.#hasEnded()) return;
    if (batch === undefined) {
      this.#isClosed = true;
      return;
    }
    this.#events = batch.events;
    this.#at = 0;
    this.#batchRevision = batch.revision;
  };

  readonly #onError = (error: unknown): void => {
    this.#pull = undefined;
    this.#failure ??= error;
    this.#stop();
  };

  #hasEnded(): boolean {
    return this.#isClosed || this.#failure !== undefined;
  }

  #ended(): Promise<IteratorReturnResult<undefined>> {
    return this.#isClosed ? Promise.resolve(DONE) : Promise.reject(this.#failure);
  }

  #markProgress(): void {
    this.#resumeAfter(this.#batchRevision);
  }

  #takeEvent(): WatchEvent {
    const event = this.#events[this.#at++]!;
    const { revision } = event.kv;
    if (this.#at === this.#events.length) this.#resumeAfter(this.#batchRevision);
    else this.#resumeAfter(this.#events[this.#at]!.kv.revision === revision ? revision - 1 : revision);
    return new WatchEvent(event);
  }

  #takeBatch(): WatchBatch {
    const { revision } = this.#events[this.#at]!.kv;
    const events: WatchEvent[] = [];
    while (this.#at < this.#events.length && this.#events[this.#at]!.kv.revision === revision) {
      events.push(this.#takeEvent());
    }
    return { revision, events };
  }

  #resumeAfter(revision: number): void {
    if (revision >= this.#resumeRevision) this.#resumeRevision = revision + 1;
  }
}

/** Opens a watch. @throws {HoldfastError} COMPACTED, INVALID_ARGUMENT, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED */
export async function openWatch(store: Store, options: WatchOptions): Promise<Watch> {
  checkObject(options, "options");
  const { key, end } = toRange(options);
  const fromRevision = toOptionalNumber(options.fromRevision, "fromRevision", 0);
  const only = options.only === undefined ? undefined : toChoice(options.only, EVENT_TYPES, "only");
  const request = { key, end, fromRevision, previous: options.previous === true, only };
  const source = await store.watch(request, callOptions(options));
  return new Watch(source, fromRevision, options.signal);
}
