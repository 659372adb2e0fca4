/**
 * Opening the store that a command works on.
 *
 * What only reads never takes the lock of a directory and never writes to it: so it works beside a live owner, on a
 * read-only file system, and never keeps a service from starting. It sees everything that was acknowledged by then.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "../contract/errors.ts";
import type { Store } from "../contract/store.ts";
import type { Database } from "../database/database.ts";
import { IDENTITY_NAME } from "../disk/directory-layout.ts";
import type { CommandContext } from "./context.ts";
import { liveOwner, type Owner } from "./owner.ts";
import { directoryOfUrl } from "./store-url.ts";

/** Opens for reading, runs `work`, closes. */
export async function withReader<T>(context: CommandContext, work: (store: Store) => Promise<T>): Promise<T> {
  return using(await openReader(context), work);
}

export interface WriterOptions {
  /** Make a store where there is none. Default true. */
  readonly create?: boolean;
}

/** For what has no meaning on a store that is not there. */
export const MUST_EXIST: WriterOptions = { create: false };

/** Opens as the owner, runs `work`, closes. @throws {HoldfastError} NOT_FOUND where there is no store and none is to be made */
export async function withWriter<T>(
  context: CommandContext,
  work: (database: Database) => Promise<T>,
  { create = true }: WriterOptions = {},
): Promise<T> {
  const directory = directoryOfUrl(context.storeUrl);
  if (!create && directory !== undefined) await requireStore(directory);
  return using(await openDatabase(context), work);
}

export async function openReader(context: CommandContext): Promise<Store> {
  const directory = directoryOfUrl(context.storeUrl);
  if (directory === undefined) return (await openDatabase(context)).store;
  await noteOwner(context, directory);
  return context.diagnostics.withProgress(`opening ${directory}`, () => openDirectory(directory));
}

/** The state of a directory as of now, without a lock. */
export async function openDirectory(directory: string): Promise<Store> {
  const { openFileStore } = await import("../engines/file/index.ts");
  return openFileStore(directory, { readOnly: true });
}

/** Says whose store it is that is read without asking, and gives the owner. */
export async function noteOwner(
  { diagnostics }: CommandContext,
  directory: string,
): Promise<Owner | undefined> {
  const owner = await liveOwner(directory);
  if (owner !== undefined) {
    diagnostics.note(`process ${owner.pid} has ${directory} open; reading beside it, without a lock`);
  }
  return owner;
}

async function openDatabase({ diagnostics, storeUrl }: CommandContext): Promise<Database> {
  const { open } = await import("../open.ts");
  return diagnostics.withProgress(`opening ${storeUrl}`, () => open(storeUrl));
}

async function requireStore(directory: string): Promise<void> {
  const isThere = await stat(join(directory, IDENTITY_NAME)).then(
    () => true,
    () => false,
  );
  if (!isThere)
    throw new HoldfastError("NOT_FOUND", `there is no store in ${directory}`, { details: { directory } });
}

async function using<S extends { close(): Promise<void> }, T>(
  opened: S,
  work: (opened: S) => Promise<T>,
): Promise<T> {
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}
