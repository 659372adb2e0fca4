/**
 * All keys, twice: a hash map for point access, and a tree in byte order for ranges, touched only when a key
 * appears or disappears. Both lead to the same record, whose head is the newest version.
 */
import { type ByteString, EMPTY } from "../base/byte-string.ts";
import { type KeyRange, NO_END } from "../contract/key-range.ts";
import { type KeyRecord, OrderedRecords, type RecordVisitor } from "./ordered-records.ts";
import type { Version } from "./version.ts";

export type { KeyRecord, RecordVisitor };

export class KeyIndex {
  #records = new Map<ByteString, KeyRecord>();
  #ordered = new OrderedRecords();

  get size(): number {
    return this.#records.size;
  }

  get(key: ByteString): KeyRecord | undefined {
    return this.#records.get(key);
  }

  add(key: ByteString, head: Version): KeyRecord {
    const record: KeyRecord = { key, head };
    this.#records.set(key, record);
    this.#ordered.add(record);
    return record;
  }

  remove(key: ByteString): void {
    if (this.#records.delete(key)) this.#ordered.remove(key);
  }

  /** Replaces everything; `heads` ascend by key. */
  load(heads: readonly Version[]): void {
    const records: KeyRecord[] = heads.map((head) => ({ key: head.key, head }));
    this.#records = new Map();
    for (const record of records) this.#records.set(record.key, record);
    this.#ordered = OrderedRecords.from(records);
  }

  /** Visits the records of a range in key order until the visitor returns true. The index must not change meanwhile. */
  visit(range: KeyRange, visitor: RecordVisitor): void {
    if (range.end !== undefined) {
      this.#ordered.visit(range.key, range.end === NO_END ? undefined : range.end, visitor);
      return;
    }
    const record = this.#records.get(range.key);
    if (record !== undefined) visitor(record);
  }

  /** The same from the greatest key down. */
  visitReversed(range: KeyRange, visitor: RecordVisitor): void {
    if (range.end === undefined) this.visit(range, visitor);
    else this.#ordered.visitReversed(range.key, range.end === NO_END ? undefined : range.end, visitor);
  }

  /** The next records after `key` (from the first where undefined), at most `limit`: lets a long walk pause. */
  after(key: ByteString | undefined, limit: number): KeyRecord[] {
    const found: KeyRecord[] = [];
    if (limit <= 0) return found;
    this.#ordered.visit(key ?? EMPTY, undefined, (record) => {
      if (record.key !== key) found.push(record);
      return found.length >= limit;
    });
    return found;
  }

  /** Map and tree hold the same records, in order. */
  assertValid(): void {
    this.#ordered.assertValid();
    if (this.#ordered.size !== this.#records.size) {
      throw new Error(`key index: ${this.#ordered.size} ordered, ${this.#records.size} hashed`);
    }
    for (const record of this.after(undefined, this.size)) {
      if (this.#records.get(record.key) !== record || record.head.key !== record.key) {
        throw new Error(`key index: record of ${JSON.stringify(record.key)} disagrees with itself`);
      }
    }
  }
}
