/**
 * A lease that keeps itself alive and knows by its own clock when it can no longer be relied on.
 *
 * Time line of one lease of 30 s: granted at 0, renewed every 10 s. A renewal sent at 20 s that is acknowledged at
 * 21 s moves the deadline to 20 s + 30 s − margin: the store counts from when the renewal reached it, which cannot be
 * before it was sent. So the signal aborts here before the keys can be gone there, whatever the network does.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { CallOptions } from "../contract/call-options.ts";
import { HoldfastError, isHoldfastError } from "../contract/errors.ts";
import type { LeaseGrant } from "../contract/lease.ts";
import type { RevokeResult, Store } from "../contract/store.ts";
import { callOptions, checkObject, toNumber, toOptionalLeaseId } from "./arguments.ts";

export interface LeaseOptions extends CallOptions {
  /** How long it lives without renewal, and so how long its keys outlive a process that dies. */
  readonly ttlMs: number;
  /** An id of the caller's choice. Default: the store draws one. */
  readonly id?: bigint | undefined;
}

/** What was granted at which moment of the monotonic clock. */
interface Grant {
  readonly lease: LeaseGrant;
  readonly sentMs: number;
}

/** Renewals per time to live: two may be lost before the lease is. */
const RENEWALS = 3;
/** After a failed renewal the next try comes this many times per time to live. */
const RETRIES = 12;
/** How much earlier than the store this side gives up: a tenth of the time to live, at most a second. */
const MARGIN_MAX_MS = 1_000;

/**
 * Kept alive in the background until `close`, `revoke` or `detach`. Dropping the reference releases nothing.
 * Background failures show as the `signal` aborting, never as an unhandled rejection.
 */
export class Lease {
  readonly id: bigint;
  /** What was granted: how long the lease lives after each renewal. */
  readonly ttlMs: number;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #onEnd: (lease: Lease) => void;
  readonly #controller = new AbortController();
  #deadlineMs: number;
  #renewal: Timer | undefined;
  #expiry: Timer | undefined;
  #isDetached = false;
  #closing: Promise<void> | undefined;

  /** @internal `onEnd` is called once, when the signal aborts. */
  constructor(store: Store, clock: Clock, grant: Grant, onEnd: (lease: Lease) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.id = grant.lease.id;
    this.ttlMs = grant.lease.ttlMs;
    this.#deadlineMs = this.#deadlineOf(grant.sentMs);
    this.#watchDeadline();
    this.#renewAt(grant.sentMs + this.ttlMs / RENEWALS);
  }

  /**
   * Aborts once the lease can no longer be relied on: it was closed or revoked, the store does not know it any more,
   * the store was closed, or no renewal was acknowledged in time, which needs no contact with the store. The reason
   * is a HoldfastError: CLOSED where this side ended it, else LEASE_NOT_FOUND.
   */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it can no longer be relied on. True at the deadline itself, also where the signal is about to abort. */
  get isLost(): boolean {
    return this.signal.aborted || this.#clock.monotonicMs() >= this.#deadlineMs;
  }

  /** Wall time, in milliseconds since 1970, until which the lease can be relied on without a further renewal. */
  get expiresAtMs(): number {
    return this.#clock.nowMs() + (this.#deadlineMs - this.#clock.monotonicMs());
  }

  /**
   * Renews now; the background goes on as before.
   * @throws {HoldfastError} LEASE_NOT_FOUND, CLOSED (lease or store), ABORTED, TIMEOUT, UNAVAILABLE
   */
  async keepAliveOnce(options?: CallOptions): Promise<void> {
    if (this.signal.aborted) throw this.signal.reason;
    await this.#renew(callOptions(options));
  }

  /**
   * Ends the lease and deletes its keys, in one revision. The signal aborts before the store is asked.
   * @throws {HoldfastError} LEASE_NOT_FOUND where it had already ended, ABORTED, TIMEOUT, UNAVAILABLE, CLOSED
   */
  async revoke(options?: CallOptions): Promise<RevokeResult> {
    const call = callOptions(options);
    this.#end(new HoldfastError("CLOSED", `lease ${this.id} was revoked by its holder`));
    return this.#store.revokeLease(this.id, call);
  }

