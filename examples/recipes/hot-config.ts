/**
 * Configuration that is reloaded while the program runs.
 *
 * - The first value is applied too: note the store's revision, read, then watch from the revision after, so that no
 *   change falls between. (Not from the revision of the value: that may be so old that its history is gone.)
 * - Only this very key counts, not every key that starts with its name.
 * - A value that does not decode is reported and the one before stays in force; a typo must not take a service down,
 *   and must not go unnoticed.
 */
import { type Database, HoldfastError, isHoldfastError, type KeyValue, open } from "holdfast";

export interface AppConfig {
  readonly timeout: string;
  readonly maxConnections: number;
}

export async function writeConfig(db: Database, key: string, config: AppConfig): Promise<void> {
  await db.put(key, JSON.stringify(config));
}

/** The configuration, or undefined where none was written. @throws {HoldfastError} CODEC where it does not decode */
export async function readConfig(db: Database, key: string): Promise<AppConfig | undefined> {
  const kv = await db.get(key);
  return kv === undefined ? undefined : decode(kv);
}

export interface ConfigListener {
  apply(config: AppConfig): void;
  /** The value at this revision does not decode. */
  reject(error: unknown, revision: number): void;
}

/** Applies the present configuration and then each new one. Ends without an error once `signal` is aborted. */
export async function followConfig(
  db: Database,
  key: string,
  listener: ConfigListener,
  signal: AbortSignal,
): Promise<void> {
  try {
    const observed = db.currentRevision;
    const present = await db.get(key, { signal });
    if (present !== undefined) deliver(present, listener);
    const fromRevision = Math.max(observed, present?.revision ?? 0) + 1;
    await using watch = await db.watch({ key, fromRevision, only: "put", signal });
    for await (const event of watch) deliver(event.kv, listener);
  } catch (error) {
    if (!isHoldfastError(error, "ABORTED")) throw error;
  }
}

function deliver(kv: KeyValue, listener: ConfigListener): void {
  let config: AppConfig;
  try {
    config = decode(kv);
  } catch (error) {
    listener.reject(error, kv.revision);
    return;
  }
  listener.apply(config);
}

function decode(kv: KeyValue): AppConfig {
  const { timeout, maxConnections } = kv.json<Partial<AppConfig>>();
  if (typeof timeout !== "string" || typeof maxConnections !== "number") {
    throw new HoldfastError("CODEC", `${kv.key} at revision ${kv.revision} is no configuration`);
  }
  return { timeout, maxConnections };
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  const stop = new AbortController();
  await writeConfig(db, "/config/app", { timeout: "30s", maxConnections: 10 });
  const following = followConfig(
    db,
    "/config/app",
    {
      apply: (config) => {
        console.log(`config: timeout=${config.timeout} maxConnections=${config.maxConnections}`);
        if (config.maxConnections === 30) stop.abort();
      },
      reject: (_error, revision) =>
        console.log(`the config at revision ${revision} makes no sense; keeping the old one`),
    },
    stop.signal,
  );
  await writeConfig(db, "/config/app", { timeout: "30s", maxConnections: 20 });
  await db.put("/config/app", "{ oops");
  await writeConfig(db, "/config/app", { timeout: "45s", maxConnections: 30 });
  await following;
  await db.close();
}
