/** The state of a range together with a watch on everything after it, without a gap between the two. */
import type { ByteString } from "../base/byte-string.ts";
import type { CallOptions } from "../contract/call-options.ts";
import { isHoldfastError } from "../contract/errors.ts";
import type { KeyRange } from "../contract/key-range.ts";
import type { Store } from "../contract/store.ts";
import type { Watch as StoreWatch } from "../contract/watch.ts";
import { KeyValue } from "./key-value.ts";
import { readPages } from "./scan.ts";
import { ViewEntries } from "./view-entries.ts";

export interface Listing {
  readonly entries: ViewEntries;
  readonly revision: number;
  readonly watch: StoreWatch;
}

const PAGE = { limit: 10_000, bytesMax: 4 * 2 ** 20 };
/** A listing can be overtaken by compaction again and again only where history is kept for less than one listing takes. */
const LISTINGS_MAX = 5;

export async function listAndWatch(
  store: Store,
  range: KeyRange,
  call: () => CallOptions | undefined,
): Promise<Listing> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { entries, revision } = await readAll(store, range, call);
      const watch = await store.watch({ ...range, fromRevision: revision + 1 }, call());
      return { entries, revision, watch };
    } catch (error) {
      if (!isHoldfastError(error, "COMPACTED") || attempt === LISTINGS_MAX) throw error;
    }
  }
}

async function readAll(
  store: Store,
  range: KeyRange,
  call: () => CallOptions | undefined,
): Promise<{ readonly entries: ViewEntries; readonly revision: number }> {
  const entries = new Map<ByteString, KeyValue>();
  let revision = 0;
  for await (const page of readPages(store, { ...range, ...PAGE }, call())) {
    // Later pages are pinned to the revision of the first, whatever the store's is by then.
    revision ||= page.revision;
    for (const stored of page.kvs) entries.set(stored.key, new KeyValue(stored));
  }
  return { entries: new ViewEntries(entries), revision };
}
