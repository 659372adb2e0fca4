/** The model's watch: a revision to go on from, and a look at the list of states. */
import { deferred } from "../../base/deferred.ts";
import { HoldfastError } from "../../contract/errors.ts";
import { rangeHas } from "../../contract/key-range.ts";
import type { Watch, WatchBatch, WatchEvent, WatchRequest } from "../../contract/watch.ts";
import type { State } from "./state.ts";

/** The store as its watches see it. */
export interface Watched {
  readonly states: readonly State[];
  readonly compactRevision: number;
  readonly closed: boolean;
  forget(watch: ReferenceWatch): void;
}

export class ReferenceWatch implements Watch {
  readonly startRevision: number;
  readonly #store: Watched;
  readonly #request: WatchRequest;
  #nextRevision: number;
  #progressRequested = false;
  #cancelled = false;
  #failure: HoldfastError | undefined;
  #stirred = deferred<void>();

  constructor(store: Watched, request: WatchRequest) {
    this.#store = store;
    this.#request = { ...request };
    this.startRevision = store.states.at(-1)!.revision;
    this.#nextRevision = request.fromRevision || this.startRevision + 1;
  }

  async next(): Promise<WatchBatch | undefined> {
    for (;;) {
      if (this.#cancelled) return undefined;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#store.closed) throw new HoldfastError("CLOSED", "the store has been closed");
      const batch = this.#look();
      if (batch !== undefined) return batch;
      await this.#stirred.promise;
    }
  }

  requestProgress(): void {
    this.#progressRequested = true;
    this.stir();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#store.forget(this);
    this.stir();
  }

  /** Something happened: a waiting `next` looks again. */
  stir(): void {
    this.#stirred.resolve();
    this.#stirred = deferred<void>();
  }

  #look(): WatchBatch | undefined {
    const { states, compactRevision } = this.#store;
    const state = states.find(
      ({ revision, events }) => revision >= this.#nextRevision && events.some((event) => this.#wants(event)),
    );
    if (state !== undefined) {
      if (state.revision < compactRevision) throw this.#overtaken();
      this.#nextRevision = state.revision + 1;
      const wanted = state.events.filter((event) => this.#wants(event));
      return { revision: state.revision, events: wanted.map((event) => this.#show(event)) };
    }
    if (!this.#progressRequested) return undefined;
    this.#progressRequested = false;
    return { revision: states.at(-1)!.revision, events: [] };
  }

  #wants({ type, kv }: WatchEvent): boolean {
    return (
      rangeHas(this.#request, kv.key) && (this.#request.only === undefined || this.#request.only === type)
    );
  }

  #show({ type, kv, previous }: WatchEvent): WatchEvent {
    const kept = kv.revision > this.#store.compactRevision;
    return this.#request.previous && previous !== undefined && kept ? { type, kv, previous } : { type, kv };
  }

  #overtaken(): HoldfastError {
    const { compactRevision } = this.#store;
    this.#failure = compacted(compactRevision);
    this.#store.forget(this);
    return this.#failure;
  }
}

export function compacted(compactRevision: number): HoldfastError {
  return new HoldfastError("COMPACTED", `history before revision ${compactRevision} is gone`, {
    details: { compactRevision },
  });
}
