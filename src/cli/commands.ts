/** All commands in the order of the help text. Only those named on the command line are loaded: start-up has to be quick. */
import type { Command } from "commander";

export interface CommandModule {
  /** Adds arguments, options, help and action to the command of that name. */
  define(command: Command): void;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<CommandModule>;
}

export const COMMANDS: readonly CommandEntry[] = [
  { name: "get", summary: "print the value of a key", load: () => import("./commands/get.ts") },
  { name: "put", summary: "write a key", load: () => import("./commands/put.ts") },
  {
    name: "del",
    summary: "delete a key, or all keys with a prefix",
    load: () => import("./commands/del.ts"),
  },
  { name: "list", summary: "list keys with their values", load: () => import("./commands/list.ts") },
  { name: "watch", summary: "print changes as they happen", load: () => import("./commands/watch.ts") },
  { name: "txn", summary: "run a transaction", load: () => import("./commands/txn.ts") },
  { name: "lease", summary: "grant, renew, end and show leases", load: () => import("./commands/lease.ts") },
  { name: "compact", summary: "forget old history", load: () => import("./commands/compact.ts") },
  { name: "status", summary: "show the figures of a store", load: () => import("./commands/status.ts") },
  {
    name: "inspect",
    summary: "show a key's history, what changed, or what is on disk",
    load: () => import("./commands/inspect.ts"),
  },
  { name: "verify", summary: "check every byte of a directory", load: () => import("./commands/verify.ts") },
  {
    name: "salvage",
    summary: "save what is whole of a damaged directory",
    load: () => import("./commands/salvage.ts"),
  },
  { name: "backup", summary: "copy a store while it is in use", load: () => import("./commands/backup.ts") },
  { name: "restore", summary: "make a store from a backup", load: () => import("./commands/restore.ts") },
  {
    name: "branch",
    summary: "make an independent store that starts as this one",
    load: () => import("./commands/branch.ts"),
  },
  { name: "bench", summary: "measure this machine and disk", load: () => import("./commands/bench.ts") },
];
