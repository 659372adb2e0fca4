/** Reads of a local store: from memory at once where they can be, else with the values that lie on disk. */
import { type ByteString, EMPTY } from "../../base/byte-string.ts";
import type { RangeRequest, RangeResult } from "../../contract/range.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import { readRange } from "../../mvcc/range-reader.ts";
import { type LoadedValues, SpilledValuesNeeded, ValueSource } from "../../mvcc/spilled-values.ts";
import type { Version } from "../../mvcc/version.ts";
import type { Journal } from "./journal.ts";
import { hasSpilled, resolveRange } from "./spilled-results.ts";

export class LocalReader {
  readonly #state: MvccState;
  readonly #journal: Journal | undefined;

  constructor(state: MvccState, journal: Journal | undefined) {
    this.#state = state;
    this.#journal = journal;
  }

  /** Reads what is published. @throws {HoldfastError} COMPACTED, FUTURE_REVISION; rejects with CORRUPT, IO */
  range(request: RangeRequest, loaded?: LoadedValues): Promise<RangeResult> {
    try {
      const result = this.#read(request, loaded);
      return hasSpilled(result.kvs) ? resolveRange(result, this.#journal!) : Promise.resolve(result);
    } catch (error) {
      if (!(error instanceof SpilledValuesNeeded)) throw error;
      return this.loadAll(error.versions, loaded).then((values) => this.range(request, values));
    }
  }

  load(version: Version): Promise<ByteString> {
    if (version.spilledBytes === 0) return Promise.resolve(version.isTombstone ? EMPTY : version.value);
    return this.#journal!.load(version);
  }

  /** The values of these versions and the ones already known. */
  async loadAll(versions: readonly Version[], known: LoadedValues | undefined): Promise<LoadedValues> {
    const values = new Map(known ?? []);
    const bytes = await Promise.all(versions.map((version) => this.load(version)));
    for (const [at, version] of versions.entries()) values.set(version, bytes[at]!);
    return values;
  }

  #read(request: RangeRequest, loaded: LoadedValues | undefined): RangeResult {
    const state = this.#state;
    const newest = state.durableRevision;
    const asked = request.revision ?? 0;
    if (asked > 0) state.checkReadable(asked, newest);
    const answer = readRange(state.index, request, asked > 0 ? asked : newest, new ValueSource(loaded));
    return { revision: newest, kvs: answer.kvs, count: answer.count, more: answer.more };
  }
}
