/**
 * All keys, twice: a hash map for point access, and a B+tree in byte order for ranges, touched only when a key
 * appears or disappears. Both lead to the same record, whose head is the newest version.
 */
import sortedBTree from "sorted-btree";
import sortedBulkLoad from "sorted-btree/extended/bulkLoad.js";
import { type ByteString, compare } from "../base/byte-string.ts";
import { type KeyRange, NO_END } from "../contract/key-range.ts";
import type { Version } from "./version.ts";

export interface KeyRecord {
  readonly key: ByteString;
  head: Version;
}

/** Measured best for one-byte strings: shallow, and scans touch long runs. */
const NODE_SIZE = 128;

// The package is CommonJS: its default import is the module, whose own `default` is the class.
const Tree = sortedBTree.default;

/** Told each record in turn; true stops the walk. */
export type RecordVisitor = (record: KeyRecord) => boolean | undefined;

export class KeyIndex {
  #records = new Map<ByteString, KeyRecord>();
  #ordered = new Tree<ByteString, KeyRecord>(undefined, compare, NODE_SIZE);

  get size(): number {
    return this.#records.size;
  }

  get(key: ByteString): KeyRecord | undefined {
    return this.#records.get(key);
  }

  add(key: ByteString, head: Version): KeyRecord {
    const record: KeyRecord = { key, head };
    this.#records.set(key, record);
    this.#ordered.set(key, record);
    return record;
  }

  remove(key: ByteString): void {
    this.#records.delete(key);
    this.#ordered.delete(key);
  }

  /** Replaces everything; `heads` ascend by key. */
  load(heads: readonly Version[]): void {
    const records: KeyRecord[] = heads.map((head) => ({ key: head.key, head }));
    this.#records = new Map();
    for (const record of records) this.#records.set(record.key, record);
    const keys = records.map((record) => record.key);
    this.#ordered = sortedBulkLoad.bulkLoad(keys, records, NODE_SIZE, compare);
  }

  /** Visits the records of a range in key order until the visitor returns true. The index must not change meanwhile. */
  visit(range: KeyRange, visitor: RecordVisitor): void {
    if (range.end === undefined) {
      const record = this.#records.get(range.key);
      if (record !== undefined) visitor(record);
      return;
    }
    const high = range.end === NO_END ? this.#ordered.maxKey() : range.end;
    if (high === undefined || high < range.key) return;
    const includeHigh = range.end === NO_END;
    this.#ordered.forRange(range.key, high, includeHigh, (_key, record) =>
      visitor(record) === true ? { break: true } : undefined,
    );
  }

  /** The same from the greatest key down. */
  visitReversed(range: KeyRange, visitor: RecordVisitor): void {
    if (range.end === undefined) {
      this.visit(range, visitor);
      return;
    }
    const from = range.end === NO_END ? this.#ordered.maxKey() : range.end;
    if (from === undefined) return;
    const skipFirst = range.end !== NO_END;
    for (const [key, record] of this.#ordered.entriesReversed(from, undefined, skipFirst)) {
      if (key < range.key || visitor(record) === true) return;
    }
  }

  /** The next records after `key` (from the first where undefined), at most `limit`: lets a long walk pause. */
  after(key: ByteString | undefined, limit: number): KeyRecord[] {
    const found: KeyRecord[] = [];
    if (limit <= 0) return found;
    const entries = key === undefined ? this.#ordered.entries() : this.#ordered.entries(key);
    for (const [at, record] of entries) {
      if (at === key) continue;
      found.push(record);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Map and tree hold the same records, in order. */
  assertValid(): void {
    this.#ordered.checkValid();
    if (this.#ordered.size !== this.#records.size) {
      throw new Error(`key index: ${this.#ordered.size} ordered, ${this.#records.size} hashed`);
    }
    for (const [key, record] of this.#ordered.entries()) {
      if (this.#records.get(key) !== record || record.key !== key || record.head.key !== key) {
        throw new Error(`key index: record of ${JSON.stringify(key)} disagrees with itself`);
      }
    }
  }
}
