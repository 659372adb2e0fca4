/**
 * Values that the engine keeps out of memory. The state machine cannot wait for them, so where it must look at
 * one it stops, names what it needs, and is called again with the bytes.
 */
import type { ByteString } from "../base/byte-string.ts";
import type { Version } from "./version.ts";

export type LoadedValues = ReadonlyMap<Version, ByteString>;

const NONE: LoadedValues = new Map();

export class SpilledValuesNeeded extends Error {
  readonly versions: readonly Version[];

  constructor(versions: readonly Version[]) {
    super(`${versions.length} spilled values are needed`);
    this.versions = versions;
  }
}

/** Looks values up, and gathers what is missing where many are needed. */
export class ValueSource {
  readonly #loaded: LoadedValues;

  constructor(loaded: LoadedValues = NONE) {
    this.#loaded = loaded;
  }

  /** @throws {SpilledValuesNeeded} */
  of(version: Version): ByteString {
    if (version.spilledBytes === 0) return version.value;
    const value = this.#loaded.get(version);
    if (value === undefined) throw new SpilledValuesNeeded([version]);
    return value;
  }

  /** Makes sure that all of these can be asked for. @throws {SpilledValuesNeeded} naming every missing one */
  require(versions: readonly Version[]): void {
    const missing = versions.filter((version) => version.spilledBytes !== 0 && !this.#loaded.has(version));
    if (missing.length > 0) throw new SpilledValuesNeeded(missing);
  }
}

export const NO_LOADED_VALUES = new ValueSource();
