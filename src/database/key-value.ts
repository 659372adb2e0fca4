/**
 * What a read gives to a user: the contract's pair with a face for people. A read of a hot key makes one of these per
 * call, so key and value stay what they are until one asks for another form. It is a copy: a reader who keeps it keeps
 * nothing of the store alive.
 */
import { type ByteString, printable, toBytes, toTextStrict } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { KeyValue as StoredKeyValue } from "../contract/key-value.ts";
import { toKeyText } from "./arguments.ts";

/** One key with its value, as of one revision. Immutable but for the bytes of `value`, which are the reader's own. */
export class KeyValue {
  // Not #fields: test runners compare objects by their ordinary properties, and two pairs must not pass as equal.
  private readonly storedKey: ByteString;
  private readonly storedValue: ByteString;
  #value: Uint8Array | undefined;

  /** The revision of the write that made this state. 0 on an entry that a running transaction has yet to commit. */
  readonly revision: number;
  /** The revision at which the key last came into being. */
  readonly createRevision: number;
  /** Writes since the key came into being, this one included: 1 after a create. */
  readonly version: number;
  /** The lease that the key dies with; `0n` for none. */
  readonly leaseId: bigint;

  /** @internal */
  constructor(stored: StoredKeyValue) {
    this.storedKey = stored.key;
    this.storedValue = stored.value;
    this.revision = stored.revision;
    this.createRevision = stored.createRevision;
    this.version = stored.version;
    this.leaseId = stored.leaseId;
  }

  /** The key as text. Bytes that are not UTF-8 read as U+FFFD: use `keyBytes` for such keys. */
  get key(): string {
    return toKeyText(this.storedKey);
  }

  /** The key's bytes: a fresh array on every access. */
  get keyBytes(): Uint8Array {
    return toBytes(this.storedKey);
  }

  /** The value's bytes: the same array on every access, the caller's to change. Empty after a keys-only read. */
  get value(): Uint8Array {
    this.#value ??= toBytes(this.storedValue);
    return this.#value;
  }

  /**
   * The value as text.
   * @throws {HoldfastError} CODEC where the value is not valid UTF-8
   */
  text(): string {
    const text = toTextStrict(this.storedValue);
    if (text === undefined) throw this.#codecError("UTF-8 text");
    return text;
  }

  /**
   * The value parsed as JSON. The type is the caller's word; nothing is checked against it.
   * @throws {HoldfastError} CODEC where the value is not valid UTF-8 or not valid JSON
   */
  json<T = unknown>(): T {
    const text = this.text();
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw this.#codecError("JSON", cause);
    }
  }

  /** @internal */
  hasSameValue(other: KeyValue): boolean {
    return this.storedValue === other.storedValue;
  }

  #codecError(wanted: string, cause?: unknown): HoldfastError {
    return new HoldfastError("CODEC", `the value of ${printable(this.storedKey)} is not ${wanted}`, {
      cause,
      details: { key: this.key, revision: this.revision },
    });
  }

  /** How `console.log` shows it in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): object {
    const { key, revision, createRevision, version, leaseId } = this;
    const value = toTextStrict(this.storedValue) ?? this.value;
    return { key, value, revision, createRevision, version, leaseId };
  }
}

export function toKeyValue(stored: StoredKeyValue): KeyValue {
  return new KeyValue(stored);
}

export function toOptionalKeyValue(stored: StoredKeyValue | undefined): KeyValue | undefined {
  return stored === undefined ? undefined : new KeyValue(stored);
}

export function toKeyValues(stored: readonly StoredKeyValue[]): KeyValue[] {
  const result = new Array<KeyValue>(stored.length);
  for (let at = 0; at < stored.length; at++) result[at] = new KeyValue(stored[at]!);
  return result;
}
