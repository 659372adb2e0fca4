/**
 * Knows what a store may and must hold: every transaction that was sent, what was answered, and the history that
 * was seen, replayed on the model (testing/reference-store.ts). Everything it is told is checked:
 *
 *   - a revision, once seen or answered, never has another content, is never skipped and never lost;
 *   - a transaction is there as a whole, exactly as the model executes it on the state before it;
 *   - what was refused as not applied is not there, and nothing is there twice;
 *   - answers and reads are the model's for their revision.
 */
import { below, type Random, seededRandom } from "../../src/base/random.ts";
import { isHoldfastError } from "../../src/contract/errors.ts";
import { EVERYTHING } from "../../src/contract/key-range.ts";
import type { RangeQuery, RangeResult } from "../../src/contract/range.ts";
import type { Store } from "../../src/contract/store.ts";
import type { TxnRequest, TxnResult } from "../../src/contract/txn.ts";
import type { WatchEvent } from "../../src/contract/watch.ts";
import { ReferenceStore } from "../../src/testing/reference-store.ts";
import { canonical, difference, isSame } from "./canonical.ts";
import { type LeaseBook, Violation } from "./lease-book.ts";
import { markedBy } from "./workload.ts";

interface Attempt {
  readonly request: TxnRequest;
  state: "sent" | "answered" | "refused";
  /** Where it was seen to have taken effect. */
  revision?: number;
}

interface SeenRead {
  readonly query: RangeQuery;
  readonly result: RangeResult;
}

export interface OracleOptions {
  readonly leases: LeaseBook;
  readonly nowMs: () => number;
  /** Whether the store compacts without being asked. */
  readonly forgetsHistory: boolean;
}

/** Leases of the model end only when told. */
const FROZEN_CLOCK = { nowMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };

export class HistoryOracle {
  readonly model = new ReferenceStore({ clock: FROZEN_CLOCK, random: seededRandom(0) });
  readonly #leases: LeaseBook;
  readonly #nowMs: () => number;
  readonly #forgetsHistory: boolean;
  readonly #attempts = new Map<string, Attempt>();
  /** Answers by revision; each is compared when the model has come so far. */
  readonly #answers = new Map<number, { readonly id: string; readonly result: TxnResult }>();
  readonly #modelAnswers = new Map<number, TxnResult>();
  #reads: SeenRead[] = [];
  /** The greatest revision of any answer: a store that does not know it has lost something. */
  answeredRevision = 1;
  /** The greatest compaction that was asked for, and that was answered. */
  #compactionSent = 0;
  #compactionAnswered = 0;

  constructor({ leases, nowMs, forgetsHistory }: OracleOptions) {
    this.#leases = leases;
    this.#nowMs = nowMs;
    this.#forgetsHistory = forgetsHistory;
  }

