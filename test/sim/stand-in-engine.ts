/**
 * A durable store in the fewest lines: the model behind a log of requests in one file. It proves the harness from
 * both sides: as it is, every schedule must pass; with any one of the bugs below, some must fail.
 */
import type { Clock, Timer } from "../../src/base/clock.ts";
import type { Defer } from "../../src/base/defer.ts";
import { HoldfastError } from "../../src/contract/errors.ts";
import type { LeaseGrant, LeaseGrantRequest, LeaseStatus } from "../../src/contract/lease.ts";
import type { RangeRequest, RangeResult } from "../../src/contract/range.ts";
import type { RevokeResult, Store, StoreSnapshot, StoreStatus } from "../../src/contract/store.ts";
import type { TxnRequest, TxnResult } from "../../src/contract/txn.ts";
import type { Watch, WatchRequest } from "../../src/contract/watch.ts";
import type { FileSystem, OpenFile } from "../../src/disk/fs-port.ts";
import { ReferenceStore } from "../../src/testing/reference-store.ts";
import type { EngineUnderTest, World } from "./world.ts";

export type PlantedBug =
  | "acknowledges before the sync"
  | "never syncs the directory"
  | "writes again after a failed sync"
  | "goes on after a failed sync"
  | "checks no checksum"
  | "cuts damage like a torn tail"
  | "keeps part of a refused group"
  | "undoes a refused group without a sync"
  | "splits a transaction"
  | "forgets leases"
  | "starts leases short";

type LogRecord =
  | { readonly kind: "txn"; readonly request: TxnRequest }
  | { readonly kind: "grant"; readonly id: string; readonly ttlMs: number }
  | { readonly kind: "revoke"; readonly id: string }
  | { readonly kind: "compact"; readonly revision: number };

interface Waiting {
  readonly record: LogRecord;
  resolve(value: never): void;
  reject(error: unknown): void;
}

const HEADER_BYTES = 8;
const FROZEN_CLOCK = { nowMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) };

function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function encode(records: readonly LogRecord[]): Uint8Array {
  const text = JSON.stringify(records, (_, value: unknown) =>
    typeof value === "bigint" ? { bigint: `${value}` } : value,
  );
  const payload = new TextEncoder().encode(text);
  const frame = new Uint8Array(HEADER_BYTES + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length);
  new DataView(frame.buffer).setUint32(4, checksum(payload));
  frame.set(payload, HEADER_BYTES);
  return frame;
}

function decode(payload: Uint8Array): LogRecord[] {
  return JSON.parse(new TextDecoder().decode(payload), (_, value: unknown) => {
    const number = (value as { bigint?: string } | null)?.bigint;
    return number === undefined ? value : BigInt(number);
  });
}

