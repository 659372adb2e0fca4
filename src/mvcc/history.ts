/**
 * Every retained revision in order, each with the versions it made. Revisions are contiguous, so a revision's
 * place is arithmetic; chunks make forgetting the oldest cheap at any length.
 *
 * Example: after compaction at 3 the history holds 3, 4, 5; a watch may start at any of them.
 */
import type { Version } from "./version.ts";

/** The versions of one revision: alone where there is only one, which is the common case. */
export type RevisionEntry = Version | readonly Version[];

const CHUNK_BITS = 10;
const CHUNK = 1 << CHUNK_BITS;

export class History {
  /** The oldest revision held; one above the newest where empty. */
  first: number;
  /** One above the newest revision held. */
  end: number;
  #chunks: (RevisionEntry | undefined)[][] = [];
  /** The revision of slot 0 of the first chunk. */
  #base: number;

  /** @param next the revision that the first pushed entry will have */
  constructor(next: number) {
    this.first = next;
    this.end = next;
    this.#base = next;
  }

  push(entry: RevisionEntry): void {
    const at = this.end - this.#base;
    const chunk = at >>> CHUNK_BITS;
    if (chunk === this.#chunks.length) this.#chunks.push([]);
    this.#chunks[chunk]!.push(entry);
    this.end++;
  }

  /** Removes and returns the newest entry. */
  pop(): RevisionEntry {
    this.end--;
    const at = this.end - this.#base;
    const chunk = this.#chunks[at >>> CHUNK_BITS]!;
    const entry = chunk.pop()!;
    if (chunk.length === 0) this.#chunks.pop();
    return entry;
  }

  /** The entry of a revision from `first` to `end` − 1. */
  at(revision: number): RevisionEntry {
    const at = revision - this.#base;
    return this.#chunks[at >>> CHUNK_BITS]![at & (CHUNK - 1)]!;
  }

  /** Calls back for every version made at `revision`, in order. */
  forEachAt(revision: number, visit: (version: Version) => void): void {
    const entry = this.at(revision);
    if (Array.isArray(entry)) for (const version of entry as readonly Version[]) visit(version);
    else visit(entry as Version);
  }

  /** Forgets everything before `revision`. */
  forgetBefore(revision: number): void {
    const stop = Math.min(revision, this.end);
    for (; this.first < stop; this.first++) {
      const at = this.first - this.#base;
      const slot = at & (CHUNK - 1);
      this.#chunks[0]![slot] = undefined;
      if (slot === CHUNK - 1) {
        this.#chunks.shift();
        this.#base += CHUNK;
      }
    }
    if (this.first === this.end) {
      this.#chunks = [];
      this.#base = this.first;
    }
  }
}
