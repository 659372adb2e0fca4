/**
 * The quick start, on real data: keeps a durable, revisioned record of the packages that this checkout has installed.
 *
 * Reads `package-lock.json`, brings the store in line with it in one transaction, and shows what a revisioned store
 * gives on top: counting, watching, and reading the past. Run it twice: the second run finds nothing to change.
 */
import { readFile } from "node:fs/promises";
import { type Database, open } from "holdfast";

export interface Package {
  readonly version: string;
  readonly license: string;
}

const PREFIX = "/packages/";

/** Name to facts, as the lock file has them. */
export async function readLockFile(path: string): Promise<Map<string, Package>> {
  interface Entry {
    readonly version?: string;
    readonly license?: string;
  }
  const { packages } = JSON.parse(await readFile(path, "utf8")) as { packages: Record<string, Entry> };
  const found = new Map<string, Package>();
  for (const [place, { version = "?", license = "?" }] of Object.entries(packages)) {
    const name = place.split("node_modules/").at(-1);
    if (name !== undefined && name !== "") found.set(name, { version, license });
  }
  return found;
}

/** Makes the store hold exactly these packages: one transaction, one revision, only what differs is written. */
export async function bringInLine(db: Database, packages: ReadonlyMap<string, Package>) {
  const { value, revision } = await db.transact(async (tx) => {
    const stored = new Map((await tx.list(PREFIX)).map((kv) => [kv.key, kv.text()]));
    let written = 0;
    for (const [name, facts] of packages) {
      const text = JSON.stringify(facts);
      if (stored.get(PREFIX + name) !== text) {
        tx.put(PREFIX + name, text);
        written++;
      }
      stored.delete(PREFIX + name);
    }
    for (const key of stored.keys()) tx.delete(key);
    return { written, deleted: stored.size };
  });
  return { ...value, revision };
}

/** How many packages have each licence, most frequent first. */
export async function byLicense(db: Database): Promise<[license: string, count: number][]> {
  const counts = new Map<string, number>();
  for await (const kv of db.scan(PREFIX)) {
    const { license } = kv.json<Package>();
    counts.set(license, (counts.get(license) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}

export async function main(url = "file:./holdfast-data", lockFile = "package-lock.json"): Promise<void> {
  const packages = await readLockFile(lockFile);
  const db = await open(url);
  const before = db.currentRevision;

  const { written, deleted, revision } = await bringInLine(db, packages);
  console.log(
    `${lockFile} names ${packages.size} packages: ${written} written, ${deleted} deleted, revision ${revision}`,
  );

  const [biggest, ...others] = await byLicense(db);
  console.log(`licences: ${biggest?.join(" × ")}, and ${others.length} others`);

  if (written > 0) {
    const watch = await db.watch({ prefix: PREFIX, fromRevision: revision });
    for await (const { kv } of watch) {
      console.log(`the first event of that revision: ${kv.key} ${kv.text()}`);
      break;
    }
    console.log(
      `before it, at revision ${before}, there were ${await db.count(PREFIX, { revision: before })} packages`,
    );
  }

  const { responses } = await db.txn({
    success: [{ type: "append", prefix: "/runs/", value: new Date().toISOString() }],
  });
  console.log(`this was run ${responses[0]?.number}`);
  await db.close();
}
