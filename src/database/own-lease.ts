/** `ttlMs` on a write: a lease granted for that one key, which is not left behind where the write does not happen. */
import type { Clock } from "../base/clock.ts";
import type { CallOptions } from "../contract/call-options.ts";
import { isHoldfastError } from "../contract/errors.ts";
import type { Store } from "../contract/store.ts";
import type { TxnRequest, TxnResult } from "../contract/txn.ts";
import { CallBudget } from "./call-budget.ts";

export interface OwnLeaseCall {
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly call?: CallOptions | undefined;
}

/** Grants, runs the transaction that `build` makes for the lease, and revokes unless its success branch ran. */
export async function txnWithOwnLease(
  store: Store,
  build: (leaseId: bigint) => TxnRequest,
  { ttlMs, clock, call }: OwnLeaseCall,
): Promise<TxnResult> {
  const budget = new CallBudget(call, clock);
  const lease = await store.grantLease({ ttlMs }, budget.rest());
  try {
    const result = await store.txn(build(lease.id), budget.rest());
    if (!result.succeeded) await revokeQuietly(store, lease.id);
    return result;
  } catch (error) {
    // Where the write may stand it needs its lease, which ends by itself in any case.
    if (!isHoldfastError(error) || error.outcome === "not-applied") await revokeQuietly(store, lease.id);
    throw error;
  }
}

/** Not under the caller's signal, which may be what ended the write. A lease that cannot be revoked expires. */
async function revokeQuietly(store: Store, leaseId: bigint): Promise<void> {
  try {
    await store.revokeLease(leaseId);
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
  }
}
