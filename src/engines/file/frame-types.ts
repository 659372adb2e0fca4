/** The kinds of frames in a store's files, and of records in them. docs/FORMATS.md has the byte tables. */

export const FRAME = {
  /** Commits that shared a sync. */
  group: 1,
  /** Opens a log segment: what is needed of everything before it. */
  preamble: 2,
  /** Versions that a merge has copied. */
  versions: 3,
  /** Opens a checkpoint: the place in the log that it stands for. */
  checkpointStart: 4,
  /** Index entries in key order. */
  checkpointEntries: 5,
  /** Closes a checkpoint: without it the file is not one. */
  checkpointEnd: 6,
} as const;

export const RECORD = {
  commit: 1,
  granted: 2,
  revoked: 3,
  compacted: 4,
  segmentsChanged: 5,
  opened: 6,
  closed: 7,
} as const;

/** The first byte of a version: its kind in the low bits, then flags. */
export const VERSION = {
  kindMask: 0x07,
  put: 1,
  tombstone: 2,
  /** The value is the one before it in the same segment with some bytes replaced. */
  patch: 3,
  /** A lease id follows. */
  leased: 0x10,
  /** A checksum stands before the value, so that it can be read alone. */
  checked: 0x20,
  /** Checkpoint only: the value itself follows, not where it lies. */
  inline: 0x40,
} as const;
