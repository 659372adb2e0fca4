/**
 * What a transaction has read, as the conditions under which it may commit: that a read at the commit would give the
 * same again.
 *
 * A key is guarded by the revision at which it was seen, 0 where it was absent. A range is guarded twice over. A
 * condition on all of it, "no key is newer than the pinned revision", fails for every key that was put since, known
 * or new. It cannot miss what is no longer there, so each key that was seen is guarded by itself as well.
 *
 * Example: pinned at 9, a list of `/a/` saw `/a/1` (revision 4) and `/a/2` (revision 7). Conditions: everything in
 * `/a/` has revision < 10; `/a/1` has revision 4; `/a/2` has revision 7. Then putting `/a/3` fails the first,
 * deleting `/a/2` the last.
 */
import type { ByteString } from "../base/byte-string.ts";
import type { KeyRange } from "../contract/key-range.ts";
import type { KeyValue } from "../contract/key-value.ts";
import type { Condition } from "../contract/txn.ts";

export class ReadSet {
  readonly #seen = new Map<ByteString, number>();
  readonly #ranges: Condition[] = [];

  /** `found` is undefined where the key was absent. */
  addKey(key: ByteString, found: KeyValue | undefined): void {
    this.#seen.set(key, found?.revision ?? 0);
  }

  /** `range` is what was looked at, which ends with the last key found where a limit cut the read. */
  addRange(range: KeyRange, found: readonly KeyValue[], pinnedRevision: number): void {
    this.#ranges.push({ target: "revision", is: "<", to: pinnedRevision + 1, ...range });
    for (const stored of found) this.#seen.set(stored.key, stored.revision);
  }

  conditions(): Condition[] {
    const conditions = [...this.#ranges];
    for (const [key, to] of this.#seen) conditions.push({ key, target: "revision", is: "=", to });
    return conditions;
  }
}
