/** File systems that promise more than they do: under each, a schedule must find that a store has lost something. */
import type { FileSystem, OpenFile } from "../../src/disk/fs-port.ts";

export const LIARS = {
  "syncs nothing": (inner) => wrapFiles(inner, (file) => ({ ...file, sync: async () => {} })),

  "answers a sync before it is done": (inner) =>
    wrapFiles(inner, (file) => ({
      ...file,
      sync: async () => {
        file.sync().catch(() => {});
      },
    })),

  "hides that a sync has failed": (inner) =>
    wrapFiles(inner, (file) => ({ ...file, sync: () => file.sync().catch(() => {}) })),

  "syncs no directory": (inner) => ({ ...delegate(inner), syncDirectory: async () => {} }),
} as const satisfies Record<string, (inner: FileSystem) => FileSystem>;

export type Liar = keyof typeof LIARS;

function delegate(inner: FileSystem): FileSystem {
  return {
    open: (path, mode) => inner.open(path, mode),
    list: (path) => inner.list(path),
    stat: (path) => inner.stat(path),
    makeDirectory: (path) => inner.makeDirectory(path),
    rename: (from, to) => inner.rename(from, to),
    link: (existing, path) => inner.link(existing, path),
    remove: (path) => inner.remove(path),
    syncDirectory: (path) => inner.syncDirectory(path),
  };
}

function wrapFiles(inner: FileSystem, wrap: (file: OpenFile) => OpenFile): FileSystem {
  return { ...delegate(inner), open: async (path, mode) => wrap(await inner.open(path, mode)) };
}
