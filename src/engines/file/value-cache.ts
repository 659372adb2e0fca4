/** Values read from disk lately, up to a number of bytes; what was used longest ago goes first. */
import type { ByteString } from "../../base/byte-string.ts";
import type { Version } from "../../mvcc/version.ts";

/** What an entry costs beside its bytes, about. */
const ENTRY_BYTES = 128;

export class ValueCache {
  readonly #bytesMax: number;
  /** In order of use, the latest last. */
  readonly #values = new Map<Version, ByteString>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(version: Version): ByteString | undefined {
    const value = this.#values.get(version);
    if (value === undefined) return undefined;
    this.#values.delete(version);
    this.#values.set(version, value);
    return value;
  }

  set(version: Version, value: ByteString): void {
    if (value.length + ENTRY_BYTES > this.#bytesMax) return;
    this.delete(version);
    this.#values.set(version, value);
    this.#bytes += value.length + ENTRY_BYTES;
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.delete(oldest);
    }
  }

  delete(version: Version): void {
    const value = this.#values.get(version);
    if (value === undefined) return;
    this.#values.delete(version);
    this.#bytes -= value.length + ENTRY_BYTES;
  }
}
