/**
 * One reader's share of a view: what has changed since he last looked. Changes of a key that he has not taken yet
 * are joined, the latest state wins, so a slow reader costs at most one change per key.
 *
 * Worked example: he has seen `a` at revision 4. Meanwhile `a` is put at 5, `b` created at 6, `a` deleted at 7, `b`
 * deleted at 8. Waiting for him is one change: `a` deleted, previous the state of 4. Of `b` he never hears.
 */
import type { ByteString } from "../base/byte-string.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import type { KeyValue } from "./key-value.ts";

/** A key of the view written, or brought back by healing. */
export interface ViewPut {
  readonly type: "put";
  readonly kv: KeyValue;
  /** What this reader last saw of the key. Absent where he saw none. */
  readonly previous?: KeyValue | undefined;
}

/** A key of the view gone. */
export interface ViewDelete {
  readonly type: "delete";
  /** The key and the revision at which it was gone, with an empty value and version 0. */
  readonly kv: KeyValue;
  /** What this reader last saw of the key. */
  readonly previous: KeyValue;
}

/** Everything before it was the state as the reader came; from here on it is changes. */
export interface ViewSynced {
  readonly type: "synced";
  readonly revision: number;
}

/** The view has lost its place, has read everything anew and told the difference: single steps are missing. */
export interface ViewResync {
  readonly type: "resync";
  readonly revision: number;
}

export type ViewChange = ViewPut | ViewDelete | ViewSynced | ViewResync;

/** Where the marks stand among the keys. */
const MARKS = { synced: Symbol("synced"), resync: Symbol("resync") } as const;
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class ViewFeed implements AsyncIterator<ViewChange, undefined> {
  readonly #onReturn: (feed: ViewFeed) => void;
  /** One change per key, one mark of each type; the oldest in front. */
  readonly #waiting = new Map<ByteString | symbol, ViewChange>();
  /** Kept, because a new iterator would walk over all that was taken before. */
  #cursor = this.#waiting.entries();
  #arrival: Deferred<void> | undefined;
  #end: { readonly error?: unknown } | undefined;
  isSynced = false;

  constructor(onReturn: (feed: ViewFeed) => void) {
    this.#onReturn = onReturn;
  }

  put(key: ByteString, kv: KeyValue, previous: KeyValue | undefined): void {
    const seen = this.#withdraw(key, previous);
    this.#add(key, seen === undefined ? { type: "put", kv } : { type: "put", kv, previous: seen });
  }

  delete(key: ByteString, kv: KeyValue, previous: KeyValue): void {
    const seen = this.#withdraw(key, previous);
    if (seen !== undefined) this.#add(key, { type: "delete", kv, previous: seen });
  }

  mark(type: "synced" | "resync", revision: number): void {
    if (type === "synced") this.isSynced = true;
    this.#waiting.delete(MARKS[type]);
    this.#add(MARKS[type], { type, revision });
  }

  /** What is still waiting is given out first. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#arrive();
  }

  close(): void {
    this.#end = {};
    this.#waiting.clear();
    this.#arrive();
  }

  async next(): Promise<IteratorResult<ViewChange, undefined>> {
    while (this.#waiting.size === 0) {
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return DONE;
      }
      this.#arrival ??= deferred();
      await this.#arrival.promise;
    }
    return { done: false, value: this.#take() };
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.close();
    this.#onReturn(this);
    return DONE;
  }

  #take(): ViewChange {
    let next = this.#cursor.next();
    if (next.done === true) {
      this.#cursor = this.#waiting.entries();
      next = this.#cursor.next();
    }
    const [slot, change] = next.value!;
    this.#waiting.delete(slot);
    return change;
  }

  /** Takes back the waiting change of a key and gives what the reader has really seen of it. */
  #withdraw(key: ByteString, previous: KeyValue | undefined): KeyValue | undefined {
    const waiting = this.#waiting.get(key) as ViewPut | ViewDelete | undefined;
    if (waiting === undefined) return previous;
    this.#waiting.delete(key);
    return waiting.previous;
  }

  #add(slot: ByteString | symbol, change: ViewChange): void {
    this.#waiting.set(slot, change);
    this.#arrive();
  }

  #arrive(): void {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }
}
