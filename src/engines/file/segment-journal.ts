/**
 * The journal of the file engine: group commit into the log, values read back from it, and records of the
 * engine's own, such as a merge that took place, on the same way to the disk.
 *
 * Two groups take turns. `append` encodes into the open one; a flush closes it and writes it while the other
 * fills. The open group's versions already know where they will lie, which holds as long as the group before it
 * is written whole. Where the disk was full, both are forgotten, as the contract of `Journal` says.
 */
import type { ByteString } from "../../base/byte-string.ts";
import { EMPTY } from "../../base/byte-string.ts";
import { deferred } from "../../base/deferred.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { Commit } from "../../mvcc/commit.ts";
import type { Version } from "../../mvcc/version.ts";
import type { Journal } from "../local/journal.ts";
import { Group } from "./group.ts";
import { NothingKept, storeFailed } from "./log-errors.ts";
import type { Closing, SegmentInfo, SegmentsChange } from "./log-records.ts";
import type { LogPosition, LogWriter } from "./log-writer.ts";
import type { FileStoreSettings } from "./options.ts";
import type { SegmentTable } from "./segment-table.ts";
import type { ValueReader } from "./value-reader.ts";

/** With durability "buffered": how long after a write the disk is brought up to date. */
const BACKGROUND_SYNC_MS = 100;

export interface SegmentJournalOptions {
  readonly settings: FileStoreSettings;
  readonly log: LogWriter;
  readonly table: SegmentTable;
  readonly values: ValueReader;
  /** Called first when the journal closes: what is to be logged last. */
  readonly beforeClose: () => Promise<void>;
  /** Called last: to let go of what the journal does not own. */
  readonly afterClose: () => Promise<void>;
}

/** A place in the log that the state machine's state corresponds to. */
export interface Boundary {
  readonly position: LogPosition;
  /** The sealed segments at that place. */
  readonly segments: readonly SegmentInfo[];
  /** Resolves when everything before `position` is in the log; rejects where it never will be. */
  readonly written: Promise<void>;
}

export class SegmentJournal implements Journal {
  readonly #options: SegmentJournalOptions;
  readonly #settings: FileStoreSettings;
  readonly #log: LogWriter;
  readonly #table: SegmentTable;
  readonly #values: ValueReader;
  #open: Group;
  #spare: Group;
  /** The group on its way to the disk. */
  #writing: Promise<void> | undefined;
  /** The place behind the last group that was closed to new commits. */
  #end: LogPosition;
  #atBoundary: ((boundary: Boundary) => void)[] = [];
  /** Set while commits are not taken because the store is about to forget them, too. */
  #forgetting: HoldfastError | undefined;
  #failure: HoldfastError | undefined;
  #isSyncScheduled = false;
  /** Called after each group that was written: time to see what else is to be done. */
  onWritten: () => void = () => {};
  /** What the store keeps on disk beside segments. */
  checkpointBytes = 0;

  constructor(options: SegmentJournalOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#log = options.log;
    this.#table = options.table;
    this.#values = options.values;
    this.#open = new Group(options.settings.inlineValueBytesMax);
    this.#spare = new Group(options.settings.inlineValueBytesMax);
    this.#log.placeFirst(this.#spare);
    this.#log.placeAfter(this.#open, this.#spare);
    this.#end = this.#log.end;
  }

  get diskBytes(): number {
    return this.#table.bytes + this.checkpointBytes;
  }

