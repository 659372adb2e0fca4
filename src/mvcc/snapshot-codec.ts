/**
 * The snapshot format: the store as of one revision, as blocks that each carry a checksum.
 *
 *     block    = payload length u32, CRC-32 of the payload u32, payload
 *     payload  = kind u8, then by kind:
 *       1 header   format version, revision, created (wall ms), history id     first block
 *       2 entries  pairs, ascending by key, until the payload ends
 *       3 leases   id, time to live, time remaining, until the payload ends
 *       4 end      how many pairs and leases there were                        last block: without it the snapshot is cut off
 */
import { ByteFormatError, ByteReader } from "../base/byte-reader.ts";
import { type ByteString, fromText, toText } from "../base/byte-string.ts";
import { ByteWriter, getU32, putU32 } from "../base/byte-writer.ts";
import { crc32Portable } from "../base/crc32.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { KeyValue } from "../contract/key-value.ts";
import type { LeaseImage, StateImage } from "./image.ts";
import { Version } from "./version.ts";

export const SNAPSHOT_FORMAT = 1;
const MAGIC = 0x50534648; // "HFSP"
const HEADER = 1;
const ENTRIES = 2;
const LEASES = 3;
const END = 4;
const BLOCK_HEADER_BYTES = 8;
/** An entry block is closed once it has this many bytes. */
const BLOCK_BYTES = 256 * 1024;
/** Longer than any block a writer makes: one pair of the greatest size fits. */
const BLOCK_BYTES_MAX = 64 * 2 ** 20;

export interface SnapshotHeader {
  readonly revision: number;
  readonly createdMs: number;
  readonly historyId: string;
}

export interface DecodedSnapshot {
  readonly header: SnapshotHeader;
  /** History is not in a snapshot: every key has one version, and reads start at the snapshot's revision. */
  readonly image: StateImage;
}

/** Turns pairs into blocks; what is finished is given out by `take`. */
export class SnapshotWriter {
  #finished: Uint8Array[] = [];
  readonly #block = new ByteWriter(BLOCK_BYTES);
  #entries = 0;

  constructor(header: SnapshotHeader) {
    this.#open(HEADER);
    this.#block.u32(MAGIC);
    this.#block.varint(SNAPSHOT_FORMAT);
    this.#block.varint(header.revision);
    this.#block.u64(Math.floor(header.createdMs));
    this.#block.string(fromText(header.historyId));
    this.#finish();
    this.#open(ENTRIES);
  }

  add(kv: KeyValue, value: ByteString): void {
    const block = this.#block;
    block.string(kv.key);
    block.string(value);
    block.varint(kv.revision);
    block.varint(kv.createRevision);
    block.varint(kv.version);
    block.i64(kv.leaseId);
    this.#entries++;
    if (block.length < BLOCK_BYTES) return;
    this.#finish();
    this.#open(ENTRIES);
  }

  end(leases: readonly LeaseImage[]): void {
    this.#finish();
    this.#open(LEASES);
    for (const lease of leases) {
      this.#block.i64(lease.id);
      this.#block.u64(Math.ceil(lease.ttlMs));
      this.#block.u64(Math.ceil(lease.remainingMs));
    }
    this.#finish();
    this.#open(END);
    this.#block.varint(this.#entries);
    this.#block.varint(leases.length);
    this.#finish();
  }

  /** The blocks that are finished since the last call. */
  take(): Uint8Array[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  #open(kind: number): void {
    this.#block.reset();
    this.#block.skip(BLOCK_HEADER_BYTES);
    this.#block.u8(kind);
  }

  #finish(): void {
    const bytes = new Uint8Array(this.#block.written()); // a copy: the writer is used again
    const payload = bytes.subarray(BLOCK_HEADER_BYTES);
    putU32(bytes, 0, payload.length);
    putU32(bytes, 4, crc32Portable(payload));
    this.#finished.push(bytes);
  }
}

