/** Puts spilled values back into results on their way out. */
import type { ByteString } from "../../base/byte-string.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import type { RangeResult } from "../../contract/range.ts";
import type { OperationResult, TxnResult } from "../../contract/txn.ts";
import type { Watch, WatchBatch, WatchEvent } from "../../contract/watch.ts";
import { Version } from "../../mvcc/version.ts";
import type { Journal } from "./journal.ts";

function isSpilled(kv: KeyValue | undefined): kv is Version {
  return kv instanceof Version && kv.spilledBytes !== 0;
}

export function hasSpilled(kvs: readonly KeyValue[]): boolean {
  for (const kv of kvs) if (isSpilled(kv)) return true;
  return false;
}

/** Reading starts before this returns. */
function resolve(kv: KeyValue, journal: Journal): Promise<KeyValue> {
  if (!isSpilled(kv)) return Promise.resolve(kv);
  return journal.load(kv).then((value) => withValue(kv, value));
}

function withValue(
  { key, revision, createRevision, version, leaseId }: Version,
  value: ByteString,
): KeyValue {
  return { key, value, revision, createRevision, version, leaseId };
}

export async function resolveRange<T extends RangeResult>(result: T, journal: Journal): Promise<T> {
  const kvs = await Promise.all(result.kvs.map((kv) => resolve(kv, journal)));
  return { ...result, kvs };
}

/** False where a result holds no stored state at all: most writes, which then cost nothing more. */
export function carriesState(result: TxnResult): boolean {
  return result.responses.some(
    (response) =>
      response.type === "range" ||
      response.type === "txn" ||
      ((response.type === "put" || response.type === "delete") && response.previous !== undefined),
  );
}

/** Undefined where nothing in the result is spilled. Reading starts before this returns. */
function resolveTxn(result: TxnResult, journal: Journal): Promise<TxnResult> | undefined {
  if (!result.responses.some(needsResolving)) return undefined;
  return resolveResponses(result.responses, journal).then((responses) => ({ ...result, responses }));
}

/**
 * The answer with its spilled values. What is spilled already is read at once, while its place on disk is certain
 * to exist; what was still pending may be spilled by the flush that the answer waits for.
 * @param context.committed nothing can take the writes back once `answer` resolves: an error in reading says so
 */
export function resolveAfter(
  answer: Promise<TxnResult>,
  result: TxnResult,
  context: { readonly journal: Journal; readonly committed: boolean },
): Promise<TxnResult> {
  const { journal, committed } = context;
  const early = resolveTxn(result, journal) ?? Promise.resolve(result);
  early.catch(() => {}); // The answer itself may fail first.
  return answer.then(async () => {
    try {
      const partly = await early;
      return (await resolveTxn(partly, journal)) ?? partly;
    } catch (error) {
      throw committed ? standing(error) : error;
    }
  });
}

function standing(error: unknown): unknown {
  if (!(error instanceof HoldfastError)) return error;
  const { code, message, details, cause } = error;
  return new HoldfastError(code, `${message}; the transaction itself stands`, {
    outcome: "unknown",
    details,
    cause,
  });
}

function needsResolving(response: OperationResult): boolean {
  switch (response.type) {
    case "put":
      return isSpilled(response.previous);
    case "delete":
      return response.previous !== undefined && hasSpilled(response.previous);
    case "range":
      return hasSpilled(response.kvs);
    case "txn":
      return response.responses.some(needsResolving);
    default:
      return false;
  }
}

function resolveResponses(
  responses: readonly OperationResult[],
  journal: Journal,
): Promise<readonly OperationResult[]> {
  return Promise.all(responses.map((response) => resolveResponse(response, journal)));
}

async function resolveResponse(response: OperationResult, journal: Journal): Promise<OperationResult> {
  if (!needsResolving(response)) return response;
  switch (response.type) {
    case "put":
      return { ...response, previous: await resolve(response.previous!, journal) };
    case "delete":
      return {
        ...response,
        previous: await Promise.all(response.previous!.map((kv) => resolve(kv, journal))),
      };
    case "range":
      return resolveRange(response, journal);
    case "txn":
      return { ...response, responses: await resolveResponses(response.responses, journal) };
    default:
      return response;
  }
}

/** A watch over a store with spilled values. One that cannot be read ends it: going on would skip its event. */
export class SpilledWatch implements Watch {
  readonly startRevision: number;
  readonly #watch: Watch;
  readonly #journal: Journal;
  #failure: unknown;

  constructor(watch: Watch, journal: Journal) {
    this.startRevision = watch.startRevision;
    this.#watch = watch;
    this.#journal = journal;
  }

  next(): Promise<WatchBatch | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#watch.next().then((batch) => {
      if (batch === undefined || !batch.events.some(isSpilledEvent)) return batch;
      return this.#resolve(batch);
    });
  }

  requestProgress(): void {
    this.#watch.requestProgress();
  }

  cancel(): void {
    this.#watch.cancel();
  }

  async #resolve(batch: WatchBatch): Promise<WatchBatch> {
    try {
      const events = await Promise.all(batch.events.map((event) => this.#resolveEvent(event)));
      return { ...batch, events };
    } catch (error) {
      this.#failure ??= error;
      this.#watch.cancel();
      throw error;
    }
  }

  async #resolveEvent(event: WatchEvent): Promise<WatchEvent> {
    if (!isSpilledEvent(event)) return event;
    const { type } = event;
    if (event.previous === undefined) return { type, kv: await resolve(event.kv, this.#journal) };
    const both = [resolve(event.kv, this.#journal), resolve(event.previous, this.#journal)] as const;
    const [kv, previous] = await Promise.all(both);
    return { type, kv, previous };
  }
}

function isSpilledEvent(event: WatchEvent): boolean {
  return isSpilled(event.kv) || isSpilled(event.previous);
}
