/** The reading half of a database. `get` and `list` are the hot paths: one call to the store, one `then`. */

import type { CallOptions } from "../contract/call-options.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import type { KeyRange } from "../contract/key-range.ts";
import { prefixRange } from "../contract/key-range.ts";
import type { Limits } from "../contract/limits.ts";
import type { Store } from "../contract/store.ts";
import {
  callOptions,
  type Key,
  type RangeChoice,
  toInterval,
  toKey,
  toManyKeys,
  toNumber,
  toPrefix,
} from "./arguments.ts";
import type { KeyValue } from "./key-value.ts";
import {
  countOf,
  firstOf,
  type KeyValueList,
  type ListOptions,
  listOf,
  listRequest,
  type ReadOptions,
  readRequest,
} from "./range-request.ts";
import { Scan, type ScanOptions } from "./scan.ts";

/** A read that is linearizable by its name. */
type Linearizable<Options extends ReadOptions> = Omit<Options, "consistency" | "serializable" | "revision">;

export class DatabaseReads {
  /** The store underneath: the contract itself, for engines, wrappers and doors. */
  readonly store: Store;

  /** @internal */
  constructor(store: Store) {
    this.store = store;
  }

  /** The newest revision that this client knows to be committed. 1 on a fresh store. */
  get currentRevision(): number {
    return this.store.revision;
  }

  /** Reads and watches before this revision are COMPACTED. 0 where nothing was ever compacted. */
  get compactRevision(): number {
    return this.store.compactRevision;
  }

  /** What the store takes at most. */
  get limits(): Limits {
    return this.store.limits;
  }

  /** What the store can do beyond the common core. */
  get capabilities(): Capabilities {
    return this.store.capabilities;
  }

  /**
   * Reads one key; undefined where it is absent.
   * @throws {HoldfastError} COMPACTED, FUTURE_REVISION, INVALID_ARGUMENT, CORRUPT, ABORTED, TIMEOUT, CLOSED
   */
  get(key: Key, options?: ReadOptions): Promise<KeyValue | undefined> {
    try {
      const range = { key: toKey(key) };
      if (options === undefined) return this.store.range(range).then(firstOf);
      return this.store.range(readRequest(range, options), callOptions(options)).then(firstOf);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Reads all keys that start with `prefix`, ascending by bytes; the empty prefix is every key.
   * @throws {HoldfastError} as {@link get}
   */
  list(prefix: Key, options?: ListOptions): Promise<KeyValueList> {
    try {
      return this.#list(prefixRange(toPrefix(prefix)), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Reads the keys from `start` up to but not including `endExclusive`, ascending by bytes. The empty `start` is the
   * first key, `NO_END` no upper bound; an end at or below the start holds nothing.
   * @throws {HoldfastError} as {@link get}
   */
  range(start: Key, endExclusive: Key, options?: ListOptions): Promise<KeyValueList> {
    try {
      return this.#list(toInterval(start, endExclusive), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #list(range: KeyRange, options: ListOptions | undefined): Promise<KeyValueList> {
    if (options === undefined) return this.store.range(range).then(listOf);
    return this.store.range(listRequest(range, options), callOptions(options)).then(listOf);
  }

  /**
   * Iterates over a prefix or interval of any size, in pages that all show the revision of the first one.
   * The iteration throws as {@link get}; COMPACTED where compaction has passed the pinned revision.
   * @throws {HoldfastError} INVALID_ARGUMENT, at once
   */
  scan(choice: Key | RangeChoice, options?: ScanOptions): Scan {
    return new Scan(this.store, toManyKeys(choice), options);
  }

  /**
   * Counts the keys that start with `prefix`.
   * @throws {HoldfastError} as {@link get}
   */
  async count(prefix: Key, options: ReadOptions = {}): Promise<number> {
    const request = { countOnly: true, ...readRequest(prefixRange(toPrefix(prefix)), options) };
    return countOf(await this.store.range(request, callOptions(options)));
  }

  /**
   * Whether the key is there.
   * @throws {HoldfastError} as {@link get}
   */
  async exists(key: Key, options: ReadOptions = {}): Promise<boolean> {
    const request = { countOnly: true, ...readRequest({ key: toKey(key) }, options) };
    return countOf(await this.store.range(request, callOptions(options))) > 0;
  }

  /**
   * `get` that sees every write answered before the call, by whatever client: what `get` does unless told otherwise,
   * said aloud.
   * @throws {HoldfastError} as {@link get}
   */
  linearizableGet(key: Key, options?: Linearizable<ReadOptions>): Promise<KeyValue | undefined> {
    return this.get(key, linearizable(options));
  }

  /** `list`, linearizable whatever the options. @throws {HoldfastError} as {@link get} */
  linearizableList(prefix: Key, options?: Linearizable<ListOptions>): Promise<KeyValueList> {
    return this.list(prefix, linearizable(options));
  }

  /** `count`, linearizable whatever the options. @throws {HoldfastError} as {@link get} */
  linearizableCount(prefix: Key, options?: Linearizable<ReadOptions>): Promise<number> {
    return this.count(prefix, linearizable(options));
  }

  /** `exists`, linearizable whatever the options. @throws {HoldfastError} as {@link get} */
  linearizableExists(key: Key, options?: Linearizable<ReadOptions>): Promise<boolean> {
    return this.exists(key, linearizable(options));
  }

  /**
   * Resolves once reads through this client include the revision; waits for one that has not happened yet.
   * @throws {HoldfastError} INVALID_ARGUMENT, ABORTED, TIMEOUT, CLOSED
   */
  async waitForRevision(revision: number, options?: CallOptions): Promise<void> {
    await this.store.waitForRevision(toNumber(revision, "revision", 0), callOptions(options));
  }
}

function linearizable<Options extends ReadOptions>(options: Options | undefined): Options | undefined {
  if (options === undefined) return undefined;
  return { ...options, consistency: "linearizable", serializable: undefined, revision: undefined };
}
