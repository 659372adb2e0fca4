/**
 * Leases with their deadlines and the keys bound to them. Deadlines are in the caller's monotonic milliseconds;
 * the table never looks at a clock. A heap orders them; a keep-alive only moves the deadline, and the heap
 * entry is put right when it comes up, so renewing costs no search.
 */
import type { ByteString } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import { NO_LEASE } from "../contract/key-value.ts";
import type { LeaseImage } from "./image.ts";

export interface Lease {
  readonly id: bigint;
  readonly ttlMs: number;
  /** Only ever moves later while the lease is in the table. */
  deadlineMs: number;
  /** Bound keys; made when the first one comes. */
  keys: Set<ByteString> | undefined;
}

interface HeapEntry {
  readonly lease: Lease;
  readonly deadlineMs: number;
}

const HEAP_SLACK = 1_024;

export function leaseNotFound(id: bigint): HoldfastError {
  return new HoldfastError(
    "LEASE_NOT_FOUND",
    `lease ${id} does not exist: never granted, expired or revoked`,
    {
      details: { leaseId: id },
    },
  );
}

export class LeaseTable {
  readonly #leases = new Map<bigint, Lease>();
  #heap: HeapEntry[] = [];

  get size(): number {
    return this.#leases.size;
  }

  /** Entries that order the deadlines; stays in proportion to `size`. */
  get heapSize(): number {
    return this.#heap.length;
  }

  get(id: bigint): Lease | undefined {
    return this.#leases.get(id);
  }

  /** @throws {HoldfastError} LEASE_NOT_FOUND */
  require(id: bigint): Lease {
    const lease = this.#leases.get(id);
    if (lease === undefined) throw leaseNotFound(id);
    return lease;
  }

  add(id: bigint, ttlMs: number, deadlineMs: number): Lease {
    const lease: Lease = { id, ttlMs, deadlineMs, keys: undefined };
    this.restore(lease);
    return lease;
  }

  /** Puts a lease (back) into the table as it is. */
  restore(lease: Lease): void {
    this.#leases.set(lease.id, lease);
    this.#push({ lease, deadlineMs: lease.deadlineMs });
  }

  remove(id: bigint): void {
    this.#leases.delete(id);
    if (this.#heap.length > HEAP_SLACK && this.#heap.length > 2 * this.#leases.size) this.#rebuildHeap();
  }

  attach(id: bigint, key: ByteString): void {
    if (id === NO_LEASE) return;
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.keys ??= new Set();
    lease.keys.add(key);
  }

  detach(id: bigint, key: ByteString): void {
    if (id !== NO_LEASE) this.#leases.get(id)?.keys?.delete(key);
  }

  /** Bound keys, ascending. */
  keysOf(lease: Lease): ByteString[] {
    return lease.keys === undefined ? [] : [...lease.keys].sort();
  }

  /** The earliest deadline of any lease; undefined where there is none. */
  nextDeadlineMs(): number | undefined {
    this.#settleTop();
    return this.#heap[0]?.deadlineMs;
  }

  /** Leases whose deadline has come, earliest first, at most `limit`. They stay in the table until removed. */
  due(nowMs: number, limit: number): Lease[] {
    const due = new Set<Lease>();
    for (;;) {
      this.#settleTop();
      const top = this.#heap[0];
      if (top === undefined || top.deadlineMs > nowMs || due.size >= limit) break;
      due.add(top.lease);
      this.#popTop();
    }
    for (const lease of due) this.#push({ lease, deadlineMs: lease.deadlineMs });
    return [...due];
  }

  all(): Lease[] {
    return [...this.#leases.values()].sort((a, b) => a.deadlineMs - b.deadlineMs || (a.id < b.id ? -1 : 1));
  }

  images(nowMs: number): LeaseImage[] {
    return this.all().map(({ id, ttlMs, deadlineMs }) => ({
      id,
      ttlMs,
      remainingMs: Math.max(0, Math.min(ttlMs, deadlineMs - nowMs)),
    }));
  }

  /** Leases that end long before their deadline would otherwise pile up in the heap. */
  #rebuildHeap(): void {
    this.#heap = [...this.#leases.values()]
      .map((lease) => ({ lease, deadlineMs: lease.deadlineMs }))
      .sort((a, b) => a.deadlineMs - b.deadlineMs);
  }

  /** Drops entries of removed leases from the top, and moves renewed ones to where they belong. */
  #settleTop(): void {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return;
      const current = this.#leases.get(top.lease.id) === top.lease;
      if (current && top.lease.deadlineMs === top.deadlineMs) return;
      this.#popTop();
      if (current) this.#push({ lease: top.lease, deadlineMs: top.lease.deadlineMs });
    }
  }

  #push(entry: HeapEntry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.deadlineMs <= entry.deadlineMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #popTop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.deadlineMs < heap[child]!.deadlineMs) child++;
      if (heap[child]!.deadlineMs >= last.deadlineMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