/** The payload of the frame at an offset; undefined where there is no whole one. */
function frameAt(bytes: Uint8Array, offset: number, trusting: boolean): Uint8Array | undefined {
  if (offset + HEADER_BYTES > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  const length = view.getUint32(0);
  const start = offset + HEADER_BYTES;
  if (length === 0 || start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  if (!trusting && checksum(payload) !== view.getUint32(4)) return undefined;
  return payload;
}

export function standInEngine(bug?: PlantedBug): EngineUnderTest {
  return {
    async open(world) {
      const store = new StandInStore(world, bug);
      try {
        await store.recover();
      } catch (error) {
        if (error instanceof HoldfastError) throw error;
        const code = (error as { code?: string }).code === "ENOSPC" ? "NO_SPACE" : "IO";
        throw new HoldfastError(code, "the log could not be opened", { cause: error });
      }
      return store;
    },
  };
}

class StandInStore implements Store {
  readonly #inner: ReferenceStore;
  readonly #fs: FileSystem;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #defer: Defer;
  readonly #bug: PlantedBug | undefined;
  readonly #leases = new Map<bigint, { ttlMs: number; endsAtMs: number; timer: Timer }>();
  #file!: OpenFile;
  #end = 0;
  #waiting: Waiting[] = [];
  #isFlushing = false;
  #failure: HoldfastError | undefined;

  constructor(world: World, bug: PlantedBug | undefined) {
    this.#inner = new ReferenceStore({ clock: FROZEN_CLOCK, random: world.random });
    this.#fs = world.fileSystem;
    this.#directory = world.directory;
    this.#clock = world.clock;
    this.#defer = world.defer;
    this.#bug = bug;
  }

  get limits() {
    return this.#inner.limits;
  }
  get capabilities() {
    return this.#inner.capabilities;
  }
  get revision() {
    return this.#inner.revision;
  }
  get compactRevision() {
    return this.#inner.compactRevision;
  }

  async recover(): Promise<void> {
    const path = `${this.#directory}/log`;
    if ((await this.#fs.stat(path)) === undefined) await this.#create(path);
    this.#file = await this.#fs.open(path, "write");
    const bytes = new Uint8Array(await this.#file.size());
    await this.#file.read(bytes, 0);
    const trusting = this.#bug === "checks no checksum";
    for (;;) {
      const payload = frameAt(bytes, this.#end, trusting);
      if (payload === undefined) break;
      for (const record of decode(payload)) await this.#apply(record).catch(() => {});
      this.#end += HEADER_BYTES + payload.length;
    }
    // A group follows another only once that one is durable: whole frames beyond a broken one mean damage.
    const isBlind = this.#bug === "cuts damage like a torn tail" || this.#bug === "splits a transaction";
    for (let offset = this.#end + 1; offset < bytes.length; offset++) {
      if (isBlind || frameAt(bytes, offset, trusting) === undefined) continue;
      throw new HoldfastError("CORRUPT", "damage", { details: { file: path, offset: this.#end } });
    }
    await this.#file.truncate(this.#end);
    await this.#file.sync();
  }

  async #create(path: string): Promise<void> {
    await this.#fs.makeDirectory(this.#directory);
    const draft = `${path}.draft`;
    await this.#fs.remove(draft).catch(() => {});
    const file = await this.#fs.open(draft, "create");
    await file.sync();
    await file.close();
    await this.#fs.rename(draft, path);
    if (this.#bug === "never syncs the directory") return;
    await this.#fs.syncDirectory(this.#directory);
    await this.#fs.syncDirectory("/");
  }

  #submit<T>(record: LogRecord): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ record, resolve: resolve as (value: never) => void, reject });
      if (this.#isFlushing) return;
      this.#isFlushing = true;
      this.#defer(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0 && this.#failure === undefined) {
      const group = this.#waiting.splice(0);
      try {
        await this.#write(group);
      } catch (error) {
        await this.#failed(group, error);
        continue;
      }
      for (const one of group) await this.#answer(one);
    }
    this.#isFlushing = false;
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const records = group.map((one) => one.record);
    // What is written as a whole or not at all.
    const parts =
      this.#bug === "splits a transaction" ? records.flatMap(split).map((one) => [one]) : [records];
    let end = this.#end;
    for (const part of parts) {
      const frame = encode(part);
      await this.#file.write(frame, end);
      end += frame.length;
    }
    await this.#sync();
    this.#end = end;
  }

  async #sync(): Promise<void> {
    if (this.#bug === "acknowledges before the sync") {
      void this.#file.sync().catch(() => {});
      return;
    }
    try {
      await this.#file.sync();
    } catch (error) {
      if (this.#bug === "writes again after a failed sync") await this.#file.sync();
      else if (this.#bug !== "goes on after a failed sync") throw error;
      else throw new HoldfastError("IO", "the sync failed", { outcome: "unknown" });
    }
  }

  async #failed(group: readonly Waiting[], error: unknown): Promise<void> {
    const answer = await this.#answerFor(group, error);
    if (answer.code === "STORE_FAILED") {
      this.#failure = answer;
      for (const { reject } of this.#waiting.splice(0)) reject(answer);
    }
    for (const { reject } of group) reject(answer);
  }

  async #answerFor(group: readonly Waiting[], error: unknown): Promise<HoldfastError> {
    if (this.#bug === "goes on after a failed sync" && error instanceof HoldfastError) return error;
    try {
      if ((error as { code?: string }).code !== "ENOSPC") throw error;
      await this.#file.truncate(this.#end);
      await this.#file.sync();
      await this.#tryWithLess(group).catch(() => {});
      return new HoldfastError("NO_SPACE", "the disk is full");
    } catch (cause) {
      return new HoldfastError("STORE_FAILED", "the log failed", { cause, outcome: "unknown" });
    }
  }

  /** Two ways to leave something behind of a group that is refused. */
  async #tryWithLess(group: readonly Waiting[]): Promise<void> {
    const frame = encode(group.slice(0, 1).map((one) => one.record));
    if (this.#bug === "keeps part of a refused group") {
      await this.#file.write(frame, this.#end);
      await this.#file.sync();
      this.#end += frame.length;
    } else if (this.#bug === "undoes a refused group without a sync") {
      await this.#file.write(frame, this.#end);
      await this.#file.truncate(this.#end);
    }
  }

  async #answer({ record, resolve, reject }: Waiting): Promise<void> {
    await this.#apply(record).then(resolve as (value: unknown) => void, reject);
  }

  async #apply(record: LogRecord): Promise<unknown> {
    switch (record.kind) {
      case "txn":
        return this.#inner.txn(record.request);
      case "compact":
        return this.#inner.compact(record.revision);
      case "grant": {
        const grant = await this.#inner.grantLease({ id: BigInt(record.id), ttlMs: record.ttlMs });
        this.#start(grant);
        return grant;
      }
      case "revoke": {
        const id = BigInt(record.id);
        this.#leases.get(id)?.timer.cancel();
        this.#leases.delete(id);
        return this.#inner.revokeLease(id);
      }
    }
  }

  #start({ id, ttlMs }: LeaseGrant): void {
    this.#leases.get(id)?.timer.cancel();
    const livesMs = this.#bug === "starts leases short" ? Math.floor(ttlMs / 2) : ttlMs;
    const expire = (): void => void this.#submit({ kind: "revoke", id: `${id}` }).catch(() => {});
    const timer = this.#clock.setTimer(livesMs, expire);
    this.#leases.set(id, { ttlMs, endsAtMs: this.#clock.monotonicMs() + livesMs, timer });
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return this.#inner.range(request);
  }

  txn(request: TxnRequest): Promise<TxnResult> {
    return this.#submit({ kind: "txn", request });
  }

  watch(request: WatchRequest): Promise<Watch> {
    return this.#inner.watch(request);
  }

  waitForRevision(revision: number): Promise<void> {
    return this.#inner.waitForRevision(revision);
  }

  async grantLease({ id, ttlMs }: LeaseGrantRequest): Promise<LeaseGrant> {
    if (this.#bug !== "forgets leases") return this.#submit({ kind: "grant", id: `${id}`, ttlMs });
    const grant = await this.#inner.grantLease({ id, ttlMs });
    this.#start(grant);
    return grant;
  }

  async keepAliveLease(id: bigint): Promise<LeaseGrant> {
    const grant = await this.#inner.keepAliveLease(id);
    this.#start(grant);
    return grant;
  }

  async revokeLease(id: bigint): Promise<RevokeResult> {
    return this.#submit({ kind: "revoke", id: `${id}` });
  }

  async leaseStatus(id: bigint): Promise<LeaseStatus | undefined> {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    return { id, ttlMs: lease.ttlMs, remainingMs: Math.max(0, lease.endsAtMs - this.#clock.monotonicMs()) };
  }

  leases(): Promise<readonly LeaseStatus[]> {
    return this.#inner.leases();
  }

  compact(revision: number): Promise<void> {
    return this.#submit({ kind: "compact", revision });
  }

  async status(): Promise<StoreStatus> {
    return { ...(await this.#inner.status()), engine: "stand-in", diskBytes: this.#end };
  }

  snapshot(): Promise<StoreSnapshot> {
    return this.#inner.snapshot();
  }

  async close(): Promise<void> {
    for (const { timer } of this.#leases.values()) timer.cancel();
    while (this.#isFlushing) await new Promise<void>(this.#defer);
    await this.#inner.close();
    await this.#file.close();
  }
}

/** One record for each operation, as if a transaction were no more than its parts. */
function split(record: LogRecord): LogRecord[] {
  if (record.kind !== "txn" || record.request.conditions.length > 0) return [record];
  const { request } = record;
  return request.success.map((operation) => ({ kind: "txn", request: { ...request, success: [operation] } }));
}
