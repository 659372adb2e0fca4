/**
 * Holds what a watch delivered against what the store did, guarantee by guarantee, so that a failure has the
 * name of the promise that was broken.
 */
import type { HoldfastError } from "../contract/errors.ts";
import { rangeHas } from "../contract/key-range.ts";
import type { WatchBatch, WatchEvent, WatchRequest } from "../contract/watch.ts";
import { canonical, plainEvent } from "./plain.ts";

/**
 * - `ordered`: events come by revision, and within one in the order of the operations.
 * - `unique`: no event comes twice.
 * - `atomic`: all events of a revision come in one batch.
 * - `reliable`: between the first event delivered and the last, none is missing; no end comes without need.
 * - `resumable`: the first event delivered is the first one from the asked revision on.
 * - `bookmarkable`: when a batch names a revision, everything up to it has been delivered.
 * - `filtered`: no event is outside the asked keys, kinds and revisions.
 * - `truthful`: each event is one that happened, with the pair as written and the state before it.
 */
export type WatchGuarantee =
  | "ordered"
  | "unique"
  | "atomic"
  | "reliable"
  | "resumable"
  | "bookmarkable"
  | "filtered"
  | "truthful";

export interface WatchViolation {
  readonly guarantee: WatchGuarantee;
  readonly message: string;
}

export interface ObservedWatch {
  readonly request: WatchRequest;
  /** The watch's own, see {@link Watch}. */
  readonly startRevision: number;
  readonly batches: readonly WatchBatch[];
  /** The error that ended it, if one did. */
  readonly end?: HoldfastError | undefined;
  /** The store's compaction point at the end: up to it, states before may be gone. Default 0. */
  readonly compactRevision?: number | undefined;
}

/**
 * @param history every event of the store, in order, each with the state before it. It may have more events
 *   than the watch had the time to deliver.
 */
export function checkWatch(
  observed: ObservedWatch,
  history: readonly WatchEvent[],
): readonly WatchViolation[] {
  return new WatchCheck(observed, history).run();
}

/** An event as it came. */
interface Delivery {
  readonly event: WatchEvent;
  readonly batchIndex: number;
  /** Its place among the expected events. */
  readonly place: number;
}

class WatchCheck {
  readonly #observed: ObservedWatch;
  readonly #history: readonly WatchEvent[];
  /** What the watch asked for, in order. */
  readonly #expected: readonly WatchEvent[];
  readonly #violations: WatchViolation[] = [];

  constructor(observed: ObservedWatch, history: readonly WatchEvent[]) {
    this.#observed = observed;
    this.#history = history;
    this.#expected = history.filter((event) => this.#isWanted(event));
  }

  run(): readonly WatchViolation[] {
    const deliveries = this.#identify();
    this.#checkOrder(deliveries);
    this.#checkAtomicity(deliveries);
    this.#checkCompleteness(deliveries);
    this.#checkBookmarks(deliveries);
    this.#checkEnd(deliveries);
    return this.#violations;
  }

