import * as fs from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nodeFileSystem } from "./node-file-system.ts";

vi.mock("node:fs", async (original) => ({ ...(await original<typeof import("node:fs")>()) }));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-fs-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true, force: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (array: Uint8Array): string => new TextDecoder().decode(array);
const systemError = (code: string): Error => Object.assign(new Error(code), { code });

async function openNew(name = "file") {
  return nodeFileSystem.open(join(directory, name), "create");
}

describe("a file", () => {
  test("gives back what write and writeNow put at their positions", async () => {
    const file = await openNew();
    await file.write(bytes("world"), 6);
    file.writeNow(bytes("hello "), 0);
    await file.sync();
    expect(await file.size()).toBe(11);
    const target = new Uint8Array(11);
    expect(await file.read(target, 0)).toBe(11);
    expect(text(target)).toBe("hello world");
    await file.close();
  });

  test("fills fewer bytes than asked for only at the end of the file", async () => {
    const file = await openNew();
    file.writeNow(bytes("abc"), 0);
    const target = new Uint8Array(8);
    expect(await file.read(target, 1)).toBe(2);
    expect(await file.read(target, 3)).toBe(0);
    expect(await file.read(new Uint8Array(0), 0)).toBe(0);
    await file.close();
  });

  test("shrinks and grows by truncate", async () => {
    const file = await openNew();
    file.writeNow(bytes("abcdef"), 0);
    await file.truncate(2);
    expect(await file.size()).toBe(2);
    await file.truncate(4);
    const target = new Uint8Array(4);
    await file.read(target, 0);
    expect(text(target)).toBe("ab\0\0");
    await file.close();
  });

  test("is closed once only, and refuses calls from then on", async () => {
    const file = await openNew();
    await file.close();
    await file.close();
    await expect(file.sync()).rejects.toMatchObject({ code: "EBADF" });
    await expect(file.read(new Uint8Array(1), 0)).rejects.toMatchObject({ code: "EBADF" });
    expect(() => file.writeNow(bytes("x"), 0)).toThrow(/EBADF/);
  });

  test("waits in close for calls that are under way", async () => {
    const file = await openNew();
    file.writeNow(new Uint8Array(1 << 20).fill(7), 0);
    const target = new Uint8Array(1 << 20);
    const [filled] = await Promise.all([file.read(target, 0), file.sync(), file.close()]);
    expect(filled).toBe(1 << 20);
    expect(target.every((byte) => byte === 7)).toBe(true);
  });
});

describe("partial and interrupted calls", () => {
  test("read and write go on where the system stopped short", async () => {
    const { read, write } = { read: fs.read, write: fs.write };
    vi.spyOn(fs, "read").mockImplementation(((
      fd: number,
      target: Uint8Array,
      offset: number,
      length: number,
      position: number,
      done: never,
    ) => read(fd, target, offset, Math.min(length, 3), position, done)) as never);
    vi.spyOn(fs, "write").mockImplementation(((
      fd: number,
      source: Uint8Array,
      offset: number,
      length: number,
      position: number,
      done: never,
    ) => write(fd, source, offset, Math.min(length, 2), position, done)) as never);
    const file = await openNew();
    await file.write(bytes("partial"), 0);
    const target = new Uint8Array(7);
    expect(await file.read(target, 0)).toBe(7);
    expect(text(target)).toBe("partial");
    await file.close();
  });

  test("writeNow goes on where the system stopped short, and after EINTR", async () => {
    const { writeSync } = fs;
    let calls = 0;
    vi.spyOn(fs, "writeSync").mockImplementation(((
      fd: number,
      source: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ) => {
      if (calls++ === 1) throw systemError("EINTR");
      return writeSync(fd, source, offset, Math.min(length, 2), position);
    }) as never);
    const file = await openNew();
    file.writeNow(bytes("partial"), 0);
    const target = new Uint8Array(7);
    await file.read(target, 0);
    expect(text(target)).toBe("partial");
    await file.close();
  });

  test("an interrupted read is asked for again", async () => {
    const { read } = fs;
    let calls = 0;
    vi.spyOn(fs, "read").mockImplementation(((...args: unknown[]) => {
      const done = args[5] as (error: Error) => void;
      if (calls++ === 0) queueMicrotask(() => done(systemError("EINTR")));
      else (read as (...all: unknown[]) => void)(...args);
    }) as never);
    const file = await openNew();
    file.writeNow(bytes("abc"), 0);
    expect(await file.read(new Uint8Array(3), 0)).toBe(3);
    await file.close();
  });

  test("a write that takes nothing is EIO, not an endless loop", async () => {
    vi.spyOn(fs, "writeSync").mockReturnValue(0);
    const file = await openNew();
    expect(() => file.writeNow(bytes("x"), 0)).toThrow(/EIO/);
    await file.close();
  });
});

