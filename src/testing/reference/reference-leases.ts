/** The model's leases: each has a timer of its own. Which keys it holds is read off the pairs. */
import type { Clock, Timer } from "../../base/clock.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { LeaseStatus } from "../../contract/lease.ts";

interface Lease {
  readonly id: bigint;
  readonly ttlMs: number;
  readonly endsAtMs: number;
  readonly timer: Timer;
}

export class ReferenceLeases {
  readonly #clock: Clock;
  readonly #onEnd: (id: bigint) => void;
  readonly #leases = new Map<bigint, Lease>();

  /** @param onEnd told when a lease's time has run out, after it is gone */
  constructor(clock: Clock, onEnd: (id: bigint) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  get size(): number {
    return this.#leases.size;
  }

  has(id: bigint): boolean {
    return this.#leases.has(id);
  }

  /** @throws {HoldfastError} LEASE_EXISTS */
  grant(id: bigint, ttlMs: number): void {
    if (this.has(id)) throw new HoldfastError("LEASE_EXISTS", `there is a lease ${id}`);
    this.#start(id, ttlMs);
  }

  /** @returns the time to live. @throws {HoldfastError} LEASE_NOT_FOUND */
  renew(id: bigint): number {
    const { ttlMs } = this.end(id);
    this.#start(id, ttlMs);
    return ttlMs;
  }

  /** @throws {HoldfastError} LEASE_NOT_FOUND */
  end(id: bigint): Lease {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw new HoldfastError("LEASE_NOT_FOUND", `there is no lease ${id}`);
    lease.timer.cancel();
    this.#leases.delete(id);
    return lease;
  }

  status(id: bigint): LeaseStatus | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    const remainingMs = Math.max(0, lease.endsAtMs - this.#clock.monotonicMs());
    return { id, ttlMs: lease.ttlMs, remainingMs };
  }

  /** The one that ends first in front. */
  all(): readonly LeaseStatus[] {
    const statuses = [...this.#leases.keys()].map((id) => this.status(id)!);
    return statuses.sort((a, b) => a.remainingMs - b.remainingMs);
  }

  close(): void {
    for (const { timer } of this.#leases.values()) timer.cancel();
  }

  #start(id: bigint, ttlMs: number): void {
    const timer = this.#clock.setTimer(ttlMs, () => {
      this.#leases.delete(id);
      this.#onEnd(id);
    });
    this.#leases.set(id, { id, ttlMs, endsAtMs: this.#clock.monotonicMs() + ttlMs, timer });
  }
}
