/**
 * The file-system port over `node:fs`: plain descriptors and callbacks, since `writeNow` needs a descriptor anyway
 * and `FileHandle` was measured to be no faster at reads and syncs.
 *
 * What a bare descriptor lacks is added here: a closed file refuses calls (its number may already name another
 * file), and `close` waits for calls that are under way on the thread pool.
 */
import * as fs from "node:fs";
import type { FileStat, FileSystem, OpenFile } from "./fs-port.ts";

type Callback<T> = (error: NodeJS.ErrnoException | null, value?: T) => void;

/** Only the owner reads and writes: a store may hold secrets. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

const OPEN_FLAGS = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
} as const;

/** A directory cannot be opened or synced on Windows, and some network file systems refuse the sync. */
const NO_DIRECTORY_SYNC: ReadonlySet<string | undefined> = new Set(
  process.platform === "win32"
    ? ["EINVAL", "ENOTSUP", "EPERM", "EACCES", "EISDIR", "EBADF"]
    : ["EINVAL", "ENOTSUP", "EOPNOTSUPP"],
);

function call<T = void>(start: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null || error === undefined ? resolve(value as T) : reject(error)));
  });
}

function systemError(code: string, syscall: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}, ${syscall}`), { code, syscall });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

class NodeFile implements OpenFile {
  readonly #descriptor: number;
  #closed = false;
  #underWay = 0;
  #onIdle: (() => void) | undefined;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#run("read", (descriptor, done: Callback<number>) => {
      let filled = 0;
      const next = (): void =>
        fs.read(descriptor, target, filled, target.length - filled, position + filled, (error, bytes) => {
          if (error?.code === "EINTR") return next();
          if (error !== null) return done(error);
          filled += bytes;
          if (bytes === 0 || filled === target.length) return done(null, filled);
          next();
        });
      next();
    });
  }

  write(source: Uint8Array, position: number): Promise<void> {
    return this.#run("write", (descriptor, done: Callback<void>) => {
      let written = 0;
      const next = (): void =>
        fs.write(descriptor, source, written, source.length - written, position + written, (error, bytes) => {
          if (error?.code === "EINTR") return next();
          if (error !== null) return done(error);
          written += bytes;
          if (written === source.length) return done(null);
          if (bytes === 0) return done(systemError("EIO", "write", "no byte was taken"));
          next();
        });
      next();
    });
  }

  writeNow(source: Uint8Array, position: number): void {
    this.#checkOpen("write");
    let written = 0;
    while (written < source.length) {
      const bytes = writeOnce(this.#descriptor, source.subarray(written), position + written);
      if (bytes === 0) throw systemError("EIO", "write", "no byte was taken");
      written += bytes;
    }
  }

  sync(): Promise<void> {
    return this.#run("fdatasync", fs.fdatasync);
  }

  truncate(size: number): Promise<void> {
    return this.#run("ftruncate", (descriptor, done) => fs.ftruncate(descriptor, size, done));
  }

  async size(): Promise<number> {
    const stats = await this.#run<fs.Stats>("fstat", (descriptor, done) => fs.fstat(descriptor, done));
    return stats.size;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await call((callback) => fs.close(this.#descriptor, callback));
  }

  #checkOpen(syscall: string): void {
    if (this.#closed) throw systemError("EBADF", syscall, "the file is closed");
  }

  async #run<T = void>(
    syscall: string,
    start: (descriptor: number, callback: Callback<T>) => void,
  ): Promise<T> {
    this.#checkOpen(syscall);
    this.#underWay++;
    try {
      return await call<T>((callback) => start(this.#descriptor, callback));
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#onIdle?.();
    }
  }
}

function writeOnce(descriptor: number, source: Uint8Array, position: number): number {
  for (;;) {
    try {
      return fs.writeSync(descriptor, source, 0, source.length, position);
    } catch (error) {
      if (codeOf(error) !== "EINTR") throw error;
    }
  }
}

async function stat(path: string): Promise<FileStat | undefined> {
  try {
    const stats = await call<fs.Stats>((callback) => fs.stat(path, callback));
    return { size: stats.size, isDirectory: stats.isDirectory() };
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  try {
    const descriptor = await call<number>((callback) => fs.open(path, fs.constants.O_RDONLY, callback));
    try {
      await call((callback) => fs.fsync(descriptor, callback));
    } finally {
      await call((callback) => fs.close(descriptor, callback));
    }
  } catch (error) {
    if (!NO_DIRECTORY_SYNC.has(codeOf(error))) throw error;
  }
}

export const nodeFileSystem: FileSystem = {
  async open(path, mode) {
    return new NodeFile(
      await call<number>((callback) => fs.open(path, OPEN_FLAGS[mode], FILE_MODE, callback)),
    );
  },
  async list(path) {
    const names = await call<string[]>((callback) => fs.readdir(path, callback));
    return names.sort();
  },
  stat,
  async makeDirectory(path) {
    await call<string | undefined>((callback) =>
      fs.mkdir(path, { recursive: true, mode: DIRECTORY_MODE }, callback),
    );
  },
  rename: (from, to) => call((callback) => fs.rename(from, to, callback)),
  link: (existing, path) => call((callback) => fs.link(existing, path, callback)),
  remove: (path) => call((callback) => fs.unlink(path, callback)),
  syncDirectory,
};
