/** What a figure works with: how much to do, where to keep files, stores to measure, and the peers that are there. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Database, type OpenOptions, open } from "holdfast";
import type { Rounds } from "./rounds.ts";
import { Strain } from "./strain.ts";

/** What the figures of one run have in common. Plain data: it crosses process borders. */
export interface BenchSettings {
  readonly engine: "file" | "memory";
  /** Proves that the benchmark works; its numbers mean nothing. */
  readonly quick: boolean;
  /** Names of the peers that are installed. */
  readonly peers: readonly string[];
  readonly rounds: number | undefined;
  /** Scratch files go below this. */
  readonly directory: string;
  /** CPU profiles go there, if any. */
  readonly profile: string | undefined;
}

const QUICK_ROUNDS = 2;
const QUICK_MS = 25;
const QUICK_COUNT_SHARE = 0.005;

export class Workbench {
  readonly settings: BenchSettings;
  readonly #directories: string[] = [];
  readonly #databases: Database[] = [];

  constructor(settings: BenchSettings) {
    this.settings = settings;
  }

  get isQuick(): boolean {
    return this.settings.quick;
  }

  /** How many rounds, and how long each measurement takes. */
  rounds(rounds: number, durationMs: number): Rounds {
    return {
      rounds: this.settings.rounds ?? (this.isQuick ? QUICK_ROUNDS : rounds),
      durationMs: this.milliseconds(durationMs),
    };
  }

  milliseconds(full: number): number {
    return this.isQuick ? QUICK_MS : full;
  }

  /** A number of keys, watchers or other things. */
  count(full: number): number {
    return this.isQuick ? Math.max(10, Math.round(full * QUICK_COUNT_SHARE)) : full;
  }

  hasPeer(name: string): boolean {
    return this.settings.peers.includes(name);
  }

  /** @param name of what is watched, for its profiles */
  strain(name: string): Strain {
    const { profile } = this.settings;
    return profile === undefined ? new Strain() : new Strain({ directory: profile, name });
  }

  /** A fresh directory, gone when the figure is done. */
  async directory(name: string): Promise<string> {
    const directory = await mkdtemp(join(this.settings.directory, `${name}-`));
    this.#directories.push(directory);
    return directory;
  }

  /** A fresh store, closed when the figure is done. */
  async open(options?: OpenOptions): Promise<Database> {
    return this.openAt(await this.directory("store"), options);
  }

  /** The store of a directory; with the memory engine a fresh one. */
  async openAt(directory: string, options?: OpenOptions): Promise<Database> {
    const url = this.settings.engine === "memory" ? "mem:" : `file:${directory}`;
    const database = await open(url, options);
    this.#databases.push(database);
    return database;
  }

  async close(): Promise<void> {
    for (const database of this.#databases) await database.close();
    for (const directory of this.#directories) await rm(directory, { recursive: true, force: true });
  }
}
