/**
 * The file-system port on a disk in memory, with every trouble that a disk can give, from a seed: a crash at any
 * call, failed syncs, read and write errors, a full disk, decayed bits. What a crash does to files and names is in
 * simulated-file.ts and simulated-directory.ts.
 *
 * A crash ends the "process": its calls under way and all later ones never come back (`writeNow`, which cannot
 * wait, throws). `reboot()` then gives the disk as the crash left it, for the next process.
 */
import { below, type Random } from "../../src/base/random.ts";
import type { FileStat, FileSystem, OpenFile } from "../../src/disk/fs-port.ts";
import type { FaultKind, FaultPlan } from "./faults.ts";
import { type NameChange, SimulatedDirectory, type SimulatedNode } from "./simulated-directory.ts";
import { coin, happens, SimulatedFile } from "./simulated-file.ts";

export interface SimulatedDiskOptions {
  readonly random: Random;
  /** Lets other things happen before and after the effect of a call. */
  readonly pause: () => Promise<void>;
  readonly faults?: FaultPlan;
  /** Data that fits on the disk. Default: no end. */
  readonly capacityBytes?: number;
}

export class CrashedError extends Error {
  override readonly name = "CrashedError";
}

export function systemError(code: string, what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, ${what}`), { code });
}

export class SimulatedDisk implements FileSystem {
  readonly #options: SimulatedDiskOptions;
  readonly #random: Random;
  readonly #root: SimulatedDirectory;
  readonly #trace: string[] = [];
  readonly #fired = new Set<FaultKind>();
  readonly #onCrash: (() => void)[] = [];
  #faults: FaultPlan;
  #capacityBytes: number;
  #usedBytes = 0;
  #calls = 0;
  #isCrashed = false;

  constructor(options: SimulatedDiskOptions, root = new SimulatedDirectory()) {
    this.#options = options;
    this.#random = options.random;
    this.#root = root;
    this.#faults = options.faults ?? {};
    this.#capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
    for (const file of filesBelow(root)) this.#usedBytes += file.allocatedBytes;
  }

  get calls(): number {
    return this.#calls;
  }

  get isCrashed(): boolean {
    return this.#isCrashed;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The calls so far, one line each. */
  get trace(): readonly string[] {
    return this.#trace;
  }

  /** The faults that have struck. */
  get struck(): ReadonlySet<FaultKind> {
    return this.#fired;
  }

  set faults(plan: FaultPlan) {
    this.#faults = plan;
    this.#fired.clear();
  }

  set capacityBytes(bytes: number) {
    this.#capacityBytes = bytes;
  }

  onCrash(callback: () => void): void {
    this.#onCrash.push(callback);
  }

  /** Cuts the power between two calls. */
  crash(): void {
    if (this.#isCrashed) return;
    this.#isCrashed = true;
    this.#trace.push("crash");
    for (const callback of this.#onCrash) callback();
  }

  /** The disk as the crash left it. Each call draws another of the possible outcomes. */
  reboot(options: Partial<SimulatedDiskOptions> = {}): SimulatedDisk {
    this.crash();
    return this.copy(options);
  }

  /** Another disk with the same content, as far as it is durable. */
  copy(options: Partial<SimulatedDiskOptions> = {}): SimulatedDisk {
    const { faults: _, ...rest } = this.#options;
    return new SimulatedDisk({ ...rest, ...options }, this.#root.afterCrash(this.#random));
  }

  /** All files with their paths, in the order of the paths. */
  files(): { readonly path: string; readonly file: SimulatedFile }[] {
    const found: { path: string; file: SimulatedFile }[] = [];
    const visit = (directory: SimulatedDirectory, prefix: string): void => {
      for (const name of [...directory.entries.keys()].sort()) {
        const node = directory.entries.get(name)!;
        if (node.kind === "file") found.push({ path: `${prefix}/${name}`, file: node });
        else visit(node, `${prefix}/${name}`);
      }
    };
    visit(this.#root, "");
    return found;
  }

  open(path: string, mode: "read" | "write" | "create"): Promise<OpenFile> {
    return this.#call(`open ${path} ${mode}`, () => {
      const { directory, name, node } = this.#locate(path);
      if (mode === "create") {
        if (node !== undefined) throw systemError("EEXIST", path);
        if (this.#usedBytes >= this.#capacityBytes && coin(this.#random)) throw systemError("ENOSPC", path);
        const file = new SimulatedFile();
        this.#changeNames({ sets: [{ in: directory, name, node: file }], deletes: [] });
        return this.#handle(file, path, true);
      }
      if (node === undefined) throw systemError("ENOENT", path);
      if (node.kind === "directory") throw systemError("EISDIR", path);
      return this.#handle(node, path, mode === "write");
    });
  }

  list(path: string): Promise<string[]> {
    return this.#call(`list ${path}`, () => [...this.#directory(path).entries.keys()].sort());
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.#call(`stat ${path}`, () => {
      const node = this.#find(path);
      if (node === undefined) return undefined;
      return { size: node.kind === "file" ? node.size : 0, isDirectory: node.kind === "directory" };
    });
  }

  makeDirectory(path: string): Promise<void> {
    return this.#call(`makeDirectory ${path}`, () => {
      let directory = this.#root;
      for (const name of namesIn(path)) {
        let child = directory.entries.get(name);
        if (child === undefined) {
          child = new SimulatedDirectory();
          this.#changeNames({ sets: [{ in: directory, name, node: child }], deletes: [] });
        }
        if (child.kind !== "directory") throw systemError("ENOTDIR", path);
        directory = child;
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call(`rename ${from} ${to}`, () => {
      const source = this.#locate(from);
      const target = this.#locate(to);
      if (source.node === undefined) throw systemError("ENOENT", from);
      if (target.node?.kind === "directory") throw systemError("EISDIR", to);
      if (source.node === target.node) return;
      this.#changeNames({
        sets: [{ in: target.directory, name: target.name, node: source.node }],
        deletes: [{ in: source.directory, name: source.name, node: source.node }],
      });
    });
  }

  link(existing: string, path: string): Promise<void> {
    return this.#call(`link ${existing} ${path}`, () => {
      const { directory, name, node: occupant } = this.#locate(path);
      const node = this.#find(existing);
      if (node === undefined) throw systemError("ENOENT", existing);
      if (node.kind === "directory") throw systemError("EPERM", existing);
      if (occupant !== undefined) throw systemError("EEXIST", path);
      this.#changeNames({ sets: [{ in: directory, name, node }], deletes: [] });
    });
  }

  remove(path: string): Promise<void> {
    return this.#call(`remove ${path}`, () => {
      const { directory, name, node } = this.#locate(path);
      if (node === undefined) throw systemError("ENOENT", path);
      if (node.kind === "directory") throw systemError("EISDIR", path);
      this.#changeNames({ sets: [], deletes: [{ in: directory, name, node }] });
    });
  }

  async syncDirectory(path: string): Promise<void> {
    const begun = this.#isCrashed
      ? []
      : [...(this.#find(path) === undefined ? [] : this.#directory(path).changes)];
    await this.#call(`syncDirectory ${path}`, () => {
      const directory = this.#directory(path);
      if (this.#strikes("failSyncAtCall")) {
        directory.failSync(this.#random);
        throw systemError("EIO", `syncDirectory ${path}`);
      }
      directory.sync(begun);
    });
  }

  #handle(file: SimulatedFile, path: string, isWritable: boolean): OpenFile {
    this.#retain(file);
    let isOpen = true;
    const check = (forWriting: boolean): void => {
      if (!isOpen || (forWriting && !isWritable)) throw systemError("EBADF", path);
    };
    return {
      read: (target, position) =>
        this.#call(`read ${path} @${position} ${target.length}`, () => {
          check(false);
          if (this.#strikes("failReadAtCall")) throw systemError("EIO", `read ${path}`);
          return file.read(target, position);
        }),
      write: (source, position) =>
        this.#call(`write ${path} @${position} ${source.length}`, (isPartial) => {
          check(true);
          this.#write(file, path, source, position, isPartial);
        }),
      writeNow: (source, position) =>
        this.#callNow(`writeNow ${path} @${position} ${source.length}`, (isPartial) => {
          check(true);
          this.#write(file, path, source, position, isPartial);
        }),
      sync: async () => {
        const begun = file.changes;
        await this.#call(`sync ${path}`, () => {
          check(false);
          if (this.#strikes("failSyncAtCall")) {
            file.failSync(this.#random);
            throw systemError("EIO", `fdatasync ${path}`);
          }
          file.sync(begun);
        });
      },
      truncate: (size) =>
        this.#call(`truncate ${path} ${size}`, () => {
          check(true);
          const before = file.allocatedBytes;
          file.truncate(size);
          this.#usedBytes += file.allocatedBytes - before;
        }),
      size: () =>
        this.#call(`size ${path}`, () => {
          check(false);
          return file.size;
        }),
      close: () =>
        this.#call(`close ${path}`, () => {
          if (!isOpen) return;
          isOpen = false;
          this.#release(file);
        }),
    };
  }

  #write(file: SimulatedFile, path: string, source: Uint8Array, position: number, isPartial: boolean): void {
    const fails = this.#strikes("failWriteAtCall");
    const bytes = fails || isPartial ? source.subarray(0, below(this.#random, source.length + 1)) : source;
    const before = file.allocatedBytes;
    const taken = file.write(bytes, position, this.#capacityBytes - this.#usedBytes);
    this.#usedBytes += file.allocatedBytes - before;
    if (fails) throw systemError("EIO", `write ${path}`);
    if (taken < bytes.length) throw systemError("ENOSPC", `write ${path}`);
  }

  #changeNames(change: NameChange): void {
    const displaced = change.sets.map((part) => part.in.entries.get(part.name));
    SimulatedDirectory.change(change);
    for (const part of change.sets) this.#retain(part.node);
    for (const node of [...displaced, ...change.deletes.map((part) => part.node)]) {
      if (node !== undefined) this.#release(node);
    }
  }

  #retain(node: SimulatedNode): void {
    if (node.kind === "file") node.references++;
  }

  #release(node: SimulatedNode): void {
    if (node.kind !== "file") return;
    node.references--;
    if (node.references === 0) this.#usedBytes -= node.allocatedBytes;
  }

  /** Whether this call is the one that the plan wants to fail. */
  #strikes(kind: FaultKind): boolean {
    const from = this.#faults[kind];
    if (from === undefined || this.#calls < from || this.#fired.has(kind)) return false;
    this.#fired.add(kind);
    return true;
  }

  async #call<T>(line: string, effect: (isPartial: boolean) => T): Promise<T> {
    if (this.#isCrashed) return never();
    const number = ++this.#calls;
    const diesHere = number === this.#faults.crashAtCall;
    this.#trace.push(`${number} ${line}`);
    await this.#options.pause();
    if (this.#isCrashed) return never();
    if (diesHere) return this.#die(effect);
    let result: T;
    try {
      result = effect(false);
    } catch (error) {
      this.#trace.push(`${number} -> ${(error as NodeJS.ErrnoException).code}`);
      await this.#options.pause();
      throw error;
    }
    await this.#options.pause();
    return this.#isCrashed ? never() : result;
  }

  #callNow(line: string, effect: (isPartial: boolean) => void): void {
    if (this.#isCrashed) throw new CrashedError(line);
    const number = ++this.#calls;
    this.#trace.push(`${number} ${line}`);
    if (number === this.#faults.crashAtCall) {
      void this.#die(effect);
      throw new CrashedError(line);
    }
    try {
      effect(false);
    } catch (error) {
      this.#trace.push(`${number} -> ${(error as NodeJS.ErrnoException).code}`);
      throw error;
    }
  }

  /** Of the last call nobody learns what became of it. */
  #die(effect: (isPartial: boolean) => unknown): Promise<never> {
    try {
      if (happens(this.#random, 2 / 3)) effect(coin(this.#random));
    } catch {
      // Nobody is left to be told.
    }
    this.crash();
    return never();
  }

  #find(path: string): SimulatedNode | undefined {
    let node: SimulatedNode | undefined = this.#root;
    for (const name of namesIn(path)) {
      node = node?.kind === "directory" ? node.entries.get(name) : undefined;
    }
    return node;
  }

  #directory(path: string): SimulatedDirectory {
    const node = this.#find(path);
    if (node === undefined) throw systemError("ENOENT", path);
    if (node.kind !== "directory") throw systemError("ENOTDIR", path);
    return node;
  }

  #locate(path: string): { directory: SimulatedDirectory; name: string; node: SimulatedNode | undefined } {
    const names = namesIn(path);
    const name = names.pop()!;
    const directory = this.#directory(`/${names.join("/")}`);
    return { directory, name, node: directory.entries.get(name) };
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function namesIn(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function filesBelow(directory: SimulatedDirectory, found = new Set<SimulatedFile>()): Set<SimulatedFile> {
  for (const node of directory.entries.values()) {
    if (node.kind === "file") found.add(node);
    else filesBelow(node, found);
  }
  return found;
}
