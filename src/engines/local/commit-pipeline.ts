/**
 * Group commit. Transactions are evaluated one after another and join the open group; a flush makes the group
 * durable with one sync, publishes it, and answers everyone in it. While it runs, the next group fills.
 *
 * A flush usually starts a turn of the event loop later, so that all writers who were answered together share the
 * next group. A group that has grown large does not wait: the disk works on it while the rest of the turn is evaluated.
 *
 * A caller that changed nothing but saw pending writes waits for them too: no answer ever rests on a write
 * that could still be lost.
 */
import type { Defer } from "../../base/defer.ts";
import { type Deferred, deferred } from "../../base/deferred.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { Commit } from "../../mvcc/commit.ts";
import type { CommitMark, MvccState } from "../../mvcc/mvcc-state.ts";
import type { Journal } from "./journal.ts";

/** Evaluating so many commits takes longer than a sync does, so the sync should run beside the next ones. */
const LARGE_GROUP = 256;

/** What one flush makes durable. */
interface Group {
  commits: number;
  /** Settled once, for everyone who waits for it. */
  readonly durable: Deferred<void>;
}

export interface PipelineOptions {
  readonly state: MvccState;
  /** Absent: nothing outlives the process, and commits are published at once. */
  readonly journal: Journal | undefined;
  readonly defer: Defer;
  /** After revisions have been published: tell watches, wake waiters, trim history. */
  readonly onPublished: (from: number, to: number) => void;
}

export class CommitPipeline {
  readonly #state: MvccState;
  readonly #journal: Journal | undefined;
  readonly #defer: Defer;
  readonly #onPublished: (from: number, to: number) => void;
  #open: Group | undefined;
  #flushing: Group | undefined;
  #scheduled = false;
  #failure: HoldfastError | undefined;
  #idle: (() => void)[] = [];

  constructor(options: PipelineOptions) {
    this.#state = options.state;
    this.#journal = options.journal;
    this.#defer = options.defer;
    this.#onPublished = options.onPublished;
  }

  /** Set once a write or sync has failed for good. */
  get failure(): HoldfastError | undefined {
    return this.#failure;
  }

  /** @throws {HoldfastError} STORE_FAILED where the store takes no more writes */
  checkWritable(): void {
    if (this.#failure === undefined) return;
    throw new HoldfastError("STORE_FAILED", `${this.#failure.message}; open the store again to go on`, {
      cause: this.#failure.cause,
    });
  }

  /**
   * Answers with `result` once the commit, and everything evaluated before it, is durable.
   * @param commit undefined where nothing changed
   */
  submit<T>(commit: Commit | undefined, result: T): Promise<T> {
    if (this.#journal === undefined) {
      if (commit !== undefined) this.#publish(this.#state.mark());
      return Promise.resolve(result);
    }
    if (commit === undefined && this.#open === undefined && this.#flushing === undefined) {
      return Promise.resolve(result);
    }
    if (commit !== undefined) {
      this.#open ??= { commits: 0, durable: deferred() };
      this.#open.commits++;
      this.#journal.append(commit);
    }
    const group = (this.#open ?? this.#flushing)!;
    if (commit !== undefined) this.#schedule(group);
    return group.durable.promise.then(() => result);
  }

  /** Resolves when nothing is on its way to the disk. */
  async idle(): Promise<void> {
    if (this.#open === undefined && this.#flushing === undefined) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(group: Group): void {
    if (this.#flushing !== undefined) return;
    if (group.commits >= LARGE_GROUP) this.#flush();
    else this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#defer(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const group = this.#open;
    if (group === undefined || this.#flushing !== undefined || this.#failure !== undefined) return;
    this.#open = undefined;
    this.#flushing = group;
    const mark = this.#state.mark();
    this.#journal!.flush().then(
      () => this.#flushed(group, mark),
      (error: unknown) => this.#failed(group, error),
    );
  }

  #flushed(group: Group, mark: CommitMark): void {
    this.#flushing = undefined;
    this.#publish(mark);
    group.durable.resolve();
    this.#next();
  }

  #publish(mark: CommitMark): void {
    const from = this.#state.durableRevision;
    this.#state.publish(mark);
    this.#onPublished(from, mark.revision);
  }

  #next(): void {
    if (this.#open !== undefined) {
      this.#flushSoon();
      return;
    }
    const idle = this.#idle;
    this.#idle = [];
    for (const wake of idle) wake();
  }

  /** The group is lost, and with it the one that was evaluated on top of it. */
  #failed(group: Group, cause: unknown): void {
    const nothingKept = cause instanceof HoldfastError && cause.code === "NO_SPACE";
    const error =
      cause instanceof HoldfastError
        ? cause
        : new HoldfastError("STORE_FAILED", "writing the log failed", { cause, outcome: "unknown" });
    this.#flushing = undefined;
    const later = this.#open;
    this.#open = undefined;
    if (nothingKept) this.#state.discardPending();
    else this.#failure = error;
    group.durable.reject(error);
    // What was evaluated later was never written, but an answer could not be told from one that was.
    later?.durable.reject(error);
    this.#next();
  }
}
