/**
 * Decides whether a concurrent history is linearizable: whether every operation can be given one moment between
 * its call and its answer so that, done one after the other at those moments, all of them give the answers that
 * were observed.
 *
 * The search is Wing and Gong's with Lowe's memory: operations are tried in every order that real time allows,
 * and a set of done operations that was met before with the same state is not tried again. An operation whose
 * outcome is unknown may have happened at any moment after its call, or never.
 *
 *     process 1   |-- put a=1 --|
 *     process 2          |-- get a → nothing --|        linearizable: the get came first
 *     process 2                        |-- get a → nothing --|   not: the put was answered before
 */

export interface HistoryOperation<Input, Output> {
  /** Who did it; for messages only. */
  readonly process: number;
  readonly input: Input;
  /** Undefined where the outcome is unknown. */
  readonly output: Output | undefined;
  /** Moments on one clock of any kind; an answer at the moment of a call counts as concurrent with it. */
  readonly invokedAt: number;
  /** Undefined where the outcome is unknown. */
  readonly returnedAt: number | undefined;
}

export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after the operation; undefined where it cannot have given this output in this state. An unknown
   * output is possible always.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** The same text for equal states. */
  fingerprint(state: State): string;
  /**
   * What the operation touches. Operations with different names never affect each other, and are checked apart,
   * which is far cheaper. Default: everything touches everything.
   */
  partition?(input: Input): string;
}

export type Linearizability<Input, Output> =
  | { readonly linearizable: true }
  | {
      readonly linearizable: false;
      /** The partition that failed. */
      readonly partition: string;
      /** The longest order that was found, to which no other operation can be added. */
      readonly longest: readonly HistoryOperation<Input, Output>[];
      /** Answered operations that it does not have. */
      readonly missing: readonly HistoryOperation<Input, Output>[];
    };

export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly HistoryOperation<Input, Output>[],
): Linearizability<Input, Output> {
  for (const [partition, operations] of partitions(model, history)) {
    const search = new Search(model, operations);
    if (!search.run()) {
      const longest = search.longest;
      const missing = operations.filter(
        (operation) => operation.returnedAt !== undefined && !longest.includes(operation),
      );
      return { linearizable: false, partition, longest, missing };
    }
  }
  return { linearizable: true };
}

function partitions<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly HistoryOperation<Input, Output>[],
): Map<string, HistoryOperation<Input, Output>[]> {
  const found = new Map<string, HistoryOperation<Input, Output>[]>();
  for (const operation of history) {
    const name = model.partition?.(operation.input) ?? "";
    const operations = found.get(name);
    if (operations === undefined) found.set(name, [operation]);
    else operations.push(operation);
  }
  return found;
}

/** A call or an answer, in a list by time from which operations that are done are taken out. */
interface Moment<Input, Output> {
  readonly operation: HistoryOperation<Input, Output>;
  readonly bit: bigint;
  /** Of a call: its answer, if there was one. Of an answer: undefined. */
  readonly answer: Moment<Input, Output> | undefined;
  readonly isCall: boolean;
  before: Moment<Input, Output> | undefined;
  after: Moment<Input, Output> | undefined;
}

class Search<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  #first: Moment<Input, Output> | undefined;
  /** Answers that no moment was found for yet. */
  #unanswered = 0;
  longest: readonly HistoryOperation<Input, Output>[] = [];

  constructor(model: Model<State, Input, Output>, operations: readonly HistoryOperation<Input, Output>[]) {
    this.#model = model;
    const moments = operations.flatMap((operation, at) => momentsOf(operation, at));
    moments.sort((a, b) => timeOf(a) - timeOf(b) || Number(b.isCall) - Number(a.isCall));
    for (const [at, moment] of moments.entries()) {
      moment.before = moments[at - 1];
      moment.after = moments[at + 1];
      if (!moment.isCall) this.#unanswered++;
    }
    this.#first = moments[0];
  }

  run(): boolean {
    const tried = new Set<string>();
    const done: { readonly call: Moment<Input, Output>; readonly stateBefore: State }[] = [];
    let doneBits = 0n;
    let state = this.#model.initial;
    let at = this.#first;
    while (this.#unanswered > 0) {
      const next = at?.isCall === true ? this.#attempt(at, state) : undefined;
      const isNew = next !== undefined && remember(tried, doneBits | at!.bit, this.#model.fingerprint(next));
      if (isNew) {
        done.push({ call: at!, stateBefore: state });
        if (done.length > this.longest.length) this.longest = done.map(({ call }) => call.operation);
        doneBits |= at!.bit;
        state = next as State;
        this.#takeOut(at!);
        at = this.#first;
      } else if (at?.isCall === true) {
        at = at.after;
      } else {
        // An answer whose call is not done yet, or the end: something before it was put in the wrong place.
        const last = done.pop();
        if (last === undefined) return false;
        state = last.stateBefore;
        doneBits &= ~last.call.bit;
        this.#putBack(last.call);
        at = last.call.after;
      }
    }
    return true;
  }

  #attempt(call: Moment<Input, Output>, state: State): State | undefined {
    return this.#model.step(state, call.operation.input, call.operation.output);
  }

  #takeOut(call: Moment<Input, Output>): void {
    this.#unlink(call);
    if (call.answer === undefined) return;
    this.#unlink(call.answer);
    this.#unanswered--;
  }

  /** Undoes the latest `takeOut` that was not undone: the neighbours are then those of that time. */
  #putBack(call: Moment<Input, Output>): void {
    if (call.answer !== undefined) {
      this.#link(call.answer);
      this.#unanswered++;
    }
    this.#link(call);
  }

  #unlink(moment: Moment<Input, Output>): void {
    if (moment.before === undefined) this.#first = moment.after;
    else moment.before.after = moment.after;
    if (moment.after !== undefined) moment.after.before = moment.before;
  }

  #link(moment: Moment<Input, Output>): void {
    if (moment.before === undefined) this.#first = moment;
    else moment.before.after = moment;
    if (moment.after !== undefined) moment.after.before = moment;
  }
}

function momentsOf<Input, Output>(
  operation: HistoryOperation<Input, Output>,
  at: number,
): Moment<Input, Output>[] {
  const common = { operation, bit: 1n << BigInt(at), before: undefined, after: undefined };
  if (operation.returnedAt === undefined) return [{ ...common, isCall: true, answer: undefined }];
  const answer: Moment<Input, Output> = { ...common, isCall: false, answer: undefined };
  return [{ ...common, isCall: true, answer }, answer];
}

function timeOf({ operation, isCall }: Moment<unknown, unknown>): number {
  return isCall ? operation.invokedAt : operation.returnedAt!;
}

/** False where it was known already. */
function remember(tried: Set<string>, done: bigint, fingerprint: string): boolean {
  const name = `${done.toString(36)} ${fingerprint}`;
  if (tried.has(name)) return false;
  tried.add(name);
  return true;
}
