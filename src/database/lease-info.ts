/** A lease as anybody may look at it, holder or not. */
import type { LeaseStatus } from "../contract/lease.ts";
import { toKeyText } from "./arguments.ts";

export interface LeaseInfo {
  readonly id: bigint;
  /** What each renewal renews to. */
  readonly ttlMs: number;
  readonly remainingMs: number;
  /** The keys bound to it, ascending, where a single lease was asked for. */
  readonly keys?: string[] | undefined;
}

export function toLeaseInfo({ id, ttlMs, remainingMs, keys }: LeaseStatus): LeaseInfo {
  if (keys === undefined) return { id, ttlMs, remainingMs };
  return { id, ttlMs, remainingMs, keys: keys.map(toKeyText) };
}
