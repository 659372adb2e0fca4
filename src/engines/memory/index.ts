/** The memory engine: the whole state machine, nothing outlives the process. For tests, scripts and caches. */
import { type Clock, systemClock } from "../../base/clock.ts";
import type { Defer } from "../../base/defer.ts";
import { type Random, randomHex128, systemRandom } from "../../base/random.ts";
import { EMBEDDED_LIMITS } from "../../contract/limits.ts";
import type { Store } from "../../contract/store.ts";
import { MvccState } from "../../mvcc/mvcc-state.ts";
import { readSnapshot } from "../../mvcc/snapshot-codec.ts";
import { LOCAL_CAPABILITIES } from "../local/capabilities.ts";
import { checkHistory, type HistoryRetention } from "../local/history-keeper.ts";
import { LocalStore } from "../local/local-store.ts";

export interface MemoryStoreOptions {
  /** Default: the system's. A fake one moves leases and history by hand. */
  readonly clock?: Clock | undefined;
  /** Draws lease ids and the history id. Default: the system's. */
  readonly random?: Random | undefined;
  readonly defer?: Defer | undefined;
  /** Default: an hour, and at least 10 000 revisions. */
  readonly history?: HistoryRetention | undefined;
}

/** A fresh, empty store. @throws {HoldfastError} INVALID_ARGUMENT */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return start(new MvccState(), options);
}

/**
 * A store with the content of a snapshot, at the snapshot's revision; what came before is compacted. It has a
 * history id of its own, so that watchers and caches of the original can tell.
 * @throws {HoldfastError} CORRUPT, UNKNOWN_FORMAT, INVALID_ARGUMENT
 */
export async function restoreMemoryStore(
  snapshot: AsyncIterable<Uint8Array>,
  options: MemoryStoreOptions = {},
): Promise<Store> {
  const { image } = await readSnapshot(snapshot);
  const state = new MvccState();
  state.load(image, (options.clock ?? systemClock).monotonicMs());
  return start(state, options);
}

function start(state: MvccState, options: MemoryStoreOptions): Store {
  checkHistory(options.history);
  const random = options.random ?? systemRandom;
  return new LocalStore({
    engine: "memory",
    state,
    historyId: randomHex128(random),
    limits: EMBEDDED_LIMITS,
    capabilities: { ...LOCAL_CAPABILITIES, durable: false },
    clock: options.clock ?? systemClock,
    random,
    defer: options.defer,
    history: options.history,
  });
}
