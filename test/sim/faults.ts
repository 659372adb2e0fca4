/** What goes wrong in a life of a process: the plan, drawn from a seed, and which of it has struck. */
import { below, type Random } from "../../src/base/random.ts";

/** By the number of the call, counted from 1. Absent: never. */
export interface FaultPlan {
  /** The process dies in this call: before its effect, after it, or in the middle of it. */
  readonly crashAtCall?: number;
  /** The first file sync, or directory sync, at or after this call fails with EIO. */
  readonly failSyncAtCall?: number;
  /** The first read at or after this call fails with EIO. */
  readonly failReadAtCall?: number;
  /** The first write at or after this call is cut short with EIO. */
  readonly failWriteAtCall?: number;
}

export type FaultKind = "failSyncAtCall" | "failReadAtCall" | "failWriteAtCall";

/** @param callsMost the calls among which they are to strike */
export function drawFaults(random: Random, callsMost: number): FaultPlan {
  const at = (): number => 1 + below(random, callsMost);
  const crash: FaultPlan = below(random, 4) > 0 ? { crashAtCall: at() } : {};
  switch (below(random, 8)) {
    case 0:
      return { ...crash, failSyncAtCall: at() };
    case 1:
      return { failSyncAtCall: at() };
    case 2:
      return { ...crash, failWriteAtCall: at() };
    case 3:
      return { ...crash, failReadAtCall: at() };
    default:
      return crash;
  }
}

/** The same, so many calls later. */
export function later(faults: FaultPlan, calls: number): FaultPlan {
  return Object.fromEntries(Object.entries(faults).map(([kind, at]) => [kind, at + calls]));
}
