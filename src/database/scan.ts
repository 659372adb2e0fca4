/** Reading a range of any size in pages, all of one revision, so that neither side holds the whole of it. */
import { type ByteString, prefixEnd, successor } from "../base/byte-string.ts";
import type { CallOptions } from "../contract/call-options.ts";
import type { KeyRange } from "../contract/key-range.ts";
import type { RangeRequest, RangeResult } from "../contract/range.ts";
import type { Store } from "../contract/store.ts";
import { callOptions, toNumber } from "./arguments.ts";
import { KeyValue } from "./key-value.ts";
import { type KeyValueList, listOf, type ReadOptions, readRequest } from "./range-request.ts";

export interface ScanOptions extends ReadOptions {
  /** Keys fetched per page. Default 1000. */
  readonly pageSize?: number | undefined;
  /** A page also ends with the key at which keys and values reach this many bytes. Default 1 MiB. */
  readonly pageBytes?: number | undefined;
  readonly keysOnly?: boolean | undefined;
  /** Descending instead of ascending. */
  readonly reverse?: boolean | undefined;
}

const PAGE_SIZE = 1000;
const PAGE_BYTES = 2 ** 20;

/** Pages of a range. The first one pins the revision, unless the request names one; `limit` and `bytesMax` are per page. */
export async function* readPages(
  store: Store,
  request: RangeRequest,
  call?: CallOptions,
): AsyncGenerator<RangeResult, void> {
  const descending = request.order === "descending";
  let rest: RangeRequest = request;
  for (;;) {
    const page = await store.range(rest, call);
    yield page;
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return;
    rest = { ...rest, revision: rest.revision || page.revision };
    if (descending) {
      rest = { ...rest, end: last.key };
    } else {
      const key = nextKey(last.key, store.limits.keyBytesMax);
      if (key === undefined) return;
      rest = { ...rest, key };
    }
  }
}

/** The lowest key above `key` that a store can hold: one of full length has no successor that does. */
function nextKey(key: ByteString, keyBytesMax: number): ByteString | undefined {
  return key.length < keyBytesMax ? successor(key) : prefixEnd(key);
}

/**
 * A range read in pages, pinned to the revision of the first page. Nothing is read before it is iterated, and every
 * iteration is a read of its own. A compaction beyond the pinned revision ends it with COMPACTED. `signal` is for the
 * scan as a whole, `timeoutMs` for each page.
 */
export class Scan implements AsyncIterable<KeyValue> {
  readonly #store: Store;
  readonly #request: RangeRequest;
  readonly #call: CallOptions | undefined;

  /** @internal */
  constructor(store: Store, range: KeyRange, options: ScanOptions = {}) {
    this.#store = store;
    this.#call = callOptions(options);
    this.#request = {
      limit: toNumber(options.pageSize ?? PAGE_SIZE, "pageSize", 1),
      bytesMax: toNumber(options.pageBytes ?? PAGE_BYTES, "pageBytes", 1),
      keysOnly: options.keysOnly === true,
      order: options.reverse === true ? "descending" : "ascending",
      ...readRequest(range, options),
    };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<KeyValue, void> {
    for await (const page of readPages(this.#store, this.#request, this.#call)) {
      for (const stored of page.kvs) yield new KeyValue(stored);
    }
  }

  /** The same in whole pages; an empty range gives one empty page. */
  async *pages(): AsyncGenerator<KeyValueList, void> {
    for await (const page of readPages(this.#store, this.#request, this.#call)) yield listOf(page);
  }
}
