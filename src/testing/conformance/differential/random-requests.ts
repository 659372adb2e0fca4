/** Requests at random: few keys, so that everything meets everything; mostly valid, so that much happens. */
import type { ByteString } from "../../../base/byte-string.ts";
import { below, type Random } from "../../../base/random.ts";
import { NO_END } from "../../../contract/key-range.ts";
import type { RangeRequest } from "../../../contract/range.ts";
import type {
  Condition,
  MergeOperation,
  MergeWidth,
  Operation,
  PutOperation,
  TxnRequest,
} from "../../../contract/txn.ts";
import type { WatchRequest } from "../../../contract/watch.ts";
import { append, integer, interval, nested, raw } from "../kit/requests.ts";

/** What the generator must know of the store to ask sensible questions. */
export interface Surroundings {
  readonly revision: number;
  readonly compactRevision: number;
  readonly leaseIds: readonly bigint[];
}

const KEYS = [
  "a",
  "a\0",
  "ab",
  "b",
  "b\xff",
  "c",
  "n",
  "n1",
  "q#",
  "q0000000000000001",
  "q0000000000000002",
  "\xff",
];
const ENDS = [...KEYS, "b\0", "d", "q0000000000000009", NO_END];
const NESTING_MAX = 2;

export class RandomRequests {
  readonly #random: Random;
  /** False: at most one merge or append in a transaction. */
  readonly #mayRepeatMerges: boolean;
  #around: Surroundings = { revision: 1, compactRevision: 0, leaseIds: [] };
  #mergesLeft = 0;

  constructor(random: Random, mayRepeatMerges: boolean) {
    this.#random = random;
    this.#mayRepeatMerges = mayRepeatMerges;
  }

  /** Call before asking for requests, with what is true then. */
  lookAround(around: Surroundings): void {
    this.#around = around;
  }

  below(bound: number): number {
    return below(this.#random, bound);
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** True once in so many times. */
  once(inTimes: number): boolean {
    return this.below(inTimes) === 0;
  }

  txn(depth = 0): TxnRequest {
    if (depth === 0) this.#mergesLeft = this.#mayRepeatMerges ? Number.POSITIVE_INFINITY : 1;
    return {
      conditions: this.#list(this.oneOf([0, 0, 1, 2]), () => this.#condition()),
      success: this.#list(this.oneOf([1, 1, 2, 3, 4]), () => this.#operation(depth)),
      failure: this.#list(this.oneOf([0, 1, 2]), () => this.#operation(depth)),
    };
  }

  range(): RangeRequest {
    const sometimes = <T>(inTimes: number, value: () => T): T | undefined =>
      this.once(inTimes) ? value() : undefined;
    return {
      ...this.#keyRange(),
      revision: sometimes(4, () => this.pastRevision()),
      limit: sometimes(4, () => this.below(5)),
      keysOnly: sometimes(6, () => true),
      countOnly: sometimes(12, () => true),
      order: sometimes(3, () => this.oneOf(["ascending", "descending"] as const)),
      sortBy: sometimes(3, () =>
        this.oneOf(["key", "version", "createRevision", "revision", "value"] as const),
      ),
      minRevision: sometimes(10, () => this.below(this.#around.revision + 2)),
      maxRevision: sometimes(10, () => this.below(this.#around.revision + 2)),
      minCreateRevision: sometimes(12, () => this.below(this.#around.revision + 2)),
      maxCreateRevision: sometimes(12, () => this.below(this.#around.revision + 2)),
    };
  }

  /** From the present or the past; sometimes from before the compaction point. */
  watch(): WatchRequest {
    return {
      ...this.#keyRange(),
      fromRevision: this.once(2) ? Math.min(this.pastRevision(), this.#around.revision + 1) : undefined,
      previous: this.once(2),
      only: this.oneOf([undefined, undefined, undefined, "put", "delete"] as const),
    };
  }

  /** Mostly readable, now and then just outside what is. */
  pastRevision(): number {
    const { revision, compactRevision } = this.#around;
    const oldest = Math.max(1, compactRevision - 1);
    return oldest + this.below(revision - oldest + 2);
  }

  #list<T>(length: number, make: () => T): T[] {
    return Array.from({ length }, make);
  }

  #key(): ByteString {
    return raw(this.oneOf(KEYS));
  }

  #keyRange() {
    const key = this.oneOf(KEYS);
    return this.once(2) ? interval(key) : interval(this.oneOf(["\0", "a", key]), this.oneOf(ENDS));
  }

  #value(): ByteString {
    if (this.once(4)) return raw(integer(this.below(1_000) - 500));
    return raw(
      this.#list(this.below(6), () => String.fromCharCode(this.oneOf([0, 65, 97, 98, 127, 128, 255]))).join(
        "",
      ),
    );
  }

  #leaseId(): bigint | undefined {
    if (this.once(60)) return 999_999n;
    return this.once(6) && this.#around.leaseIds.length > 0 ? this.oneOf(this.#around.leaseIds) : undefined;
  }

  #condition(): Condition {
    const target = this.oneOf(["revision", "createRevision", "version", "value", "lease"] as const);
    const [range, is] = [this.#keyRange(), this.oneOf(["=", "!=", ">", "<"] as const)];
    if (target === "value") return { ...range, target, is, to: this.#value() };
    if (target === "lease") return { ...range, target, is, to: this.#leaseId() ?? 0n };
    return { ...range, target, is, to: this.below(target === "version" ? 4 : this.#around.revision + 2) };
  }

  #operation(depth: number): Operation {
    const kind = this.below(100);
    if (kind < 35) return this.#put();
    if (kind < 50) return { type: "delete", ...this.#keyRange(), previous: this.once(2) };
    if (kind < 65) return { type: "range", ...this.range() };
    if (kind < 75 && depth < NESTING_MAX) return nested(this.txn(depth + 1));
    if (this.#mergesLeft-- <= 0) return this.#put();
    return kind < 92 ? this.#merge() : this.#append();
  }

  #put(): PutOperation {
    const put = { type: "put", key: this.#key(), previous: this.once(3) } as const;
    const special = this.below(20);
    if (special === 0) return { ...put, value: raw(""), ignoreValue: true, leaseId: this.#leaseId() };
    if (special === 1) return { ...put, value: this.#value(), ignoreLease: true };
    return { ...put, value: this.#value(), leaseId: this.#leaseId() };
  }

  #merge(): MergeOperation {
    const width: MergeWidth = this.oneOf([1, 2, 4, 8]);
    const element = () => integer(this.oneOf([1, -1, 100, -100, 2 ** 30, this.below(256)]), width);
    return {
      type: "merge",
      key: this.#key(),
      fn: this.oneOf(["add", "add", "max", "or", "set"]),
      width,
      offset: this.oneOf([0, 0, 0, 1, 4, 9]),
      operand: raw(this.#list(this.oneOf([1, 1, 2]), element).join("")),
      leaseId: this.once(10) ? 0n : this.#leaseId(),
    };
  }

  #append(): Operation {
    const rest = { leaseId: this.#leaseId() };
    const shared = { ...rest, sequence: raw("n") };
    return append(this.oneOf(["q", "r"]), this.#value(), this.once(4) ? shared : rest);
  }
}
