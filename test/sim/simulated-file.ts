/**
 * A file on the simulated disk: what the running system sees (volatile), what would survive any crash (durable),
 * and the changes between the two that no sync has covered yet (pending).
 *
 * A write is kept as fragments of at most one sector. A crash lets any subset of the pending changes survive, data
 * in any order, so that writes tear, reorder and vanish; the size is any that the file has had since its last
 * sync. Nothing is ever torn inside a sector.
 */
import { below, type Random } from "../../src/base/random.ts";

export const SECTOR_BYTES = 512;

interface WriteFragment {
  readonly kind: "write";
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface SizeChange {
  readonly kind: "truncate";
  readonly size: number;
}

type DataChange = WriteFragment | SizeChange;

export function coin(random: Random): boolean {
  return below(random, 2) === 0;
}

/** A chance of survival for a crash: often none or all, since the extremes find the most. */
export function drawChance(random: Random): number {
  const draw = below(random, 4);
  return draw === 0 ? 0 : draw === 1 ? 1 : random.uint32() / 2 ** 32;
}

export function happens(random: Random, chance: number): boolean {
  return random.uint32() / 2 ** 32 < chance;
}

function shuffle<T>(random: Random, items: T[]): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = below(random, at + 1);
    [items[at], items[other]] = [items[other]!, items[at]!];
  }
  return items;
}

/** Bytes with a size of their own; what lies beyond reads as zero. */
class Content {
  #bytes: Uint8Array;
  size: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  copy(): Content {
    return new Content(this.bytes.slice());
  }

  apply(change: DataChange): void {
    if (change.kind === "truncate") this.resize(change.size);
    else {
      this.resize(Math.max(this.size, change.offset + change.bytes.length));
      this.#bytes.set(change.bytes, change.offset);
    }
  }

  resize(size: number): void {
    if (size < this.size) this.#bytes.fill(0, size, this.size);
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.size = size;
  }
}

export class SimulatedFile {
  readonly kind = "file";
  readonly #volatile: Content;
  readonly #durable: Content;
  #pending: DataChange[] = [];
  /** How many changes have ever been made: a sync covers those made before it was called. */
  #changes = 0;
  readonly #sectors = new Set<number>();
  /** Names and open handles that keep the file's space taken. */
  references = 0;

  /** Where the writes begin that the last sync made durable: nothing was synced on top of them. */
  lastSyncedFrom = 0;

  constructor(content?: Uint8Array) {
    this.#volatile = new Content(content);
    this.#durable = this.#volatile.copy();
    for (let sector = 0; sector * SECTOR_BYTES < this.size; sector++) this.#sectors.add(sector);
  }

  get size(): number {
    return this.#volatile.size;
  }

  get allocatedBytes(): number {
    return this.#sectors.size * SECTOR_BYTES;
  }

  /** Marks the present point for {@link sync}. */
  get changes(): number {
    return this.#changes;
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  read(target: Uint8Array, position: number): number {
    const bytes = this.#volatile.bytes.subarray(position, position + target.length);
    target.set(bytes);
    return bytes.length;
  }

  /** Writes until `freeBytes` of disk are used up; answers how many bytes were taken. */
  write(source: Uint8Array, position: number, freeBytes: number): number {
    let taken = 0;
    let free = freeBytes;
    while (taken < source.length) {
      const offset = position + taken;
      const sector = Math.floor(offset / SECTOR_BYTES);
      if (!this.#sectors.has(sector)) {
        if (free < SECTOR_BYTES) break;
        free -= SECTOR_BYTES;
        this.#sectors.add(sector);
      }
      const length = Math.min(source.length - taken, (sector + 1) * SECTOR_BYTES - offset);
      // A copy: the caller may use its buffer again, and a Buffer's own `slice` would be a view.
      const bytes = new Uint8Array(source.subarray(taken, taken + length));
      this.#change({ kind: "write", offset, bytes });
      taken += length;
    }
    return taken;
  }

  truncate(size: number): void {
    this.#change({ kind: "truncate", size });
    for (const sector of this.#sectors) if (sector * SECTOR_BYTES >= size) this.#sectors.delete(sector);
  }

  #change(change: DataChange): void {
    this.#volatile.apply(change);
    this.#pending.push(change);
    this.#changes++;
  }

  /** Makes durable what had been changed when `changes` was read. */
  sync(changes: number): void {
    const covered = this.#pending.length - (this.#changes - changes);
    let from = Number.POSITIVE_INFINITY;
    for (const change of this.#pending.splice(0, Math.max(0, covered))) {
      this.#durable.apply(change);
      if (change.kind === "write") from = Math.min(from, change.offset);
      else if (change.size <= from) from = Number.POSITIVE_INFINITY;
    }
    if (from < Number.POSITIVE_INFINITY) this.lastSyncedFrom = from;
  }

  /**
   * As Linux does: some of it reached the disk, the rest is taken for clean and never written again. The running
   * system goes on seeing all of it, or what is on disk once the cache has let go of it.
   */
  failSync(random: Random): void {
    const chance = drawChance(random);
    for (const change of this.#pending.splice(0)) if (happens(random, chance)) this.#durable.apply(change);
    if (coin(random)) this.#evict();
  }

  #evict(): void {
    const size = this.#volatile.size;
    this.#volatile.resize(0);
    this.#volatile.apply({ kind: "write", offset: 0, bytes: this.#durable.bytes.slice(0, size) });
    this.#volatile.resize(size);
  }

  /** The file as a crash leaves it. */
  afterCrash(random: Random): SimulatedFile {
    const content = this.#durable.copy();
    const sizes = [content.size];
    const chance = drawChance(random);
    let run: WriteFragment[] = [];
    const flush = (): void => {
      for (const change of shuffle(random, run)) content.apply(change);
      run = [];
    };
    const replay = this.#durable.copy();
    for (const change of this.#pending) {
      replay.apply(change);
      sizes.push(replay.size);
      if (!happens(random, chance)) continue;
      if (change.kind === "write") run.push(change);
      else {
        flush();
        content.apply(change);
      }
    }
    flush();
    if (coin(random)) content.resize(sizes[below(random, sizes.length)]!);
    const file = new SimulatedFile(content.bytes.slice());
    file.lastSyncedFrom = this.lastSyncedFrom;
    return file;
  }

  /** Damages what is on disk, as decay does. */
  flipBit(offset: number, bit: number): void {
    for (const content of [this.#durable, this.#volatile]) {
      if (offset < content.size) content.bytes[offset]! ^= 1 << bit;
    }
  }

  /** What the disk holds, whatever the running system sees. */
  get durableBytes(): Uint8Array {
    return this.#durable.bytes.slice();
  }
}
