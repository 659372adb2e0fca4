/**
 * A consistent copy of a data directory, taken while its owner goes on writing and merging.
 *
 * Sealed segments never change, so what has to be found out is which of them belong together: the newest log
 * segment says that, as of each of its frames. It is read once, into memory; the segments that it names are then
 * copied or linked, and at last what was read of it is written. If a merge has meanwhile removed a file that was
 * still to be copied, the log is read anew, and only what is missing is copied then.
 *
 * The checkpoint goes first, so that it never stands for a place behind the end of the copied log. STORE goes last:
 * a directory without it is no store, so a copy that was broken off is not taken for one.
 */
import { HoldfastError } from "../../contract/errors.ts";
import { DirectoryLayout, makeDurableDirectory } from "../../disk/directory-layout.ts";
import type { FileSystem, OpenFile } from "../../disk/fs-port.ts";
import { readIdentity, type StoreIdentity, writeIdentity } from "../../disk/identity.ts";
import { isMissing, systemCodeOf } from "../../disk/io-error.ts";
import { removeIfThere } from "../../disk/whole-file.ts";
import { type LogView, readLogView } from "./backup-log.ts";
import type { SegmentInfo } from "./log-records.ts";
import type { LogState } from "./log-state.ts";
import { type NewestLog, type StoreSource, scanNewest, scanSealed } from "./segment-scan.ts";

export interface CopyOptions {
  readonly fs: FileSystem;
  /** Give sealed segments a second name instead of copying them, where the file system can. */
  readonly link: boolean;
  /** Read each copied segment back and check it. Linked ones are the same bytes and left alone. */
  readonly verify: boolean;
  /** What STORE in the copy says, made from what it says in the source. */
  readonly identity: (source: StoreIdentity) => StoreIdentity;
  readonly onProgress?: ((bytesDone: number, bytes: number) => void) | undefined;
  /** Aborting it rejects with ABORTED; what was copied is removed. */
  readonly signal?: AbortSignal | undefined;
}

export interface CopyResult {
  readonly historyId: string;
  /** The newest revision in the copy. */
  readonly revision: number;
  readonly compactRevision: number;
  readonly segments: number;
  /** All bytes of the copy's segments. */
  readonly bytes: number;
  /** Those of them that it shares with the source. */
  readonly linkedBytes: number;
}

const CHUNK_BYTES = 2 ** 20;
/** Merging may get ahead of a copy now and then, not for ever. */
const ATTEMPTS = 20;
/** How a file system says that it has no second names, or none from here to there. */
const NO_LINK: ReadonlySet<string | undefined> = new Set([
  "EXDEV",
  "EPERM",
  "EMLINK",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
]);

/**
 * @throws {HoldfastError} NOT_FOUND (no store in `from`), INVALID_ARGUMENT (`to` holds something), CORRUPT, ABORTED;
 *   errors of the file system are Node's
 */
export async function copyDirectory(from: string, to: string, options: CopyOptions): Promise<CopyResult> {
  const identity = await requireIdentity(options.fs, from);
  const target = new DirectoryLayout(to);
  await requireEmpty(options.fs, target);
  const copier = new DirectoryCopier(new DirectoryLayout(from), target, { identity, options });
  try {
    return await copier.run();
  } catch (error) {
    await copier.discard();
    throw error;
  }
}

/** @throws {HoldfastError} NOT_FOUND, CORRUPT, UNKNOWN_FORMAT */
export async function requireIdentity(fs: FileSystem, directory: string): Promise<StoreIdentity> {
  const identity = await readIdentity(fs, new DirectoryLayout(directory));
  if (identity !== undefined) return identity;
  throw new HoldfastError("NOT_FOUND", `there is no store in ${directory}`, { details: { directory } });
}

/** @throws {HoldfastError} INVALID_ARGUMENT where there is anything in the directory */
export async function requireEmpty(fs: FileSystem, { directory }: DirectoryLayout): Promise<void> {
  if ((await fs.stat(directory)) === undefined) return;
  const names = await fs.list(directory);
  if (names.length === 0) return;
  throw new HoldfastError("INVALID_ARGUMENT", `${directory} is not empty: name a new directory`, {
    details: { directory, names: names.slice(0, 10) },
  });
}

class DirectoryCopier {
  readonly #source: StoreSource;
  readonly #target: StoreSource;
  readonly #identity: StoreIdentity;
  readonly #options: CopyOptions;
  /** Segments that the copy has, by id. */
  readonly #copied = new Map<number, SegmentInfo>();
  /** Files of the copy, so that they can be taken away again. */
  readonly #made: string[] = [];
  #bytesTotal = 0;
  #bytesDone = 0;
  #linkedBytes = 0;