  /**
   * Stops keeping it alive and revokes it, which deletes its keys. Where the store cannot be reached or the lease has
   * already ended that is no error: it ends by itself. Does nothing after `detach`. Closing twice is fine.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Stops keeping it alive but leaves it to the store: it ends `ttlMs` after the last renewal, unless somebody else
   * renews it by its id. The signal aborts at the deadline that was last acknowledged.
   */
  detach(): void {
    this.#isDetached = true;
    this.#renewal?.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal The store was closed by this side; the lease goes on without us. */
  storeClosed(): void {
    this.#end(new HoldfastError("CLOSED", "the store was closed"));
  }

  async #close(): Promise<void> {
    if (this.#isDetached) return;
    try {
      await this.revoke();
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
    }
  }

  #deadlineOf(sentMs: number): number {
    return sentMs + this.ttlMs - Math.min(this.ttlMs / 10, MARGIN_MAX_MS);
  }

  #watchDeadline(): void {
    this.#expiry?.cancel();
    this.#expiry = this.#clock.setTimer(this.#deadlineMs - this.#clock.monotonicMs(), () => {
      this.#end(this.#lost("no renewal was acknowledged in time"));
    });
  }

  #renewAt(monotonicMs: number): void {
    this.#renewal?.cancel();
    if (this.#isDetached || this.signal.aborted) return;
    this.#renewal = this.#clock.setTimer(Math.max(0, monotonicMs - this.#clock.monotonicMs()), () => {
      void this.#renewInBackground();
    });
  }

  async #renewInBackground(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    try {
      await this.#renew({ timeoutMs: Math.ceil(this.ttlMs / RENEWALS) });
      this.#renewAt(startedMs + this.ttlMs / RENEWALS);
    } catch {
      // What ends a lease has ended it by now; anything else is worth another try before the deadline.
      this.#renewAt(this.#clock.monotonicMs() + this.ttlMs / RETRIES);
    }
  }

  async #renew(call: CallOptions | undefined): Promise<void> {
    const sentMs = this.#clock.monotonicMs();
    try {
      await this.#store.keepAliveLease(this.id, call);
    } catch (error) {
      if (isHoldfastError(error, "LEASE_NOT_FOUND")) this.#end(this.#lost("the store does not know it"));
      if (isHoldfastError(error, "CLOSED")) this.#end(error);
      throw error;
    }
    // What is lost stays lost, also where the timer that says so is late.
    if (this.isLost) this.#end(this.#lost("a renewal was answered too late"));
    if (this.signal.aborted) throw this.signal.reason;
    // Renewals may be answered out of order.
    if (this.#deadlineOf(sentMs) <= this.#deadlineMs) return;
    this.#deadlineMs = this.#deadlineOf(sentMs);
    this.#watchDeadline();
  }

  #lost(why: string): HoldfastError {
    return new HoldfastError("LEASE_NOT_FOUND", `lease ${this.id} is lost: ${why}`, {
      details: { leaseId: this.id },
    });
  }

  #end(reason: HoldfastError): void {
    if (this.signal.aborted) return;
    this.#renewal?.cancel();
    this.#expiry?.cancel();
    this.#controller.abort(reason);
    this.#onEnd(this);
  }
}

/** Grants a lease and starts keeping it alive. */
export async function openLease(
  store: Store,
  clock: Clock,
  { options, onEnd }: { readonly options: LeaseOptions; readonly onEnd: (lease: Lease) => void },
): Promise<Lease> {
  checkObject(options, "options");
  const ttlMs = toNumber(options.ttlMs, "ttlMs", 1);
  const id = toOptionalLeaseId(options.id, "id");
  const sentMs = clock.monotonicMs();
  const lease = await store.grantLease({ ttlMs, id }, callOptions(options));
  return new Lease(store, clock, { lease, sentMs }, onEnd);
}
