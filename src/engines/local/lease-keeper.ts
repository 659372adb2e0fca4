/** Ends leases when their time is up: never early, late only by what the event loop was. */
import type { Clock, Timer } from "../../base/clock.ts";
import type { LeaseTable } from "../../mvcc/lease-table.ts";

/** Leases ended in one go; the rest follow in the next turn, so that a mass expiry does not hold up everything else. */
const EXPIRE_AT_ONCE = 500;

/** After an expiry could not be written (a full disk), the next attempt waits this long. */
const RETRY_MS = 1_000;

export class LeaseKeeper {
  readonly #leases: LeaseTable;
  readonly #clock: Clock;
  readonly #expire: (id: bigint) => Promise<unknown>;
  #timer: Timer | undefined;
  #timerDeadlineMs = Number.POSITIVE_INFINITY;
  #notBeforeMs = 0;
  #closed = false;

  /** @param expire ends one lease; rejects where that could not be written */
  constructor(leases: LeaseTable, clock: Clock, expire: (id: bigint) => Promise<unknown>) {
    this.#leases = leases;
    this.#clock = clock;
    this.#expire = expire;
  }

  /** Called when a lease was added: its deadline may be the next. */
  schedule(): void {
    const next = this.#leases.nextDeadlineMs();
    if (this.#closed || next === undefined) return;
    const atMs = Math.max(next, this.#notBeforeMs);
    if (atMs >= this.#timerDeadlineMs) return;
    this.#timer?.cancel();
    this.#timerDeadlineMs = atMs;
    this.#timer = this.#clock.setTimer(Math.max(0, atMs - this.#clock.monotonicMs()), () => this.#wake());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #wake(): void {
    this.#timer = undefined;
    this.#timerDeadlineMs = Number.POSITIVE_INFINITY;
    if (this.#closed) return;
    for (const lease of this.#leases.due(this.#clock.monotonicMs(), EXPIRE_AT_ONCE)) {
      this.#expire(lease.id).catch(() => this.#retryLater());
    }
    this.schedule();
  }

  #retryLater(): void {
    this.#notBeforeMs = this.#clock.monotonicMs() + RETRY_MS;
    this.schedule();
  }
}
