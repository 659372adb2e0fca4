/** The map that a view shows: held by key bytes, read by key text, in byte order. */
import { type ByteString, compare, fromText } from "../base/byte-string.ts";
import type { KeyValue } from "./key-value.ts";

export class ViewEntries implements ReadonlyMap<string, KeyValue> {
  #byKey: Map<ByteString, KeyValue>;
  /** False once a key was added behind a greater one; put right by the next iteration, not by every put. */
  #isSorted = true;

  /** `byKey` in ascending order. */
  constructor(byKey: Map<ByteString, KeyValue>) {
    this.#byKey = byKey;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): KeyValue | undefined {
    return this.#byKey.get(fromText(key));
  }

  has(key: string): boolean {
    return this.#byKey.has(fromText(key));
  }

  forEach(callback: (value: KeyValue, key: string, map: ReadonlyMap<string, KeyValue>) => void): void {
    for (const kv of this.values()) callback(kv, kv.key, this);
  }

  *entries(): MapIterator<[string, KeyValue]> {
    for (const kv of this.values()) yield [kv.key, kv];
  }

  *keys(): MapIterator<string> {
    for (const kv of this.values()) yield kv.key;
  }

  values(): MapIterator<KeyValue> {
    return this.inOrder().values();
  }

  [Symbol.iterator](): MapIterator<[string, KeyValue]> {
    return this.entries();
  }

  /** @internal */
  inOrder(): ReadonlyMap<ByteString, KeyValue> {
    if (!this.#isSorted) {
      this.#byKey = new Map([...this.#byKey].sort(([a], [b]) => compare(a, b)));
      this.#isSorted = true;
    }
    return this.#byKey;
  }

  /** @internal */
  getBytes(key: ByteString): KeyValue | undefined {
    return this.#byKey.get(key);
  }

  /** @internal */
  set(key: ByteString, kv: KeyValue): void {
    if (!this.#byKey.has(key)) this.#isSorted = false;
    this.#byKey.set(key, kv);
  }

  /** @internal */
  delete(key: ByteString): void {
    this.#byKey.delete(key);
  }
}
