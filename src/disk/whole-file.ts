/** Files that are read or replaced as a whole. */
import { dirname } from "node:path";
import { DRAFT_SUFFIX } from "./directory-layout.ts";
import type { FileSystem, OpenFile } from "./fs-port.ts";
import { isMissing } from "./io-error.ts";

/** Files that are read one after another differ in length. */
const SLACK = 1.25;

/** Buffers to read files into that are used in turn: fresh ones cost page faults, and make the garbage collector run. */
export class ReadBuffers {
  readonly #buffers: Buffer[];
  readonly #leastBytes: number;
  #next = 0;

  /**
   * @param count a buffer is used again after so many others
   * @param leastBytes what most files will need
   */
  constructor(count: number, leastBytes = 0) {
    this.#leastBytes = leastBytes;
    this.#buffers = Array.from({ length: count }, () => Buffer.alloc(0));
  }

  take(size: number): Buffer {
    const slot = this.#next++ % this.#buffers.length;
    if (this.#buffers[slot]!.length < size) {
      this.#buffers[slot] = Buffer.allocUnsafeSlow(Math.ceil(Math.max(size, this.#leastBytes) * SLACK));
    }
    return this.#buffers[slot]!.subarray(0, size);
  }
}

/**
 * All bytes of an open file, as long as it is now.
 * @param buffers where to put them; absent: into a buffer of their own
 */
export async function readAll(file: OpenFile, buffers?: ReadBuffers): Promise<Buffer> {
  const size = await file.size();
  const bytes = buffers?.take(size) ?? Buffer.allocUnsafeSlow(size);
  const length = await file.read(bytes, 0);
  return bytes.subarray(0, length);
}

/** Undefined where there is no such file. */
export async function readFileIfThere(fs: FileSystem, path: string): Promise<Buffer | undefined> {
  let file: OpenFile;
  try {
    file = await fs.open(path, "read");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return await readAll(file);
  } finally {
    await file.close();
  }
}

/** True where there was something to remove. */
export async function removeIfThere(fs: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.remove(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * Replaces a file at once and for good: readers, and a crash at any moment, find the old bytes or the new ones.
 * The draft is synced before it gets the name, and the name is synced before this resolves.
 */
export async function replaceFile(
  fs: FileSystem,
  path: string,
  write: (draft: OpenFile) => Promise<void>,
): Promise<void> {
  const draftPath = path + DRAFT_SUFFIX;
  await removeIfThere(fs, draftPath);
  const draft = await fs.open(draftPath, "create");
  try {
    await write(draft);
    await draft.sync();
  } catch (error) {
    await draft.close().catch(() => {});
    await removeIfThere(fs, draftPath).catch(() => {});
    throw error;
  }
  await draft.close();
  await fs.rename(draftPath, path);
  await fs.syncDirectory(dirname(path));
}
