/** Callers who wait for a revision that has not been published yet. */
import { type Deferred, deferred } from "../../base/deferred.ts";
import type { HoldfastError } from "../../contract/errors.ts";

interface Waiter {
  readonly revision: number;
  readonly reached: Deferred<void>;
}

export class RevisionWaiters {
  readonly #waiters = new Set<Waiter>();

  /** @returns when the revision is published, and how to stop waiting */
  add(revision: number): { readonly reached: Promise<void>; readonly withdraw: () => void } {
    const waiter: Waiter = { revision, reached: deferred() };
    this.#waiters.add(waiter);
    return { reached: waiter.reached.promise, withdraw: () => this.#waiters.delete(waiter) };
  }

  /** Everything up to `revision` is published. */
  published(revision: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.revision > revision) continue;
      this.#waiters.delete(waiter);
      waiter.reached.resolve();
    }
  }

  close(error: HoldfastError): void {
    for (const waiter of this.#waiters) waiter.reached.reject(error);
    this.#waiters.clear();
  }
}
