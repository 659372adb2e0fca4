/**
 * Reading a store's directory without owning it: for read-only stores, and for tools. Nothing is written and no
 * lock is taken, so an owner may be at work meanwhile. Its merging removes files, so all are opened before any is
 * read; its writing may be seen half done, so what looks damaged is looked at again.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { HoldfastError, isHoldfastError } from "../../contract/errors.ts";
import { DirectoryLayout } from "../../disk/directory-layout.ts";
import type { FileSystem } from "../../disk/fs-port.ts";
import { readIdentity, type StoreIdentity } from "../../disk/identity.ts";
import { isMissing } from "../../disk/io-error.ts";
import type { StateImage } from "../../mvcc/image.ts";
import type { Version } from "../../mvcc/version.ts";
import { FILE_STORE_DEFAULTS } from "./options.ts";
import { type Recovered, recover } from "./recovery.ts";
import { SegmentFiles } from "./segment-files.ts";
import { ValueReader } from "./value-reader.ts";

/** A store's state as of one moment. */
export interface ImageSource {
  readonly identity: StoreIdentity;
  readonly image: StateImage;
  readonly recovered: Recovered;
  /** Reads a value that is not in memory. */
  load(version: Version): Promise<ByteString>;
  /** Lets go of the files that values are read from. */
  close(): Promise<void>;
}

export interface OpenImageOptions {
  readonly inlineValueBytesMax?: number | undefined;
  readonly valueCacheBytes?: number | undefined;
}

/** How often a directory that looks damaged is read again: it may only have changed while it was read. */
const ATTEMPTS = 5;

/** @throws {HoldfastError} NOT_FOUND, CORRUPT, UNKNOWN_FORMAT, IO */
export async function openImage(
  fs: FileSystem,
  directory: string,
  options: OpenImageOptions = {},
): Promise<ImageSource> {
  const layout = new DirectoryLayout(directory);
  const identity = await readIdentity(fs, layout);
  if (identity === undefined) {
    throw new HoldfastError("NOT_FOUND", `there is no store in ${directory}`, { details: { directory } });
  }
  for (let attempt = 1; ; attempt++) {
    const files = new SegmentFiles(fs, layout);
    try {
      return await read({ fs, layout, identity, files }, options);
    } catch (error) {
      await files.close();
      const mayHaveChanged = isHoldfastError(error, "CORRUPT") || isMissing((error as Error).cause);
      if (!mayHaveChanged || attempt === ATTEMPTS) throw error;
    }
  }
}

interface ReadContext {
  readonly fs: FileSystem;
  readonly layout: DirectoryLayout;
  readonly identity: StoreIdentity;
  readonly files: SegmentFiles;
}

async function read(context: ReadContext, options: OpenImageOptions): Promise<ImageSource> {
  const { fs, layout, identity, files } = context;
  const defaults = FILE_STORE_DEFAULTS;
  const { inlineValueBytesMax = defaults.inlineValueBytesMax, valueCacheBytes = defaults.valueCacheBytes } =
    options;
  const recovered = await recover({ fs, layout, historyId: identity.logId, files }, inlineValueBytesMax);
  const values = new ValueReader({ layout, files, table: recovered.table, cacheBytes: valueCacheBytes });
  return {
    identity,
    image: recovered.image,
    recovered,
    load: (version) => values.load(version),
    close: () => files.close(),
  };
}
