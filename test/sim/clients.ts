/**
 * What happens to an open store: several writers at once, readers, a watcher, leases, compactions. Everything that
 * the store answers goes to the oracle, until the process dies: of what comes later nobody learns.
 */
import { type ByteString, prefixEnd } from "../../src/base/byte-string.ts";
import { below, type Random } from "../../src/base/random.ts";
import { type ErrorCode, HoldfastError, isHoldfastError } from "../../src/contract/errors.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { RangeQuery } from "../../src/contract/range.ts";
import type { Store } from "../../src/contract/store.ts";
import type { Watch, WatchEvent } from "../../src/contract/watch.ts";
import type { HistoryOracle } from "./history-oracle.ts";
import { type LeaseBook, Violation } from "./lease-book.ts";
import type { SimulatedProcess } from "./scheduler.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { Workload } from "./workload.ts";

export interface Session {
  /** Names transactions: different in every life. */
  readonly life: number;
  readonly store: Store;
  readonly disk: SimulatedDisk;
  readonly process: SimulatedProcess;
  readonly oracle: HistoryOracle;
  readonly leases: LeaseBook;
  readonly workload: Workload;
  readonly random: Random;
  /** The disk is too small, until somebody frees space. */
  isShortOfSpace: boolean;
  /** Whether the power may fail. */
  readonly mayCrash: boolean;
}

/** What a transaction may be refused with at any time. */
const ORDINARY: ReadonlySet<ErrorCode> = new Set(["KEY_NOT_FOUND", "LEASE_NOT_FOUND", "OUT_OF_RANGE"]);
const TTLS_MS = [200, 1_000, 5_000];
/** The moments right after an answer are those in which a broken promise shows: one in so many is a crash. */
const CRASH_AFTER_ANSWER = 150;
const CRASH_AFTER_REFUSAL = 4;
/** After so many refusals for want of space, space is freed. */
const REFUSALS_BEFORE_FREEING = 4;

export class Clients {
  readonly #session: Session;
  readonly #random: Random;
  #running = 0;
  #transactions = 0;
  #refusedForSpace = 0;
  /** The store has said that it takes no more writes. */
  #hasFailed = false;
  /** What a client found wrong. */
  violation: unknown;

  constructor(session: Session) {
    this.#session = session;
    this.#random = session.random;
  }

