/**
 * A model for linearizability: a whole store, with transactions over many keys and one revision for each write.
 * It judges every detail of every answer, so a duplicate or late revision is found as surely as a lost write.
 * All writers must be in the history, and no lease may end in it: both would move the revision unseen.
 */
import { isHoldfastError } from "../contract/errors.ts";
import type { RangeRequest, RangeResult } from "../contract/range.ts";
import type { TxnRequest, TxnResult } from "../contract/txn.ts";
import type { Model } from "./linearizability.ts";
import { canonical, plainRange, plainTxn } from "./plain.ts";
import { type Applied, applyTxn } from "./reference/apply.ts";
import { readRange } from "./reference/read.ts";
import { FRESH, type State } from "./reference/state.ts";

export type StoreInput =
  | { readonly type: "range"; readonly request: RangeRequest }
  | { readonly type: "txn"; readonly request: TxnRequest };

export type StoreOutput =
  | { readonly type: "range"; readonly result: RangeResult }
  | { readonly type: "txn"; readonly result: TxnResult };

/** Where the history is at some moment. */
export type StoreState = State;

/** The history begins with a fresh store. */
export const storeModel: Model<StoreState, StoreInput, StoreOutput> = {
  initial: FRESH,
  step: (state, input, output) =>
    input.type === "range" ? stepRange(state, input.request, output) : stepTxn(state, input.request, output),
  fingerprint: ({ revision, kvs }) => `${revision} ${canonical([...kvs.values()])}`,
};

function stepRange(state: State, request: RangeRequest, output: StoreOutput | undefined): State | undefined {
  if (output === undefined) return state;
  if (output.type !== "range" || output.result.revision !== state.revision) return undefined;
  const expected = readRange(state.kvs, request, state.revision);
  return canonical(plainRange(output.result)) === canonical(plainRange(expected)) ? state : undefined;
}

function stepTxn(state: State, request: TxnRequest, output: StoreOutput | undefined): State | undefined {
  const applied = applyOrRefuse(state, request);
  if (applied === undefined) return undefined;
  const { result, after = state } = applied;
  if (output === undefined) return after;
  if (output.type !== "txn" || output.result.revision !== result.revision) return undefined;
  return canonical(plainTxn(output.result)) === canonical(plainTxn(result)) ? after : undefined;
}

/** Undefined where the store would have refused the transaction in this state. */
function applyOrRefuse(before: State, request: TxnRequest): Applied | undefined {
  try {
    return applyTxn({ before, stateAt: () => before, leaseExists: () => true }, request);
  } catch (error) {
    if (isHoldfastError(error)) return undefined;
    throw error;
  }
}