describe("names", () => {
  test("open fails with ENOENT or EEXIST as its mode says", async () => {
    const path = join(directory, "file");
    await expect(nodeFileSystem.open(path, "read")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(nodeFileSystem.open(path, "write")).rejects.toMatchObject({ code: "ENOENT" });
    await (await openNew()).close();
    await expect(openNew()).rejects.toMatchObject({ code: "EEXIST" });
    const file = await nodeFileSystem.open(path, "read");
    expect(() => file.writeNow(bytes("x"), 0)).toThrow(/EBADF/);
    await file.close();
  });

  test("list is sorted, and stat is undefined where nothing is there", async () => {
    for (const name of ["b", "a", "c"]) await (await openNew(name)).close();
    expect(await nodeFileSystem.list(directory)).toEqual(["a", "b", "c"]);
    expect(await nodeFileSystem.stat(join(directory, "a"))).toEqual({ size: 0, isDirectory: false });
    expect(await nodeFileSystem.stat(directory)).toMatchObject({ isDirectory: true });
    expect(await nodeFileSystem.stat(join(directory, "none"))).toBeUndefined();
    expect(await nodeFileSystem.stat(join(directory, "a", "below-a-file"))).toBeUndefined();
  });

  test("makeDirectory creates parents and is fine where the directory exists", async () => {
    const path = join(directory, "x", "y");
    await nodeFileSystem.makeDirectory(path);
    await nodeFileSystem.makeDirectory(path);
    expect(await nodeFileSystem.stat(path)).toMatchObject({ isDirectory: true });
  });

  test("rename replaces, link gives a second name, remove takes one away", async () => {
    const [a, b, c] = [join(directory, "a"), join(directory, "b"), join(directory, "c")];
    for (const [name, content] of [
      ["a", "first"],
      ["b", "second!"],
    ] as const) {
      const file = await openNew(name);
      file.writeNow(bytes(content), 0);
      await file.close();
    }
    await nodeFileSystem.rename(a, b);
    await nodeFileSystem.link(b, c);
    await nodeFileSystem.remove(b);
    expect(await nodeFileSystem.list(directory)).toEqual(["c"]);
    expect(await nodeFileSystem.stat(c)).toMatchObject({ size: 5 });
    await expect(nodeFileSystem.remove(b)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("syncDirectory", () => {
  test("works, and fails where there is no directory", async () => {
    await nodeFileSystem.syncDirectory(directory);
    await expect(nodeFileSystem.syncDirectory(join(directory, "none"))).rejects.toMatchObject({
      code: "ENOENT",
    });
  });

  test("tolerates a file system that has no such sync, but not a failing disk", async () => {
    const fsync = vi.spyOn(fs, "fsync");
    const failWith = (code: string): void =>
      void fsync.mockImplementation(((_: number, done: (error: Error) => void) =>
        done(systemError(code))) as never);
    failWith("EINVAL");
    await nodeFileSystem.syncDirectory(directory);
    failWith("EIO");
    await expect(nodeFileSystem.syncDirectory(directory)).rejects.toMatchObject({ code: "EIO" });
  });
});