  get #mayHaveForgotten(): boolean {
    return this.#forgetsHistory || this.#compactionSent > 0;
  }

  /** The greatest revision that anybody was shown. */
  get seenRevision(): number {
    return this.model.revision;
  }

  sent(id: string, request: TxnRequest): void {
    this.#attempts.set(id, { request, state: "sent" });
  }

  answered(id: string, result: TxnResult): void {
    const attempt = this.#attempts.get(id)!;
    attempt.state = "answered";
    const { revision } = result;
    const other = this.#answers.get(revision);
    if (other !== undefined)
      throw new Violation(`revision ${revision} was answered to ${other.id} and to ${id}`);
    this.#answers.set(revision, { id, result });
    this.answeredRevision = Math.max(this.answeredRevision, revision);
    this.#compareAnswer(revision);
  }

  /** It failed, and the store said that nothing of it was kept. */
  refused(id: string): void {
    const attempt = this.#attempts.get(id)!;
    attempt.state = "refused";
    if (attempt.revision !== undefined) this.#failRefused(id, attempt.revision);
  }

  compacting(revision: number): void {
    this.#compactionSent = Math.max(this.#compactionSent, revision);
  }

  compacted(revision: number): void {
    this.#compactionAnswered = Math.max(this.#compactionAnswered, revision);
  }

  checkCompaction(compactRevision: number): void {
    const least = this.#compactionAnswered;
    const most = this.#forgetsHistory ? this.seenRevision : this.#compactionSent;
    if (compactRevision < least || compactRevision > most) {
      throw new Violation(
        `compacted to ${compactRevision}; it was answered to ${least} and asked to ${most}`,
      );
    }
  }

  /** A read is compared once the model knows its revision. */
  readSeen(query: RangeQuery, result: RangeResult, answeredBefore: number): void {
    if (result.revision < answeredBefore) {
      throw new Violation(`a read at ${result.revision} misses revision ${answeredBefore}, answered before`);
    }
    this.#reads.push({ query, result });
  }

  /**
   * The events of one revision, from a watch or a replay.
   * @param hasPrevious whether the states before were asked for
   */
  async observe(revision: number, events: readonly WatchEvent[], hasPrevious: boolean): Promise<void> {
    if (revision > this.seenRevision + 1) {
      throw new Violation(`revision ${revision} follows ${this.seenRevision}`);
    }
    if (revision === this.seenRevision + 1) await this.#extend(revision, events);
    const expected = this.model.states[revision - 1]!.events;
    const found = difference(events.map(withoutPrevious), expected.map(withoutPrevious));
    if (found !== undefined) throw new Violation(`revision ${revision} has changed, ${found}`);
    if (!hasPrevious) return;
    for (const [at, { previous }] of events.entries()) {
      const wantedPrevious = expected[at]!.previous;
      if (previous === undefined && (wantedPrevious === undefined || this.#mayHaveForgotten)) continue;
      if (!isSame(previous, wantedPrevious)) {
        throw new Violation(
          `before revision ${revision} was ${canonical(previous)} instead of ${canonical(wantedPrevious)}`,
        );
      }
    }
  }

  async #extend(revision: number, events: readonly WatchEvent[]): Promise<void> {
    const marker = events.find((event) => event.type === "put" && markedBy(event.kv.key) !== undefined);
    const id = marker === undefined ? undefined : markedBy(marker.kv.key)!;
    const answer = this.#answers.get(revision);
    if (answer !== undefined && answer.id !== id) {
      throw new Violation(
        `revision ${revision} was answered to ${answer.id} and holds ${id ?? "a lease's end"}`,
      );
    }
    if (id === undefined) return this.#extendByLease(revision, events);
    const attempt = this.#attempts.get(id);
    if (attempt === undefined) throw new Violation(`revision ${revision} holds ${id}, which nobody sent`);
    if (attempt.state === "refused") this.#failRefused(id, revision);
    if (attempt.revision !== undefined)
      throw new Violation(`${id} is at ${attempt.revision} and at ${revision}`);
    attempt.revision = revision;
    try {
      this.#modelAnswers.set(revision, await this.model.txn(attempt.request));
    } catch (error) {
      throw new Violation(`${id} at revision ${revision} should have failed: ${String(error)}`);
    }
    this.#compareAnswer(revision);
  }

  async #extendByLease(revision: number, events: readonly WatchEvent[]): Promise<void> {
    const { kvs } = this.model.states.at(-1)!;
    const leases = new Set(
      events.map((event) => (event.type === "delete" ? kvs.get(event.kv.key)?.leaseId : undefined)),
    );
    const [leaseId] = leases;
    if (leases.size !== 1 || leaseId === undefined || leaseId === 0n) {
      throw new Violation(`revision ${revision} is nobody's: ${canonical(events)}`);
    }
    await this.model.revokeLease(leaseId);
    this.#leases.ended(leaseId, this.#nowMs());
  }

  /** Once both are there: the answer, and the model's. */
  #compareAnswer(revision: number): void {
    const answer = this.#answers.get(revision);
    const modelAnswer = this.#modelAnswers.get(revision);
    if (answer === undefined || modelAnswer === undefined) return;
    const found = difference(answer.result, modelAnswer);
    if (found !== undefined)
      throw new Violation(`${answer.id} at ${revision} was answered wrongly, ${found}`);
  }

  #failRefused(id: string, revision: number): never {
    throw new Violation(`${id} was refused as not applied and is there at revision ${revision}`);
  }

  /** Everything that was answered or read must be explained by what has been seen. */
  async checkSeenEverything(): Promise<void> {
    if (this.answeredRevision > this.seenRevision) {
      throw new Violation(
        `revision ${this.answeredRevision} was answered, only ${this.seenRevision} is there`,
      );
    }
    for (const read of this.#reads.splice(0)) await this.#checkRead(read);
  }

  async #checkRead({ query, result }: SeenRead): Promise<void> {
    if (result.revision > this.seenRevision) {
      throw new Violation(`a read saw revision ${result.revision}, only ${this.seenRevision} is there`);
    }
    const revision = query.revision || result.revision;
    const wanted = await this.model.range({ ...query, revision });
    const parts = ({ kvs, count, more }: RangeResult): unknown => ({ kvs, count, more });
    const found = difference(parts(result), parts(wanted));
    if (found === undefined) return;
    throw new Violation(
      `a read of ${canonical(query)} at ${revision} of ${result.revision} is wrong, ${found}`,
    );
  }

  /** Takes back what was answered after `revision`: a crash has taken it, which this store may do. */
  async rewind(revision: number): Promise<void> {
    this.model.states.length = Math.min(revision, this.seenRevision);
    for (const [at, { id }] of this.#answers) if (at > revision) this.#attempts.get(id)!.state = "refused";
    for (const attempt of this.#attempts.values()) {
      if (attempt.revision === undefined || attempt.revision <= revision) continue;
      // It must not come back later.
      attempt.state = "refused";
      delete attempt.revision;
    }
    for (const known of [this.#answers, this.#modelAnswers]) {
      for (const at of known.keys()) if (at > revision) known.delete(at);
    }
    this.#reads = this.#reads.filter((read) => read.result.revision <= revision);
    this.answeredRevision = Math.min(this.answeredRevision, revision);
    this.#compactionAnswered = 0;
    this.#leases.rewind();
    // The ends of leases may have been taken, too.
    for (const id of this.#leases.known()) await this.model.grantLease({ id, ttlMs: 1 }).catch(() => {});
  }

  /** The transactions that were answered with a later revision. */
  answeredBeyond(revision: number): string[] {
    return [...this.#answers].filter(([at]) => at > revision).map(([, { id }]) => id);
  }

  /** The whole state now and at some retained revisions, in a store that nobody writes to. */
  async checkState(store: Store, random: Random): Promise<void> {
    const newest = store.revision;
    const oldest = Math.max(1, store.compactRevision);
    const chosen = [
      newest,
      oldest,
      ...Array.from({ length: 3 }, () => oldest + below(random, newest - oldest + 1)),
    ];
    for (const revision of chosen) {
      const query = { ...EVERYTHING, revision };
      try {
        // A lease may end while this goes on: the store is then further than anybody has seen.
        await this.#checkRead({ query, result: { ...(await store.range(query)), revision } });
      } catch (error) {
        if (!isHoldfastError(error, "COMPACTED") || revision >= store.compactRevision) throw error;
      }
    }
  }
}

function withoutPrevious({ type, kv }: WatchEvent): WatchEvent {
  return { type, kv };
}
