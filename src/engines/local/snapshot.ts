/** The whole store as of one revision, as a stream of bytes, taken in slices while writes go on. */
import type { ByteString } from "../../base/byte-string.ts";
import type { Defer } from "../../base/defer.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { StoreSnapshot } from "../../contract/store.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import type { Version } from "../../mvcc/version.ts";

export interface SnapshotSource {
  readonly state: MvccState;
  readonly historyId: string;
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly load: (version: Version) => Promise<ByteString>;
  readonly defer: Defer;
}

export function takeSnapshot(_source: SnapshotSource): StoreSnapshot {
  throw new HoldfastError("UNSUPPORTED", "snapshots come with the next commit");
}