  constructor(
    from: DirectoryLayout,
    to: DirectoryLayout,
    { identity, options }: { readonly identity: StoreIdentity; readonly options: CopyOptions },
  ) {
    const { fs } = options;
    this.#source = { fs, layout: from, historyId: identity.logId };
    this.#target = { fs, layout: to, historyId: identity.logId };
    this.#identity = identity;
    this.#options = options;
  }

  async run(): Promise<CopyResult> {
    const { fs } = this.#options;
    const { layout } = this.#target;
    await makeDurableDirectory(fs, layout.segments);
    await this.#copyCheckpoint();
    const view = await this.#copySegments();
    await this.#writeLog(view.newest);
    await this.#removeStale(view.state);
    await fs.syncDirectory(layout.segments);
    const identity = this.#options.identity(this.#identity);
    await writeIdentity(fs, layout, identity);
    return {
      historyId: identity.historyId,
      revision: view.state.revision,
      compactRevision: view.state.compactRevision,
      segments: view.state.segments.size + 1,
      bytes: this.#bytesDone,
      linkedBytes: this.#linkedBytes,
    };
  }

  /** Takes away what was made so far. */
  async discard(): Promise<void> {
    for (const path of this.#made) await removeIfThere(this.#options.fs, path).catch(() => {});
  }

  async #copySegments(): Promise<LogView> {
    for (let attempt = 1; ; attempt++) {
      const view = await readLogView(this.#source);
      try {
        await this.#copySealed(view);
        return view;
      } catch (error) {
        if (!isMissing(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #copySealed({ state, newest }: LogView): Promise<void> {
    const infos = [...state.segments.values()];
    this.#bytesDone = 0;
    this.#linkedBytes = 0;
    this.#bytesTotal = infos.reduce((sum, { bytes }) => sum + bytes, newest.end);
    for (const info of infos) {
      if (!this.#copied.has(info.id)) await this.#copyOne(info);
      else this.#advance(info.bytes);
    }
  }

  async #copyOne(info: SegmentInfo): Promise<void> {
    const from = this.#source.layout.segment(info);
    const to = this.#target.layout.segment(info);
    if (this.#options.link && (await this.#linked(from, to))) {
      this.#linkedBytes += info.bytes;
      this.#advance(info.bytes);
    } else {
      await this.#copyFile(from, to, info.bytes);
      if (this.#options.verify) await scanSealed(this.#target, info);
    }
    this.#copied.set(info.id, info);
  }

  /** False where the file system has no link for it. */
  async #linked(from: string, to: string): Promise<boolean> {
    this.#checkNotAborted();
    try {
      await this.#options.fs.link(from, to);
      this.#made.push(to);
      return true;
    } catch (error) {
      if (NO_LINK.has(systemCodeOf(error))) return false;
      throw error;
    }
  }

  /** @param bytes how many of it; all where undefined */
  async #copyFile(from: string, to: string, bytes?: number): Promise<void> {
    const { fs } = this.#options;
    const input = await fs.open(from, "read");
    try {
      const length = bytes ?? (await input.size());
      await this.#create(to, async (output) => {
        const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK_BYTES, length)));
        for (let at = 0; at < length; ) {
          this.#checkNotAborted();
          const count = await input.read(chunk.subarray(0, Math.min(chunk.length, length - at)), at);
          if (count === 0) break;
          await output.write(chunk.subarray(0, count), at);
          at += count;
          if (bytes !== undefined) this.#advance(count);
        }
      });
    } finally {
      await input.close();
    }
  }

  async #create(path: string, write: (file: OpenFile) => Promise<void>): Promise<void> {
    const file = await this.#options.fs.open(path, "create");
    this.#made.push(path);
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** It only saves time when the copy is opened: without it, or with a broken one, the segments are read instead. */
  async #copyCheckpoint(): Promise<void> {
    const from = this.#source.layout.checkpoint;
    const to = this.#target.layout.checkpoint;
    try {
      if (this.#options.link && (await this.#linked(from, to))) return;
      await this.#copyFile(from, to);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  async #writeLog({ name, bytes, end }: NewestLog): Promise<void> {
    this.#checkNotAborted();
    const path = this.#target.layout.segment(name);
    await this.#create(path, (file) => file.write(bytes.subarray(0, end), 0));
    this.#advance(end);
    if (this.#options.verify) await scanNewest(this.#target, name);
  }

  /** Segments that were copied before the log was read anew, and are no longer part of the store. */
  async #removeStale(state: LogState): Promise<void> {
    for (const info of this.#copied.values()) {
      if (!state.segments.has(info.id))
        await removeIfThere(this.#options.fs, this.#target.layout.segment(info));
    }
  }

  #advance(bytes: number): void {
    this.#bytesDone += bytes;
    this.#options.onProgress?.(this.#bytesDone, this.#bytesTotal);
  }

  #checkNotAborted(): void {
    if (this.#options.signal?.aborted === true) throw new HoldfastError("ABORTED", "stopped before the end");
  }
}
