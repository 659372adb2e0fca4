/** The journal of a store that was opened for reading: gives values, takes nothing. */
import type { ByteString } from "../../base/byte-string.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { Version } from "../../mvcc/version.ts";
import type { Journal } from "../local/journal.ts";
import type { ImageSource } from "./directory-reader.ts";

export class ReadOnlyJournal implements Journal {
  readonly #source: ImageSource;

  constructor(source: ImageSource) {
    this.#source = source;
  }

  get diskBytes(): number {
    const { table, checkpointBytes } = this.#source.recovered;
    return table.bytes + checkpointBytes;
  }

  append(): void {
    throw new HoldfastError("READ_ONLY", "the store was opened for reading only");
  }

  async flush(): Promise<void> {}

  load(version: Version): Promise<ByteString> {
    return this.#source.load(version);
  }

  dropped(): void {}

  async close(): Promise<void> {
    await this.#source.close();
  }
}