  get areDone(): boolean {
    return this.#running === 0;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  start(): void {
    const writers = 1 + below(this.#random, 6);
    for (let writer = 0; writer < writers; writer++) this.#run(() => this.#write());
    this.#run(() => this.#read());
    if (below(this.#random, 2) === 0) this.#run(() => this.#useLeases());
    if (below(this.#random, 4) > 0) this.#run(() => this.#compact());
    this.#watch().catch((error: unknown) => this.#report(error));
  }

  #run(client: () => Promise<void>): void {
    this.#running++;
    client()
      .catch((error: unknown) => this.#report(error))
      .finally(() => this.#running--);
  }

  #report(error: unknown): void {
    if (!this.#isDead) this.violation ??= error;
  }

  get #isDead(): boolean {
    return this.#session.disk.isCrashed;
  }

  async #write(): Promise<void> {
    const { oracle, store, workload, life, process } = this.#session;
    const count = 1 + below(this.#random, 25);
    for (let at = 0; at < count; at++) {
      const id = `${life}-${++this.#transactions}`;
      const request = workload.txn(id);
      const beganFailed = this.#hasFailed;
      const beganShort = this.#session.isShortOfSpace;
      oracle.sent(id, request);
      try {
        const result = await store.txn(request);
        if (this.#isDead) return;
        if (beganFailed) throw new Violation(`${id} was acknowledged by a store that had failed`);
        oracle.answered(id, result);
        this.#perhapsCrash(CRASH_AFTER_ANSWER);
      } catch (error) {
        if (this.#isDead) return;
        if (this.#accept(error, beganShort) === "not-applied") oracle.refused(id);
        if (!isOrdinary(error)) this.#perhapsCrash(CRASH_AFTER_REFUSAL);
        if (this.#hasFailed && below(this.#random, 4) === 0) return;
      }
      await process.pause();
    }
  }

  /** Whether an error of a write is one that may come now; anything else is thrown on. */
  #accept(error: unknown, beganShort: boolean): "not-applied" | "unknown" {
    if (!(error instanceof HoldfastError)) throw error;
    if (error.code === "NO_SPACE") {
      if (!beganShort) throw new Violation(`NO_SPACE although there is space: ${error.message}`);
      if (++this.#refusedForSpace >= REFUSALS_BEFORE_FREEING) this.#freeSpace();
      return error.outcome;
    }
    if (isOrdinary(error)) return error.outcome;
    const { struck } = this.#session.disk;
    if (struck.size === 0) throw new Violation(`refused without a reason: ${error.code} ${error.message}`);
    // The answer could not be read; whether the write was made, the outcome says.
    if (error.code === "IO" && struck.has("failReadAtCall")) return error.outcome;
    if (error.code !== "STORE_FAILED" && error.code !== "IO") throw error;
    this.#hasFailed = true;
    return error.outcome;
  }

  #perhapsCrash(oneIn: number): void {
    const { mayCrash, disk } = this.#session;
    if (mayCrash && below(this.#random, oneIn) === 0) disk.crash();
  }

  #freeSpace(): void {
    this.#session.isShortOfSpace = false;
    this.#session.disk.capacityBytes = Number.POSITIVE_INFINITY;
  }

  async #read(): Promise<void> {
    const { oracle, store, process } = this.#session;
    const count = below(this.#random, 20);
    for (let at = 0; at < count; at++) {
      await process.pause();
      const answeredBefore = oracle.answeredRevision;
      const query = this.#query();
      try {
        const result = await store.range(query);
        if (this.#isDead) return;
        oracle.readSeen(query, result, answeredBefore);
      } catch (error) {
        if (this.#isDead) return;
        const isRead = error instanceof HoldfastError;
        if (isRead && error.code === "COMPACTED" && query.revision! < store.compactRevision) continue;
        if (isRead && error.code === "IO" && this.#session.disk.struck.has("failReadAtCall")) continue;
        throw error;
      }
    }
  }

  #query(): RangeQuery {
    const { store } = this.#session;
    const prefix = ["k/", "c/", "s/", "a/0/", "m/"][below(this.#random, 5)]! as ByteString;
    const range = { key: prefix, end: prefixEnd(prefix)!, limit: below(this.#random, 6) };
    if (below(this.#random, 2) === 0) return range;
    const oldest = Math.max(1, store.compactRevision);
    return { ...range, revision: oldest + below(this.#random, store.revision - oldest + 1) };
  }

  /** Follows everything, and begins again where it was when a read has failed. */
  async #watch(): Promise<void> {
    const { oracle, store, disk } = this.#session;
    const previous = below(this.#random, 2) === 0;
    for (;;) {
      try {
        await this.#follow(
          await store.watch({ ...EVERYTHING, fromRevision: oracle.seenRevision + 1, previous }),
          previous,
        );
        return;
      } catch (error) {
        if (this.#isDead || isHoldfastError(error, "CLOSED")) return;
        if (!isHoldfastError(error, "IO") || !disk.struck.has("failReadAtCall")) throw error;
      }
    }
  }

  async #follow(watch: Watch, hasPrevious: boolean): Promise<void> {
    for (;;) {
      const batch = await watch.next();
      if (batch === undefined || this.#isDead) return;
      for (const [revision, events] of byRevision(batch.events)) {
        await this.#session.oracle.observe(revision, events, hasPrevious);
      }
    }
  }

  async #useLeases(): Promise<void> {
    const { store, leases, process, life } = this.#session;
    const own: bigint[] = [];
    const count = below(this.#random, 12);
    for (let at = 0; at < count; at++) {
      await process.pause();
      const calledMs = process.nowMs();
      const beganShort = this.#session.isShortOfSpace;
      try {
        const id = own[below(this.#random, own.length + 2)];
        if (id === undefined) {
          const fresh = BigInt(life * 1_000 + at + 1);
          const { ttlMs } = await store.grantLease({ id: fresh, ttlMs: TTLS_MS[below(this.#random, 3)]! });
          if (this.#isDead) return;
          own.push(fresh);
          leases.granted(fresh, ttlMs, calledMs);
          await this.#session.oracle.model.grantLease({ id: fresh, ttlMs });
        } else if (below(this.#random, 3) > 0) {
          await store.keepAliveLease(id);
          if (this.#isDead) return;
          leases.renewed(id, calledMs);
        } else {
          own.splice(own.indexOf(id), 1);
          leases.revoking(id);
          await store.revokeLease(id);
          if (this.#isDead) return;
          leases.revoked(id);
        }
      } catch (error) {
        if (this.#isDead) return;
        this.#accept(error, beganShort);
      }
    }
  }

  async #compact(): Promise<void> {
    const { store, oracle, process } = this.#session;
    for (let at = 1 + below(this.#random, 6); at > 0; at--) {
      for (let turn = below(this.#random, 40); turn > 0; turn--) await process.pause();
      const least = store.compactRevision + 1;
      // What nobody has seen yet could not be told apart afterwards.
      const most = Math.min(store.revision, oracle.seenRevision);
      if (least > most) continue;
      // Mostly nearly all of history, which leaves the engine something to clear away.
      const isWide = below(this.#random, 3) > 0;
      const revision = isWide
        ? Math.max(least, most - below(this.#random, 5))
        : least + below(this.#random, most - least + 1);
      const beganShort = this.#session.isShortOfSpace;
      oracle.compacting(revision);
      try {
        await store.compact(revision);
        if (this.#isDead) return;
        oracle.compacted(revision);
      } catch (error) {
        if (this.#isDead) return;
        const isOvertaken = isHoldfastError(error, "COMPACTED") && revision <= store.compactRevision;
        if (!isOvertaken) this.#accept(error, beganShort);
      }
    }
  }
}

export function byRevision(events: readonly WatchEvent[]): Map<number, WatchEvent[]> {
  const grouped = new Map<number, WatchEvent[]>();
  for (const event of events) {
    const group = grouped.get(event.kv.revision);
    if (group === undefined) grouped.set(event.kv.revision, [event]);
    else group.push(event);
  }
  return grouped;
}

function isOrdinary(error: unknown): boolean {
  return error instanceof HoldfastError && ORDINARY.has(error.code) && error.outcome === "not-applied";
}
