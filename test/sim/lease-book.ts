/** What clients know of their leases: how long each must live at least, whatever crashes in between. */
export class Violation extends Error {
  override readonly name = "Violation";
}

interface KnownLease {
  readonly ttlMs: number;
  /** The store was told to renew no earlier than this long before; it must not end before. */
  mustLiveUntilMs: number;
  state: "live" | "revoked" | "ended" | "unsure";
}

export class LeaseBook {
  readonly #leases = new Map<bigint, KnownLease>();

  /** @param calledMs when the call was made, not when it was answered. */
  granted(id: bigint, ttlMs: number, calledMs: number): void {
    this.#leases.set(id, { ttlMs, mustLiveUntilMs: calledMs + ttlMs, state: "live" });
  }

  renewed(id: bigint, calledMs: number): void {
    const lease = this.#leases.get(id)!;
    lease.mustLiveUntilMs = Math.max(lease.mustLiveUntilMs, calledMs + lease.ttlMs);
  }

  /** A revoke was sent: it may take effect at any time. */
  revoking(id: bigint): void {
    this.#leases.get(id)!.state = "unsure";
  }

  revoked(id: bigint): void {
    this.#leases.get(id)!.state = "revoked";
  }

  /** The store was seen to end it. */
  ended(id: bigint, nowMs: number): void {
    const lease = this.#leases.get(id);
    if (lease?.state === "live") {
      if (nowMs < lease.mustLiveUntilMs) {
        throw new Violation(`lease ${id} ended ${lease.mustLiveUntilMs - nowMs} ms too early`);
      }
      lease.state = "ended";
    }
  }

  /** Time passes while the store is not open. It does not count. */
  slept(fromMs: number, ms: number): void {
    for (const lease of this.#leases.values()) {
      if (lease.mustLiveUntilMs > fromMs) lease.mustLiveUntilMs += ms;
    }
  }

  /** A crash has taken what was answered last: of no lease is anything certain. */
  rewind(): void {
    for (const lease of this.#leases.values()) lease.state = "unsure";
  }

  usable(): bigint[] {
    return [...this.#leases].filter(([, lease]) => lease.state === "live").map(([id]) => id);
  }

  known(): bigint[] {
    return [...this.#leases.keys()];
  }

  /** @param remainingOf what the store says now; undefined for a lease that it does not know. */
  check(remainingOf: (id: bigint) => number | undefined, nowMs: number): void {
    for (const [id, lease] of this.#leases) {
      const remainingMs = remainingOf(id);
      if (lease.state === "revoked" && remainingMs !== undefined) {
        throw new Violation(`lease ${id} was revoked and is back`);
      }
      const atLeastMs = lease.mustLiveUntilMs - nowMs;
      if (lease.state !== "live" || atLeastMs <= 0) continue;
      if (remainingMs === undefined)
        throw new Violation(`lease ${id} is lost ${atLeastMs} ms before its time`);
      if (remainingMs < atLeastMs) {
        throw new Violation(`lease ${id} has ${remainingMs} ms left, at least ${atLeastMs} ms were promised`);
      }
      if (remainingMs > lease.ttlMs)
        throw new Violation(`lease ${id} has more left than its ${lease.ttlMs} ms`);
    }
  }
}
