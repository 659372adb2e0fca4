/**
 * A service registry: each instance keeps one key under the service's prefix, everybody else lists or follows it.
 *
 * - The key dies with the instance's lease: an instance that crashes is gone after `ttlMs`, without anybody cleaning
 *   up.
 * - Followers start from a picture of what is there, not from the next change: `db.view` gives the state, then every
 *   change after it, with no gap between the two, also across compaction.
 * - Changes that arrive together are told once.
 */
import { type Database, isHoldfastError, open } from "holdfast";

const prefixOf = (service: string): string => `/services/${service}/`;

export interface Registration {
  /** Aborted once the store no longer holds this instance: it must register again. */
  readonly signal: AbortSignal;
  deregister(): Promise<void>;
}

export interface Instance {
  readonly service: string;
  readonly id: string;
  readonly address: string;
}

/** Makes an instance known for as long as this process keeps its lease alive. */
export async function register(db: Database, instance: Instance, ttlMs: number): Promise<Registration> {
  const lease = await db.lease({ ttlMs });
  try {
    await db.put(prefixOf(instance.service) + instance.id, instance.address, { leaseId: lease.id });
  } catch (error) {
    await lease.close();
    throw error;
  }
  return { signal: lease.signal, deregister: () => lease.close() };
}

/** The addresses of all instances that live now. */
export async function discover(db: Database, service: string): Promise<string[]> {
  return (await db.list(prefixOf(service))).map((kv) => kv.text());
}

/** Calls back with all addresses: once at the start, then after every change. Ends once `signal` is aborted. */
export async function follow(
  db: Database,
  service: string,
  onChange: (addresses: string[]) => void,
  signal: AbortSignal,
): Promise<void> {
  let toldRevision = 0;
  try {
    await using view = await db.view(prefixOf(service), { signal });
    for await (const _change of view) {
      if (!view.isSynced || view.revision === toldRevision) continue;
      toldRevision = view.revision;
      onChange([...view.entries.values()].map((kv) => kv.text()));
    }
  } catch (error) {
    if (!isHoldfastError(error, "ABORTED")) throw error;
  }
}

export async function main(url = "mem:"): Promise<void> {
  const db = await open(url);
  const stop = new AbortController();
  const following = follow(
    db,
    "my-api",
    (addresses) => console.log(`instances: ${addresses.join(", ")}`),
    stop.signal,
  );
  const instance = { service: "my-api", id: "1", address: "10.0.0.7:8080" };
  const registration = await register(db, instance, 10_000);
  await register(db, { ...instance, id: "2", address: "10.0.0.8:8080" }, 10_000);
  await registration.deregister();
  console.log(`in the end: ${await discover(db, "my-api")}`);
  stop.abort();
  await following;
  await db.close();
}
