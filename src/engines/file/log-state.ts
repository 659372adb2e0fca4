/** What a log says of the store beside its keys, as of some place in it; and reading on from there. */
import type { LeaseImage } from "../../mvcc/image.ts";
import { TimeIndex, type TimeSample } from "../../mvcc/time-index.ts";
import type { RecordVisitor } from "./group-reader.ts";
import type { Preamble, SegmentInfo } from "./log-records.ts";

export class LogState {
  revision: number;
  compactRevision: number;
  readonly segments = new Map<number, SegmentInfo>();
  readonly times = new TimeIndex();
  /** The last thing that happened was an orderly closing, so remaining times of leases are known. */
  wasClosed = false;
  readonly #leases = new Map<bigint, LeaseImage>();

  constructor(preamble: Preamble) {
    this.revision = preamble.revision;
    this.compactRevision = preamble.compactRevision;
    for (const info of preamble.segments) this.segments.set(info.id, info);
    for (const { id, ttlMs } of preamble.leases) this.#leases.set(id, { id, ttlMs, remainingMs: ttlMs });
    this.times.load(preamble.times);
  }

  /**
   * Leases with the time they have left. After a crash that is the full time to live: keep-alives are not logged,
   * and no clock that spans a crash can be trusted to tell how long it took.
   */
  leases(): LeaseImage[] {
    const leases = [...this.#leases.values()];
    return this.wasClosed ? leases : leases.map((lease) => ({ ...lease, remainingMs: lease.ttlMs }));
  }

  samples(): readonly TimeSample[] {
    return this.times.samples();
  }

  /** Follows the newest log segment, whose records speak of all segments and leases. */
  visitor(version: NonNullable<RecordVisitor["version"]>): RecordVisitor {
    const reopened = (): void => {
      this.wasClosed = false;
    };
    return {
      version,
      commit: (revision, timeMs) => {
        reopened();
        this.noteCommit(revision, timeMs);
      },
      granted: (id, ttlMs) => {
        reopened();
        this.#leases.set(id, { id, ttlMs, remainingMs: ttlMs });
      },
      revoked: (id) => {
        reopened();
        this.#leases.delete(id);
      },
      compacted: (revision) => {
        reopened();
        this.noteCompacted(revision);
      },
      segmentsChanged: ({ added, removed, compactRevision }) => {
        reopened();
        for (const id of removed) this.segments.delete(id);
        for (const info of added) this.segments.set(info.id, info);
        this.noteCompacted(compactRevision);
      },
      opened: reopened,
      closed: ({ compactRevision, leases }) => {
        this.wasClosed = true;
        this.noteCompacted(compactRevision);
        this.#leases.clear();
        for (const lease of leases) this.#leases.set(lease.id, lease);
      },
    };
  }

  noteCommit(revision: number, timeMs: number): void {
    this.revision = Math.max(this.revision, revision);
    this.times.note(revision, timeMs);
  }

  noteCompacted(revision: number): void {
    this.compactRevision = Math.max(this.compactRevision, revision);
  }
}
