/**
 * Chooses the engine that a URL names and assembles a database over it. Engines come by dynamic import, so that a
 * browser bundle that never opens a directory never loads the file engine.
 */
import type { Clock } from "./base/clock.ts";
import type { Random } from "./base/random.ts";
import { HoldfastError } from "./contract/errors.ts";
import type { Store } from "./contract/store.ts";
import { Database } from "./database/database.ts";
import { scopePrefix } from "./database/scope-prefix.ts";
import type { Durability } from "./engines/file/options.ts";
import type { HistoryRetention } from "./engines/local/history-keeper.ts";
import { namespaceStore } from "./wrappers/namespace.ts";

export interface DatabaseOptions {
  /** Default: the system's. A fake one moves leases, timeouts and pauses by hand. */
  readonly clock?: Clock | undefined;
  /** Spreads retries. Default: the system's. */
  readonly random?: Random | undefined;
}

export interface OpenOptions extends DatabaseOptions {
  /** Keep to the keys of this scope: the same as `db.scope(namespace)`, but that closing it closes the store. */
  readonly namespace?: string | undefined;
  /** When a write in a directory is acknowledged. Default `"fsync"`; memory has no such choice and ignores it. */
  readonly durability?: Durability | undefined;
  /** Open a directory as it is: write nothing, take no lock, work beside its owner. Not for memory: UNSUPPORTED. */
  readonly readOnly?: boolean | undefined;
  /** How much history to keep. Default: an hour, and at least the last 10 000 revisions. */
  readonly history?: HistoryRetention | undefined;
  /** Several processes on one directory. Not supported yet: `true` is refused with UNSUPPORTED. */
  readonly share?: boolean | undefined;
  /** Gives up opening: ABORTED. Once it is open the signal no longer matters. */
  readonly signal?: AbortSignal | undefined;
}

const SUPPORTED = "mem: (in memory) and file:DIR (a directory, embedded and durable)";

/**
 * Opens a store.
 *
 * - `mem:` in memory, gone with the process.
 * - `file:DIR` embedded and durable in a directory, created where it is not there: `file:./data`, `file:/var/lib/app`,
 *   `file:///var/lib/app` (percent-decoded in this form alone).
 *
 * @throws {HoldfastError} INVALID_ARGUMENT; UNSUPPORTED for any other URL and for `share`; ABORTED. For a directory also
 *   LOCKED (another live process owns it; `details.pid`), CORRUPT, UNKNOWN_FORMAT, NOT_FOUND, IO.
 */
export async function open(url: string | URL, options: OpenOptions = {}): Promise<Database> {
  if (typeof options !== "object" || options === null) {
    throw new HoldfastError("INVALID_ARGUMENT", "options must be an object");
  }
  const { signal, namespace } = options;
  // Before the store is touched: a bad name must not leave it open.
  const prefix = namespace === undefined ? undefined : scopePrefix(namespace);
  throwIfAborted(signal);
  const store = await openStore(String(url), options);
  try {
    throwIfAborted(signal);
    const confined = prefix === undefined ? store : namespaceStore(store, prefix, { ownsStore: true });
    const database = createDatabase(confined, options);
    // Learns whether this one takes writes.
    await database.status();
    return database;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A database over a store of your own: an engine, a wrapper, or a test's. The database closes it. */
export function createDatabase(store: Store, options: DatabaseOptions = {}): Database {
  const { clock, random } = options;
  return new Database({ store, namespace: namespaceStore, clock, random });
}

async function openStore(url: string, options: OpenOptions): Promise<Store> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    throw invalidUrl(url, `supported are ${SUPPORTED}`);
  }
  if (options.share === true) {
    throw new HoldfastError("UNSUPPORTED", "share is not supported yet: one process owns a directory");
  }
  if (scheme === "mem") return openMemory(url, options);
  if (scheme === "file") return openDirectory(directoryOf(url), options);
  throw new HoldfastError("UNSUPPORTED", `${scheme}: is not supported; supported are ${SUPPORTED}`);
}

async function openMemory(url: string, options: OpenOptions): Promise<Store> {
  if (url.length > "mem:".length)
    throw invalidUrl(url, `mem: takes no path; every "mem:" is a store of its own`);
  if (options.readOnly === true) {
    throw new HoldfastError(
      "UNSUPPORTED",
      "readOnly is for directories: a fresh store in memory has nothing to read",
    );
  }
  const { createMemoryStore } = await import("./engines/memory/index.ts");
  const { clock, random, history } = options;
  return createMemoryStore({ clock, random, history });
}

async function openDirectory(directory: string, options: OpenOptions): Promise<Store> {
  const { openFileStore } = await import("./engines/file/index.ts");
  const { clock, random, history, durability, readOnly } = options;
  return openFileStore(directory, { clock, random, history, durability, readOnly });
}

/** `file:` followed by a path as it is, or a full URL with its path percent-encoded. */
function directoryOf(url: string): string {
  const path = url.slice("file:".length);
  if (path === "") throw invalidUrl(url, "it names no directory; say file:./data for instance");
  if (!path.startsWith("//")) return path;
  try {
    const { host, pathname } = new URL(url);
    if (host !== "") throw invalidUrl(url, `it names the host ${host}; a directory is on this machine`);
    const decoded = decodeURIComponent(pathname);
    return /^\/[a-z]:/i.test(decoded) ? decoded.slice(1) : decoded;
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw invalidUrl(url, "it is malformed", cause);
  }
}

function invalidUrl(url: string, why: string, cause?: unknown): HoldfastError {
  const message = `${JSON.stringify(url)} is not a store URL: ${why}`;
  return new HoldfastError("INVALID_ARGUMENT", message, { cause, details: { argument: "url" } });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new HoldfastError("ABORTED", "opening was aborted", { cause: signal.reason });
}