/** @throws {HoldfastError} CORRUPT (details.offset), UNKNOWN_FORMAT */
export async function readSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<DecodedSnapshot> {
  const decoder = new SnapshotDecoder();
  for await (const chunk of chunks) decoder.push(chunk);
  return decoder.finish();
}

class SnapshotDecoder {
  #rest: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #header: SnapshotHeader | undefined;
  readonly #heads: Version[] = [];
  readonly #leases: LeaseImage[] = [];
  #ended = false;

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (bytes.length - at >= BLOCK_HEADER_BYTES) {
      const length = getU32(bytes, at);
      if (length === 0 || length > BLOCK_BYTES_MAX) throw this.#damaged("a block of impossible length");
      const end = at + BLOCK_HEADER_BYTES + length;
      if (end > bytes.length) break;
      const payload = bytes.subarray(at + BLOCK_HEADER_BYTES, end);
      if (crc32Portable(payload) !== getU32(bytes, at + 4))
        throw this.#damaged("a block whose checksum is wrong");
      this.#block(payload);
      this.#offset += end - at;
      at = end;
    }
    this.#rest = new Uint8Array(bytes.subarray(at)); // a copy: the source may use its buffer again
  }

  finish(): DecodedSnapshot {
    if (this.#header === undefined || !this.#ended || this.#rest.length > 0) {
      throw this.#damaged("the end of the data, before the snapshot's own");
    }
    const { revision, createdMs } = this.#header;
    const image: StateImage = {
      revision,
      compactRevision: revision,
      heads: this.#heads,
      leases: this.#leases,
      times: [{ revision, timeMs: createdMs }],
    };
    return { header: this.#header, image };
  }

  #block(payload: Uint8Array): void {
    try {
      const reader = new ByteReader(payload);
      const kind = reader.u8();
      if (this.#ended || (this.#header === undefined) !== (kind === HEADER)) {
        throw this.#damaged("a block out of place");
      }
      if (kind === HEADER) this.#readHeader(reader);
      else if (kind === ENTRIES) this.#readEntries(reader);
      else if (kind === LEASES) this.#readLeases(reader);
      else if (kind === END) this.#readEnd(reader);
      else throw this.#damaged(`a block of unknown kind ${kind}`);
    } catch (error) {
      if (error instanceof ByteFormatError) throw this.#damaged(error.message);
      throw error;
    }
  }

  #readHeader(reader: ByteReader): void {
    if (reader.u32() !== MAGIC) throw this.#damaged("no snapshot header");
    const format = reader.varint();
    if (format > SNAPSHOT_FORMAT) {
      throw new HoldfastError(
        "UNKNOWN_FORMAT",
        `the snapshot has format ${format}; this release reads up to ${SNAPSHOT_FORMAT}`,
        {
          details: { format, supported: SNAPSHOT_FORMAT },
        },
      );
    }
    this.#header = { revision: reader.varint(), createdMs: reader.u64(), historyId: toText(reader.string()) };
  }

  #readEntries(reader: ByteReader): void {
    while (!reader.done) {
      const key = reader.string();
      const value = reader.string();
      const revision = reader.varint();
      const createRevision = reader.varint();
      const version = reader.varint();
      this.#heads.push(new Version(key, value, revision, 0, createRevision, version, reader.i64()));
    }
  }

  #readLeases(reader: ByteReader): void {
    while (!reader.done) {
      this.#leases.push({ id: reader.i64(), ttlMs: reader.u64(), remainingMs: reader.u64() });
    }
  }

  #readEnd(reader: ByteReader): void {
    const entries = reader.varint();
    const leases = reader.varint();
    if (entries !== this.#heads.length || leases !== this.#leases.length)
      throw this.#damaged("missing blocks");
    this.#ended = true;
  }

  #damaged(found: string): HoldfastError {
    return new HoldfastError("CORRUPT", `the snapshot is damaged at byte ${this.#offset}: found ${found}`, {
      details: { offset: this.#offset },
    });
  }
}