  #violate(guarantee: WatchGuarantee, message: string): void {
    this.#violations.push({ guarantee, message });
  }

  get #fromRevision(): number {
    return this.#observed.request.fromRevision || this.#observed.startRevision + 1;
  }

  #isWanted({ type, kv }: WatchEvent): boolean {
    const { request } = this.#observed;
    return (
      rangeHas(request, kv.key) &&
      kv.revision >= this.#fromRevision &&
      (request.only === undefined || request.only === type)
    );
  }

  /** Finds each delivered event among the expected ones; what is none of them, or comes again, is left out. */
  #identify(): readonly Delivery[] {
    const places = new Map(this.#expected.map((event, place) => [nameOf(event), place]));
    const happened = new Set(this.#history.map(nameOf));
    const deliveries = new Map<number, Delivery>();
    for (const [batchIndex, batch] of this.#observed.batches.entries()) {
      for (const event of batch.events) {
        const place = places.get(nameOf(event));
        if (place === undefined) {
          const real = happened.has(nameOf(event));
          this.#violate(
            real ? "filtered" : "truthful",
            `${nameOf(event)} was not asked for, or never happened`,
          );
        } else if (deliveries.has(place)) {
          this.#violate("unique", `${nameOf(event)} came twice`);
        } else {
          deliveries.set(place, { event, batchIndex, place });
          this.#checkContent(event, this.#expected[place]!);
        }
      }
    }
    return [...deliveries.values()];
  }

  #checkContent(delivered: WatchEvent, expected: WatchEvent): void {
    const compactRevision = this.#observed.compactRevision ?? 0;
    const wantsPrevious = this.#observed.request.previous === true;
    const forgotten = delivered.previous === undefined && expected.kv.revision <= compactRevision;
    const previous = wantsPrevious && !forgotten ? expected.previous : undefined;
    const right = canonical(plainEvent({ ...expected, previous }));
    const found = canonical(plainEvent(delivered));
    if (found !== right) this.#violate("truthful", `${found} came, ${right} happened`);
  }

  #checkOrder(deliveries: readonly Delivery[]): void {
    for (const [at, { place, event }] of deliveries.entries()) {
      const before = deliveries[at - 1];
      if (before !== undefined && before.place > place) {
        this.#violate("ordered", `${nameOf(event)} came after ${nameOf(before.event)}`);
      }
    }
  }

  #checkAtomicity(deliveries: readonly Delivery[]): void {
    const batchOf = new Map<number, number>();
    for (const { event, batchIndex } of deliveries) {
      const { revision } = event.kv;
      const first = batchOf.get(revision) ?? batchIndex;
      batchOf.set(revision, first);
      if (first !== batchIndex) this.#violate("atomic", `revision ${revision} came in more than one batch`);
    }
  }

  /** What is missing before the last event that came. What never came after it may still be on its way. */
  #checkCompleteness(deliveries: readonly Delivery[]): void {
    if (deliveries.length === 0) return;
    const places = new Set(deliveries.map(({ place }) => place));
    const revisions = new Set(deliveries.map(({ event }) => event.kv.revision));
    const [first, last] = [Math.min(...places), Math.max(...places)];
    for (const [place, event] of this.#expected.entries()) {
      if (places.has(place)) continue;
      if (revisions.has(event.kv.revision)) {
        this.#violate("atomic", `revision ${event.kv.revision} came without ${nameOf(event)}`);
      } else if (place < last) {
        this.#violate(place < first ? "resumable" : "reliable", `${nameOf(event)} is missing`);
      }
    }
  }

  #checkBookmarks(deliveries: readonly Delivery[]): void {
    const batchOf = new Map(deliveries.map(({ place, batchIndex }) => [place, batchIndex]));
    const last = Math.max(-1, ...batchOf.keys());
    let reached = 0;
    for (const [batchIndex, { revision }] of this.#observed.batches.entries()) {
      if (revision < reached)
        this.#violate("bookmarkable", `revision ${revision} was named after ${reached}`);
      for (const [place, event] of this.#expected.entries()) {
        if (event.kv.revision <= reached || event.kv.revision > revision) continue;
        const cameLater = (batchOf.get(place) ?? 0) > batchIndex;
        const neverCame = !batchOf.has(place) && place > last;
        if (cameLater || neverCame) {
          this.#violate("bookmarkable", `batch ${batchIndex} names ${revision} before ${nameOf(event)} came`);
        }
      }
      reached = Math.max(reached, revision);
    }
  }

  #checkEnd(deliveries: readonly Delivery[]): void {
    const { end, batches } = this.#observed;
    if (end?.code !== "COMPACTED") return;
    const { compactRevision } = end.details;
    const delivered = Math.max(0, ...deliveries.map(({ event }) => event.kv.revision));
    const reached = Math.max(this.#fromRevision - 1, delivered, ...batches.map((batch) => batch.revision));
    if (typeof compactRevision !== "number" || compactRevision <= reached + 1) {
      this.#violate("reliable", `ended as compacted at ${compactRevision}, having reached ${reached}`);
    }
  }
}

/** An event is the only one of its key and revision. */
function nameOf({ type, kv }: WatchEvent): string {
  return `${type} ${JSON.stringify(kv.key)} at ${kv.revision}`;
}
