/**
 * Random transactions. Each puts a key of its own, `m/ID`, in whichever branch runs: by that marker every revision
 * tells which transaction made it, and every transaction that took effect takes a revision.
 */
import { type ByteString, EMPTY, prefixEnd } from "../../src/base/byte-string.ts";
import { below, type Random } from "../../src/base/random.ts";
import type { Condition, Operation, TxnRequest } from "../../src/contract/txn.ts";

const KEYS = 12;
const COUNTERS = 4;
const SEQUENCES = 2;
const MARKER = "m/";

export interface WorkloadOptions {
  readonly random: Random;
  /** Leases that a put may be bound to. */
  readonly leases: () => readonly bigint[];
  /** One value in so many is large. */
  readonly largeOneIn: number;
  readonly largeBytes: number;
}

const bytes = (text: string): ByteString => text as ByteString;

export function markerKey(id: string): ByteString {
  return bytes(MARKER + id);
}

/** The transaction that a key marks, undefined for other keys. */
export function markedBy(key: ByteString): string | undefined {
  return key.startsWith(MARKER) ? key.slice(MARKER.length) : undefined;
}

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #random: Random;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = options.random;
  }

  txn(id: string): TxnRequest {
    const hasConditions = this.#oneIn(2);
    const marker = (branch: string): Operation => ({ type: "put", key: markerKey(id), value: bytes(branch) });
    return {
      conditions: hasConditions ? this.#conditions() : [],
      success: [marker("success"), ...this.#operations(id, 1 + this.#below(5))],
      failure: [...this.#operations(id, this.#below(3)), marker("failure")],
    };
  }

  #below(bound: number): number {
    return below(this.#random, bound);
  }

  #oneIn(chance: number): boolean {
    return this.#below(chance) === 0;
  }

  #key(): ByteString {
    return bytes(`k/${String(this.#below(KEYS)).padStart(2, "0")}`);
  }

  #value(id: string): ByteString {
    const isLarge = this.#oneIn(this.#options.largeOneIn);
    const length = isLarge ? this.#options.largeBytes + this.#below(1_000) : this.#below(60);
    return bytes(`${id}:${String.fromCharCode(this.#below(256)).repeat(length)}`);
  }

  #conditions(): Condition[] {
    const key = this.#key();
    const range = this.#oneIn(4) ? { key, end: prefixEnd(bytes("k/"))! } : { key };
    switch (this.#below(4)) {
      case 0:
        return [{ ...range, target: "version", is: ">", to: this.#below(3) }];
      case 1:
        return [{ ...range, target: "revision", is: "<", to: 10 + this.#below(200) }];
      case 2:
        return [{ ...range, target: "createRevision", is: this.#oneIn(2) ? "=" : "!=", to: 0 }];
      default:
        return [{ ...range, target: "value", is: "!=", to: EMPTY }];
    }
  }

  /** Operations of one branch that do not write a key twice. */
  #operations(id: string, count: number): Operation[] {
    const operations: Operation[] = [];
    const taken = new Set<string>();
    for (let at = 0; at < count; at++) {
      const [claim, operation] = this.#operation(id);
      if (claim !== undefined && taken.has(claim)) continue;
      if (claim !== undefined) taken.add(claim);
      operations.push(operation);
    }
    return operations;
  }

  /** An operation and what no other of its branch may claim. */
  #operation(id: string): [string | undefined, Operation] {
    switch (this.#below(12)) {
      case 0:
      case 1:
        // Any number of merges of one key may stand together.
        return [undefined, this.#merge(bytes(`c/${this.#below(COUNTERS)}`))];
      case 2:
      case 3: {
        const sequence = this.#below(SEQUENCES);
        return [
          `sequence ${sequence}`,
          {
            type: "append",
            prefix: bytes(`a/${sequence}/`),
            sequence: bytes(`s/${sequence}`),
            value: this.#value(id),
          },
        ];
      }
      case 4:
        return ["keys", { type: "delete", key: this.#key(), previous: this.#oneIn(2) }];
      case 5:
        return this.#rangeDelete();
      case 6:
        return [
          undefined,
          { type: "range", key: bytes("k/"), end: prefixEnd(bytes("k/"))!, limit: this.#below(4) },
        ];
      case 7:
        return [
          "keys",
          { type: "txn", conditions: this.#conditions(), success: [this.#put(id)], failure: [] },
        ];
      default:
        return ["keys", this.#put(id)];
    }
  }

  #put(id: string): Operation {
    const key = this.#key();
    const leases = this.#options.leases();
    if (leases.length > 0 && this.#oneIn(4)) {
      return { type: "put", key, value: this.#value(id), leaseId: leases[this.#below(leases.length)]! };
    }
    if (this.#oneIn(12)) return { type: "put", key, value: EMPTY, ignoreValue: true, previous: true };
    return { type: "put", key, value: this.#value(id), previous: this.#oneIn(3) };
  }

  #merge(key: ByteString): Operation {
    const element = bytes(String.fromCharCode(this.#below(256), this.#below(4), 0, 0));
    const offset = 4 * this.#below(3);
    const fn = (["add", "max", "or", "set"] as const)[this.#below(4)]!;
    return {
      type: "merge",
      key,
      fn,
      width: 4,
      offset,
      operand: this.#oneIn(2) ? element : bytes(element + element),
    };
  }

  #rangeDelete(): [string, Operation] {
    if (this.#oneIn(2)) return ["keys", { type: "delete", key: this.#key(), end: prefixEnd(bytes("k/"))! }];
    // Appended entries go, the sequence that counts them stays.
    const sequence = this.#below(SEQUENCES);
    const prefix = bytes(`a/${sequence}/`);
    return [
      `sequence ${sequence}`,
      { type: "delete", key: prefix, end: prefixEnd(prefix)!, previous: this.#oneIn(2) },
    ];
  }
}