  append(commit: Commit): void {
    if (this.#forgetting === undefined && this.#failure === undefined) this.#open.append(commit);
  }

  flush(): Promise<void> {
    const done = deferred<void>();
    this.#flush().then(done.resolve, (error: unknown) => {
      done.reject(error);
      // Whoever waits for the flush hears of it before this runs, and has then forgotten what was not taken.
      queueMicrotask(() => {
        this.#forgetting = undefined;
      });
    });
    return done.promise;
  }

  load(version: Version): Promise<ByteString> {
    return this.#values.load(version);
  }

  dropped(version: Version): void {
    this.#table.drop(version);
    if (version.spilledBytes > 0) this.#values.forget(version);
  }

  /** Logs which segments there are from now on. Resolves when that is on the disk, whatever `durability` says. */
  async changeSegments(change: SegmentsChange): Promise<void> {
    await this.#logRecord((group) => group.appendSegmentsChange(change));
    await this.sync();
  }

  /** Logs that the store is in use again: what the last closing said of leases holds no more. */
  async logOpened(): Promise<void> {
    await this.#logRecord((group) => group.appendOpened());
    await this.sync();
  }

  /** Logs that the store was closed with everything done: what follows is nothing, or another opening. */
  async logClosed(closing: Closing): Promise<void> {
    await this.#logRecord((group) => group.appendClosed(closing));
    await this.sync();
  }

  /** Brings everything that is written to the disk, also where `durability` does not ask for it. */
  async sync(): Promise<void> {
    while (this.#writing !== undefined) await settled(this.#writing);
    this.#checkUsable();
    const synced = this.#values.syncBegins();
    if (this.#log.isSynced) return synced();
    try {
      await this.#log.sync();
      synced();
    } catch (error) {
      this.fail(error);
    }
    this.#checkUsable();
  }

  /**
   * Calls back, once, at a moment when the state machine holds exactly what the log does up to a position: now,
   * or when the open group is closed to new commits.
   */
  whenAtBoundary(callback: (boundary: Boundary) => void): void {
    if (this.#failure !== undefined) callback(this.#boundary(Promise.reject(this.#failure)));
    else if (!this.#open.isEmpty) this.#atBoundary.push(callback);
    else callback(this.#boundary(this.#writing ?? Promise.resolve()));
  }

  /** The store takes no more writes: what is on the disk is not known any more. */
  fail(error: unknown): void {
    this.#failure ??= storeFailed(error);
    if (this.#writing === undefined) this.#giveUp([this.#open], this.#failure);
  }

  /** Makes the names of new segments durable. */
  syncDirectory(): Promise<void> {
    return this.#log.syncDirectory();
  }

  async close(): Promise<void> {
    // Where the disk takes no last words, the store was not closed in good order, and will find that out.
    await settled(this.#options.beforeClose());
    while (this.#writing !== undefined) await settled(this.#writing);
    const isIntact = this.#failure === undefined;
    this.#failure ??= new HoldfastError("CLOSED", "the store is closed");
    try {
      await (isIntact ? this.#log.close() : this.#log.abandon());
    } finally {
      await this.#options.afterClose();
    }
  }

  /** @throws {HoldfastError} STORE_FAILED */
  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #flush(): Promise<void> {
    // A record of the engine's own may be on its way.
    while (this.#writing !== undefined) await settled(this.#writing);
    this.#checkUsable();
    if (this.#forgetting !== undefined) throw this.#forgetting;
    if (!this.#open.isEmpty) await this.#writeOpen();
  }

  #logRecord(add: (group: Group) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#checkUsable();
      add(this.#open);
      this.#open.waiters.push({ resolve, reject });
      this.#writeRecordsSoon();
    });
  }

  /** Commits take the engine's own records along; where there are none, nobody else would call for a flush. */
  #writeRecordsSoon(): void {
    if (!this.#hasOnlyRecords()) return;
    this.#settings.defer(() => {
      if (this.#hasOnlyRecords()) this.#writeOpen().catch(() => {});
    });
  }

  #hasOnlyRecords(): boolean {
    const { isEmpty, commits } = this.#open;
    return this.#writing === undefined && this.#failure === undefined && !isEmpty && commits === 0;
  }

  /** @throws {HoldfastError} NO_SPACE, STORE_FAILED */
  #writeOpen(): Promise<void> {
    const group = this.#open;
    this.#open = this.#spare;
    this.#spare = group;
    this.#log.placeAfter(this.#open, group);
    this.#end = { segment: group.segment, offset: group.base + group.writer.length };
    const writing = this.#write(group);
    this.#writing = writing;
    const waiting = this.#atBoundary;
    this.#atBoundary = [];
    for (const callback of waiting) callback(this.#boundary(writing));
    return writing;
  }

  #boundary(written: Promise<void>): Boundary {
    const group = this.#writing === undefined ? undefined : this.#spare;
    return { position: this.#end, segments: this.#log.sealedAfter(group), written };
  }

  async #write(group: Group): Promise<void> {
    try {
      await this.#log.write(group);
    } catch (error) {
      this.#writing = undefined;
      throw this.#failed(group, error);
    }
    this.#writing = undefined;
    for (const version of group.spills) this.#spill(version);
    for (const waiter of group.waiters) waiter.resolve();
    if (this.#failure !== undefined) return this.#giveUp([this.#open], this.#failure);
    this.#writeRecordsSoon();
    this.#syncSoon();
    this.onWritten();
  }

  #spill(version: Version): void {
    const { value } = version;
    version.spilledBytes = value.length;
    version.value = EMPTY;
    if (this.#log.isSynced) this.#values.remember(version, value);
    else this.#values.hold(version, value);
  }

  #failed(group: Group, error: unknown): HoldfastError {
    const later = this.#open;
    let failure: HoldfastError;
    if (error instanceof NothingKept) {
      failure = new HoldfastError("NO_SPACE", "the disk is full: nothing of this write was kept", {
        cause: error.cause,
      });
      if (group.commits + later.commits > 0) this.#forgetting = failure;
    } else {
      failure = storeFailed(error);
      this.#failure = failure;
    }
    this.#giveUp([group, later], failure);
    return failure;
  }

  /** Whoever waits for these groups, or for the end of the open one, waits in vain. */
  #giveUp(groups: readonly Group[], failure: HoldfastError): void {
    const waiters = groups.flatMap((group) => group.waiters);
    const waiting = this.#atBoundary;
    this.#atBoundary = [];
    this.#log.placeFirst(this.#open);
    this.#end = this.#log.end;
    for (const waiter of waiters) waiter.reject(failure);
    for (const callback of waiting) callback(this.#boundary(Promise.reject(failure)));
  }

  #syncSoon(): void {
    if (this.#log.isSynced || this.#isSyncScheduled) return;
    this.#isSyncScheduled = true;
    this.#settings.clock.setTimer(BACKGROUND_SYNC_MS, () => {
      this.#isSyncScheduled = false;
      if (this.#failure === undefined) this.sync().catch(() => {});
    });
  }
}

async function settled(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch {
    // Whoever waits for the outcome has it from the promise itself.
  }
}
