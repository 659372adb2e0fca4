/**
 * LMDB through the `lmdb` package: an embedded store with a native addon. Writes are answered once they are synced: a
 * commit is awaited, and then its flush, which is the faster of the two ways that the package has.
 */
interface LmdbPut extends Promise<boolean> {
  readonly flushed: Promise<unknown>;
}

interface LmdbDatabase {
  put(key: string, value: string): LmdbPut;
  get(key: string): string | undefined;
  getRange(range: { start: string; end: string }): Iterable<{ key: string; value: string }>;
  close(): Promise<void>;
}

interface LmdbModule {
  open(options: {
    path: string;
    encoding: "string";
    separateFlushed: boolean;
    mapSize: number;
  }): LmdbDatabase;
}

const MAP_BYTES = 2 ** 31;

export class LmdbPeer {
  readonly #db: LmdbDatabase;

  private constructor(db: LmdbDatabase) {
    this.#db = db;
  }

  static async open(directory: string): Promise<LmdbPeer> {
    // By a name that the compiler does not follow: the package is installed by the benchmark alone.
    const name: string = "lmdb";
    const { open } = (await import(name)) as LmdbModule;
    const options = {
      path: directory,
      encoding: "string",
      separateFlushed: true,
      mapSize: MAP_BYTES,
    } as const;
    return new LmdbPeer(open(options));
  }

  /** Resolves once it is on disk. */
  async put(key: string, value: string): Promise<void> {
    const committed = this.#db.put(key, value);
    await committed;
    await committed.flushed;
  }

  get(key: string): string | undefined {
    return this.#db.get(key);
  }

  /** Keys that start with an ASCII prefix, with their values. */
  list(prefix: string): { key: string; value: string }[] {
    return Array.from(this.#db.getRange({ start: prefix, end: `${prefix}\xff` }));
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}
