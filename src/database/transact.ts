/** Optimistic transactions: run the function, commit under the condition that what it read still holds, or run it again. */
import type { CallOptions } from "../contract/call-options.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { Store } from "../contract/store.ts";
import { callOptions, checkObject, toFunction, toNumber } from "./arguments.ts";
import { CallBudget } from "./call-budget.ts";
import { backoffMs, pause, type Timing } from "./pause.ts";
import { Transaction } from "./transaction.ts";

export interface TransactOptions extends CallOptions {
  /** How often the function is run at most before CONFLICT. Default 100. */
  readonly maxAttempts?: number | undefined;
}

export interface TransactResult<T> {
  /** What the function returned in the attempt that was committed. */
  readonly value: T;
  /** The revision of the writes; where there were none, the one that was read. */
  readonly revision: number;
  /** How often the function was run. */
  readonly attempts: number;
}

const MAX_ATTEMPTS = 100;
const BACKOFF = { firstMs: 2, maxMs: 64 };

export async function transact<T>(
  store: Store,
  body: (tx: Transaction) => Promise<T> | T,
  { options = {}, timing }: { readonly options?: TransactOptions | undefined; readonly timing: Timing },
): Promise<TransactResult<T>> {
  toFunction(body, "the transaction's function");
  checkObject(options, "options");
  const maxAttempts = toNumber(options.maxAttempts ?? MAX_ATTEMPTS, "maxAttempts", 1);
  const budget = new CallBudget(callOptions(options), timing.clock);
  let overtaken: HoldfastError | undefined;
  for (let attempts = 1; attempts <= maxAttempts; attempts++) {
    // The first retry is at once: most conflicts are with one other writer, who is done by then.
    if (attempts > 2) await breathe(timing, attempts - 3, budget.signal);
    budget.rest();
    const tx = new Transaction(store, budget);
    const outcome = await attempt(tx, body);
    if (outcome !== undefined) return { ...outcome, attempts };
    overtaken = tx.overtaken;
  }
  throw new HoldfastError("CONFLICT", `no attempt of ${maxAttempts} could commit`, {
    cause: overtaken,
    details: { attempts: maxAttempts },
  });
}

/** Undefined where it has to be tried again. */
async function attempt<T>(
  tx: Transaction,
  body: (tx: Transaction) => Promise<T> | T,
): Promise<{ value: T; revision: number } | undefined> {
  let value: T;
  try {
    value = await body(tx);
  } catch (error) {
    if (tx.overtaken !== undefined) return undefined;
    throw error;
  } finally {
    tx.end();
  }
  if (tx.overtaken !== undefined) return undefined;
  const revision = await tx.commit();
  return revision === undefined ? undefined : { value, revision };
}

function breathe(timing: Timing, attempt: number, signal: AbortSignal | undefined): Promise<void> {
  const delayMs = backoffMs(timing.random, attempt, BACKOFF);
  return pause(timing.clock, delayMs, { signal, holdProcess: true });
}
