/** Where a local store's commits go to become durable. The memory engine has none, the file engine has the log. */
import type { ByteString } from "../../base/byte-string.ts";
import type { Commit } from "../../mvcc/commit.ts";
import type { Version } from "../../mvcc/version.ts";

export interface Journal {
  /**
   * Adds a commit to the open group. Called in commit order, synchronously after evaluation; only encodes, does no I/O.
   */
  append(commit: Commit): void;

  /**
   * Makes everything appended so far as durable as this journal promises. At most one flush runs at a time;
   * commits appended meanwhile belong to the next.
   *
   * Rejects with HoldfastError NO_SPACE where nothing of it was kept: the appended commits, those after them
   * included, are then forgotten by the journal and the store discards them. Any other rejection is final: what
   * is on disk is unknown and the journal takes nothing more.
   */
  flush(): Promise<void>;

  /** Reads a spilled value. Starts reading before it returns, so a version may be dropped right after. Rejects with CORRUPT. */
  load(version: Version): Promise<ByteString>;

  /** The state machine no longer holds this version: its bytes are garbage. */
  dropped(version: Version): void;

  readonly diskBytes: number;

  /** Ends background work and lets go of files. Everything to be kept has been flushed before. */
  close(): Promise<void>;
}
