/**
 * The file system as a port. Every call that the disk room makes goes through here, so that a simulated disk can
 * tear writes, drop what was not synced, fill up, flip bits and crash between any two calls.
 *
 * Durability as POSIX gives it: bytes survive a crash once `sync` on their file has resolved; a name (create,
 * rename, link, remove) survives once `syncDirectory` on its directory has resolved. Without that, any part of
 * what was written may be lost, in any order. A failed `sync` leaves it unknown what is on disk, and a later
 * `sync` that succeeds proves nothing about it.
 *
 * Errors are Node's: an `Error` with a `code` such as ENOENT, EEXIST, ENOSPC, EROFS, EIO.
 */

export interface FileStat {
  readonly size: number;
  readonly isDirectory: boolean;
}

export interface OpenFile {
  /** Fills `target` from `position` on; fewer bytes are read only at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all of `source` at `position`, growing the file where needed. */
  write(source: Uint8Array, position: number): Promise<void>;
  /**
   * The same on this thread, for small writes that only reach the page cache: one thread hop less in the path of
   * a commit. Throws instead of rejecting.
   */
  writeNow(source: Uint8Array, position: number): void;
  /** The file's bytes and the metadata needed to find them are on disk (`fdatasync`). */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface FileSystem {
  /** `"read"`: must exist. `"write"`: read and write, must exist. `"create"`: read and write, must not exist. */
  open(path: string, mode: "read" | "write" | "create"): Promise<OpenFile>;
  /** The names in a directory, sorted. */
  list(path: string): Promise<string[]>;
  /** Undefined where nothing is there. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Creates the directory and its parents; fine where it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Replaces what is at `to`, at once. */
  rename(from: string, to: string): Promise<void>;
  /** A second name for the same file. Fails with EXDEV or EPERM where the file system has none. */
  link(existing: string, path: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}
