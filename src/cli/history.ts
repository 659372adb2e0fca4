/** What a directory's history says: the states of one key, and what differs between two revisions. */
import type { ByteString } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { KeyValue } from "../contract/key-value.ts";
import type { ImageSource } from "../engines/file/directory-reader.ts";
import type { TimeSample } from "../mvcc/time-index.ts";
import { type Version, versionAt } from "../mvcc/version.ts";
import { compactedError } from "../mvcc/versioned-keys.ts";

/** A state of a key, or its absence. */
export interface KeyState extends KeyValue {
  readonly isDelete: boolean;
  /** Wall time in milliseconds, to about a second; undefined where it is not known any more. */
  readonly timeMs: number | undefined;
}

export interface Difference {
  readonly change: "added" | "removed" | "changed" | "rewritten";
  readonly key: ByteString;
  readonly before: KeyValue | undefined;
  readonly after: KeyValue | undefined;
}

/** All states of the key that history still holds, the oldest first; none where it never was. */
export async function* statesOf(source: ImageSource, key: ByteString): AsyncGenerator<KeyState, void> {
  const chain: Version[] = [];
  for (let version = headOf(source, key); version !== undefined; version = version.previous) {
    chain.push(version);
    // Older ones cannot be read any more, though one may still be there.
    if (version.revision <= source.image.compactRevision) break;
  }
  for (const version of chain.reverse()) {
    const kv = await loaded(source, version);
    yield { ...kv, isDelete: version.isTombstone, timeMs: timeOf(source.image.times, version.revision) };
  }
}

/** @throws {HoldfastError} COMPACTED, FUTURE_REVISION */
export async function* differences(
  source: ImageSource,
  { from, to, prefix }: { readonly from: number; readonly to: number; readonly prefix: ByteString },
): AsyncGenerator<Difference, void> {
  checkRetained(source, from);
  checkRetained(source, to);
  for (const head of source.image.heads) {
    if (!head.key.startsWith(prefix)) continue;
    const older = versionAt(head, from);
    const newer = versionAt(head, to);
    if (older === newer) continue;
    const [before, after] = [older && (await loaded(source, older)), newer && (await loaded(source, newer))];
    yield { change: changeOf(before, after), key: head.key, before, after };
  }
}

function changeOf(before: KeyValue | undefined, after: KeyValue | undefined): Difference["change"] {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  return before.value === after.value && before.leaseId === after.leaseId ? "rewritten" : "changed";
}

function checkRetained({ image }: ImageSource, revision: number): void {
  const { revision: newest, compactRevision } = image;
  if (revision < compactRevision) throw compactedError(revision, compactRevision);
  if (revision <= newest) return;
  throw new HoldfastError(
    "FUTURE_REVISION",
    `revision ${revision} has not happened: the store is at ${newest}`,
    {
      details: { revision, currentRevision: newest },
    },
  );
}

/** Heads are in the order of their keys. */
function headOf({ image: { heads } }: ImageSource, key: ByteString): Version | undefined {
  let [low, high] = [0, heads.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (heads[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  const found = heads[low];
  return found?.key === key ? found : undefined;
}

async function loaded(source: ImageSource, version: Version): Promise<KeyValue> {
  const { key, revision, createRevision, leaseId, spilledBytes } = version;
  const value = spilledBytes === 0 ? version.value : await source.load(version);
  return { key, value, revision, createRevision, version: version.version, leaseId };
}

function timeOf(times: readonly TimeSample[], revision: number): number | undefined {
  let found: number | undefined;
  for (const sample of times) {
    if (sample.revision > revision) break;
    found = sample.timeMs;
  }
  return found;
}
