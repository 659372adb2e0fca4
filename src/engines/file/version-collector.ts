/**
 * Puts versions together that come from many segments in any order: chains by key, newest first, without what
 * compaction made dead. Starts from a checkpoint's chains, where there is one.
 *
 * A version that comes a second time has been copied by a merge: its new place replaces the old one.
 */
import type { ByteString } from "../../base/byte-string.ts";
import type { Version } from "../../mvcc/version.ts";

/** In `offset`, while a store opens: the value must be put together from patches first. */
export const PATCHED = -1;

export class VersionCollector {
  /** Chains of a checkpoint, ascending by key. */
  readonly #base: (Version | undefined)[];
  /** Where a key's chain is in `#base`; made when it is needed. */
  #slots: Map<ByteString, number> | undefined;
  readonly #fresh = new Map<ByteString, Version>();

  constructor(base: Version[]) {
    this.#base = base;
  }

  add(version: Version): void {
    const { key } = version;
    const slot = this.#slotOf(key);
    if (slot !== undefined) {
      this.#base[slot] = insert(this.#base[slot]!, version);
      return;
    }
    const head = this.#fresh.get(key);
    this.#fresh.set(key, head === undefined ? version : insert(head, version));
  }

  /**
   * The newest version of every key, ascending by key, with chains as far back as needed.
   * @param compactRevision history begins here
   * @param isThere whether a segment still exists: what was in one that does not is dead, or has been copied
   */
  finish(compactRevision: number, isThere: (segment: number) => boolean): Version[] {
    const fresh = [...this.#fresh.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const heads: Version[] = [];
    let next = 0;
    const take = (head: Version): void => {
      const kept = settle(head, compactRevision, isThere);
      if (kept !== undefined) heads.push(kept);
    };
    for (const head of this.#base) {
      while (next < fresh.length && fresh[next]!.key < head!.key) take(fresh[next++]!);
      take(head!);
    }
    while (next < fresh.length) take(fresh[next++]!);
    return heads;
  }

  #slotOf(key: ByteString): number | undefined {
    if (this.#base.length === 0) return undefined;
    if (this.#slots === undefined) {
      this.#slots = new Map();
      for (let slot = 0; slot < this.#base.length; slot++) this.#slots.set(this.#base[slot]!.key, slot);
    }
    return this.#slots.get(key);
  }
}

/** Puts a version where its revision belongs and gives the chain's head. */
function insert(head: Version, version: Version): Version {
  if (version.revision > head.revision) {
    version.previous = head;
    return version;
  }
  let at = head;
  while (
    at.revision > version.revision &&
    at.previous !== undefined &&
    at.previous.revision >= version.revision
  ) {
    at = at.previous;
  }
  if (at.revision === version.revision) {
    at.segment = version.segment;
    at.offset = version.offset;
    at.value = version.value;
    at.spilledBytes = version.spilledBytes;
  } else {
    version.previous = at.previous;
    at.previous = version;
  }
  return head;
}

/** The chain without what is dead or gone; undefined where nothing is left of it. */
function settle(
  head: Version,
  compactRevision: number,
  isThere: (segment: number) => boolean,
): Version | undefined {
  const first = skipGone(head, isThere);
  if (first === undefined) return undefined;
  if (first.isTombstone && first.revision < compactRevision) return undefined;
  for (let at = first; ; at = at.previous) {
    at.previous = at.revision < compactRevision ? undefined : skipGone(at.previous, isThere);
    if (at.previous === undefined) return first;
  }
}

function skipGone(version: Version | undefined, isThere: (segment: number) => boolean): Version | undefined {
  let at = version;
  while (at !== undefined && !isThere(at.segment)) at = at.previous;
  return at;
}
