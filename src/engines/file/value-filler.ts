/** Brings values into memory while a store opens: small ones from where they lie, patched ones put together. */
import { ByteFormatError, ByteReader, slice } from "../../base/byte-reader.ts";
import type { ByteString } from "../../base/byte-string.ts";
import type { Version } from "../../mvcc/version.ts";
import { type ScannedSegment, type StoreSource, visitFrames } from "./segment-scan.ts";
import { applyPatch, type VersionRecord } from "./version-codec.ts";
import { PATCHED } from "./version-collector.ts";

/** Fills in values that were left on disk. Versions that have another place by now are left out. */
export function fillPlaced({ name, bytes }: ScannedSegment, versions: readonly Version[]): void {
  for (const version of versions) {
    if (version.segment !== name.id || version.spilledBytes === 0) continue;
    version.value = slice(bytes, version.offset, version.offset + version.spilledBytes);
    version.spilledBytes = 0;
  }
}

/** Versions that were logged as patches, by segment and key. */
export type PatchedVersions = Map<number, Map<ByteString, Version[]>>;

export function patchedVersions(heads: readonly Version[]): PatchedVersions {
  const patched: PatchedVersions = new Map();
  for (const head of heads) {
    for (let version: Version | undefined = head; version !== undefined; version = version.previous) {
      if (version.offset !== PATCHED) continue;
      const byKey = patched.get(version.segment) ?? new Map<ByteString, Version[]>();
      patched.set(version.segment, byKey);
      const versions = byKey.get(version.key);
      if (versions === undefined) byKey.set(version.key, [version]);
      else versions.push(version);
    }
  }
  return patched;
}

/** Follows the values of the patched keys through the segment, from the whole value that each starts with. */
export function fillPatched(
  source: StoreSource,
  segment: ScannedSegment,
  patched: ReadonlyMap<ByteString, readonly Version[]>,
): void {
  const { bytes } = segment;
  const values = new Map<ByteString, ByteString>();
  visitFrames(source, segment, {
    version(record: VersionRecord) {
      const wanted = patched.get(record.key);
      if (wanted === undefined || record.isTombstone) return;
      const { valueStart, valueLength } = record;
      const before = values.get(record.key);
      if (record.isPatch && before === undefined) throw new ByteFormatError("a patch of nothing");
      const value = record.isPatch
        ? applyPatch(new ByteReader(bytes, valueStart), before!, valueLength)
        : slice(bytes, valueStart, valueStart + valueLength);
      values.set(record.key, value);
      const version = wanted.find(({ revision }) => revision === record.revision);
      if (version === undefined || version.offset !== PATCHED) return;
      version.value = value;
      version.offset = 0;
      version.spilledBytes = 0;
    },
  });
}
