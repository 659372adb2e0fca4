/**
 * Which segments to merge next. The greedy choice, those with the least live data in proportion, frees the most
 * for each byte copied.
 *
 * Tombstones need care. One that history has let go of may be dropped only when no other segment can still hold
 * an older version of its key, or opening would bring that back to life. A merged segment says as of which
 * revision it is clean, that is without anything dead by then; a log segment never is. So a tombstone at
 * revision r is carried along while any other segment has versions older than r and is not clean beyond r:
 *
 *     segment 1 (log)            put a @2                  ← may hold versions older than 90: carry
 *     segment 7 (clean as of 95) put b @40                 ← anything dead by 90 is gone: no reason to carry
 *     segment 8 (victim)         delete a @90
 *
 * If carried tombstones pile up, the segment that keeps them alive is merged too, however little of it is dead.
 */
import type { Segment } from "./segment-table.ts";

const VICTIMS_MAX = 64;
/** A segment with less than this part dead is not worth copying. */
const DEAD_SHARE_MIN = 0.1;
/** Carried tombstones may take this part of the live data. */
const CARRIED_SHARE_MAX = 0.1;

export interface MergeSizes {
  /** How large an output may become. */
  readonly outputBytes: number;
  /** So much of carried tombstones is always let be. */
  readonly carriedBytesMin: number;
}

/** The segments to merge into one; empty where nothing is worth it. */
export function chooseVictims(
  segments: readonly Segment[],
  { outputBytes, carriedBytesMin }: MergeSizes,
): Segment[] {
  const usable = segments.filter((segment) => !segment.isDamaged);
  const victims: Segment[] = blockingSegment(usable, carriedBytesMin);
  const candidates = usable
    .filter((segment) => segment.deadBytes >= DEAD_SHARE_MIN * segment.bytes && !victims.includes(segment))
    .sort((a, b) => keptShare(a) - keptShare(b) || a.id - b.id);
  let kept = 0;
  for (const segment of candidates) {
    if (victims.length >= VICTIMS_MAX) break;
    kept += segment.keptBytes;
    if (kept > outputBytes && victims.length > 0) break;
    victims.push(segment);
  }
  return victims;
}

function keptShare(segment: Segment): number {
  return segment.keptBytes / Math.max(1, segment.bytes);
}

/** Where too many tombstones are carried: the oldest segment that they are carried for. */
function blockingSegment(segments: readonly Segment[], carriedBytesMin: number): Segment[] {
  let carried = 0;
  let live = 0;
  let blocking: Segment | undefined;
  for (const segment of segments) {
    carried += segment.carriedBytes;
    live += segment.liveBytes;
    if (blocking === undefined || segment.cleanAsOf < blocking.cleanAsOf) blocking = segment;
  }
  const isTooMuch = carried > Math.max(carriedBytesMin, CARRIED_SHARE_MAX * live);
  if (!isTooMuch || blocking === undefined) return [];
  const carriers = segments
    .filter((segment) => segment.carriedBytes > 0 && segment !== blocking)
    .sort((a, b) => b.carriedBytes - a.carriedBytes);
  return [blocking, ...carriers.slice(0, 3)];
}

/** Holds versions from `minRevision` on, and none that was dead as of `cleanAsOf`. */
export type CleanSince = Pick<Segment, "minRevision" | "cleanAsOf">;

/** Whether a tombstone that history has let go of must be kept because of what these hold. */
export function mustCarry(revision: number, others: readonly CleanSince[]): boolean {
  return others.some(({ minRevision, cleanAsOf }) => minRevision < revision && cleanAsOf <= revision);
}
