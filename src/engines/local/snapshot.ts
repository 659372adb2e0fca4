/** The whole store as of one revision, as a stream of bytes, taken in slices while writes go on. */
import type { ByteString } from "../../base/byte-string.ts";
import type { Defer } from "../../base/defer.ts";
import type { StoreSnapshot } from "../../contract/store.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import { SnapshotWriter } from "../../mvcc/snapshot-codec.ts";
import { type Version, versionAt } from "../../mvcc/version.ts";

export interface SnapshotSource {
  readonly state: MvccState;
  readonly historyId: string;
  /** Wall time. */
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly load: (version: Version) => Promise<ByteString>;
  readonly defer: Defer;
}

/** Keys looked at between two turns of the event loop. */
const SLICE_KEYS = 1_000;

/**
 * A snapshot of the store's present revision. From the first read to the last the revision is pinned against
 * compaction; if compaction passes it before anyone reads, reading rejects with COMPACTED.
 */
export function takeSnapshot(source: SnapshotSource): StoreSnapshot {
  const { state } = source;
  const revision = state.durableRevision;
  const leases = state.leaseImages(source.monotonicMs);
  async function* stream(): AsyncGenerator<Uint8Array> {
    state.checkReadable(revision, state.durableRevision);
    state.pin(revision);
    try {
      const writer = new SnapshotWriter({ revision, createdMs: source.nowMs, historyId: source.historyId });
      yield* writer.take();
      for (let heads = state.headsAfter(undefined, SLICE_KEYS); heads.length > 0; ) {
        await addSlice(writer, heads, revision, source);
        yield* writer.take();
        await new Promise<void>((resolve) => source.defer(resolve));
        heads = state.headsAfter(heads.at(-1)!.key, SLICE_KEYS);
      }
      writer.end(leases);
      yield* writer.take();
    } finally {
      state.unpin(revision);
    }
  }
  return { revision, [Symbol.asyncIterator]: stream };
}

async function addSlice(
  writer: SnapshotWriter,
  heads: readonly Version[],
  revision: number,
  source: SnapshotSource,
): Promise<void> {
  const loading: { readonly version: Version; readonly value: ByteString | Promise<ByteString> }[] = [];
  for (const head of heads) {
    const version = versionAt(head, revision);
    if (version === undefined) continue;
    loading.push({ version, value: version.spilledBytes === 0 ? version.value : source.load(version) });
  }
  for (const { version, value } of loading) writer.add(version, await value);
}
