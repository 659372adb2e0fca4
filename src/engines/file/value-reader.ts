/** Reads values that are kept on disk alone, each verified by its own checksum. */
import type { ByteString } from "../../base/byte-string.ts";
import { getU32 } from "../../base/byte-writer.ts";
import { HoldfastError } from "../../contract/errors.ts";
import { crc32 } from "../../disk/checksum.ts";
import type { DirectoryLayout, SegmentName } from "../../disk/directory-layout.ts";
import type { OpenFile } from "../../disk/fs-port.ts";
import { ioError } from "../../disk/io-error.ts";
import type { Version } from "../../mvcc/version.ts";
import { corruptSegment } from "./corruption.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { isDropped, type SegmentTable, segmentOf } from "./segment-table.ts";
import { ValueCache } from "./value-cache.ts";

/** A value's checksum stands right before it. */
const CHECKSUM_BYTES = 4;

export interface ValueReaderOptions {
  readonly layout: DirectoryLayout;
  readonly files: SegmentFiles;
  readonly table: SegmentTable;
  readonly cacheBytes: number;
}

export class ValueReader {
  readonly #layout: DirectoryLayout;
  readonly #files: SegmentFiles;
  readonly #table: SegmentTable;
  readonly #cache: ValueCache;
  readonly #unsynced = new Map<Version, ByteString>();
  readonly #underWay = new Map<Version, Promise<ByteString>>();

  constructor(options: ValueReaderOptions) {
    this.#layout = options.layout;
    this.#files = options.files;
    this.#table = options.table;
    this.#cache = new ValueCache(options.cacheBytes);
  }

  /** A value that has just left memory is likely to be read: by the watchers of its key, for one. */
  remember(version: Version, value: ByteString): void {
    this.#cache.set(version, value);
  }

  /** A value that is written, but not synced: until it is, the disk may lose it. See {@link syncBegins}. */
  hold(version: Version, value: ByteString): void {
    this.#unsynced.set(version, value);
  }

  /** Everything that is held now is about to be synced. Call the result when that went well. */
  syncBegins(): () => void {
    const syncing = [...this.#unsynced];
    return () => {
      for (const [version, value] of syncing) {
        this.#unsynced.delete(version);
        if (!isDropped(version)) this.#cache.set(version, value);
      }
    };
  }

  forget(version: Version): void {
    this.#cache.delete(version);
    this.#unsynced.delete(version);
  }

  /** @throws {HoldfastError} CORRUPT, IO; COMPACTED where the version is not part of history any more */
  load(version: Version): Promise<ByteString> {
    if (version.spilledBytes === 0) return Promise.resolve(version.value);
    const cached = this.#cache.get(version) ?? this.#unsynced.get(version);
    if (cached !== undefined) return Promise.resolve(cached);
    let reading = this.#underWay.get(version);
    if (reading === undefined) {
      reading = this.#read(version).finally(() => this.#underWay.delete(version));
      this.#underWay.set(version, reading);
    }
    return reading;
  }

  async #read(version: Version): Promise<ByteString> {
    const segment = this.#table.get(segmentOf(version));
    if (segment === undefined) {
      throw new HoldfastError("COMPACTED", `the value of revision ${version.revision} has been compacted`, {
        details: { revision: version.revision },
      });
    }
    const start = version.offset - CHECKSUM_BYTES;
    const bytes = Buffer.allocUnsafe(CHECKSUM_BYTES + version.spilledBytes);
    const length = await this.#files.use(segment, (file) => this.#readAt(segment, file, bytes, start));
    const value = bytes.subarray(CHECKSUM_BYTES);
    if (length < bytes.length || getU32(bytes, 0) !== crc32(value)) {
      throw corruptSegment(this.#layout, segment, version.offset, "a value does not match its checksum");
    }
    const text = value.toString("latin1") as ByteString;
    this.#cache.set(version, text);
    return text;
  }

  async #readAt(name: SegmentName, file: OpenFile, target: Uint8Array, position: number): Promise<number> {
    try {
      return await file.read(target, position);
    } catch (error) {
      throw ioError(error, `read ${this.#layout.segment(name)}`);
    }
  }
}
