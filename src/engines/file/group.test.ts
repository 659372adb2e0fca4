import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteReader } from "../../base/byte-reader.ts";
import type { ByteString } from "../../base/byte-string.ts";
import { crc32 } from "../../disk/checksum.ts";
import { FRAME_HEADER_BYTES, framePlace, scanFrames, sealFrame } from "../../disk/frame.ts";
import type { Commit } from "../../mvcc/commit.ts";
import { tombstone, Version } from "../../mvcc/version.ts";
import { FRAME } from "./frame-types.ts";
import { Group } from "./group.ts";
import { readRecords } from "./group-reader.ts";
import { applyPatch } from "./version-codec.ts";

const INLINE_MAX = 40;
const SEGMENT = 3;
const BASE = 1_000;

const key = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map((bytes) => String.fromCharCode(...bytes) as ByteString);
const value = fc.uint8Array({ maxLength: 100 }).map((bytes) => String.fromCharCode(...bytes) as ByteString);
const leaseId = fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }));

interface Write {
  readonly key: ByteString;
  /** Undefined: a delete. */
  readonly value: ByteString | undefined;
  readonly createdAgo: number;
  readonly version: number;
  readonly leaseId: bigint;
}

const write: fc.Arbitrary<Write> = fc.record({
  key,
  value: fc.option(value, { nil: undefined }),
  createdAgo: fc.nat({ max: 1_000 }),
  version: fc.integer({ min: 1, max: 2 ** 40 }),
  leaseId,
});

const commits = fc.array(
  fc.record({
    writes: fc.array(write, { maxLength: 4 }),
    timeMs: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }),
    granted: fc.option(fc.record({ id: leaseId, ttlMs: fc.double({ min: 1, max: 1e12 }) }), {
      nil: undefined,
    }),
    revoked: fc.option(leaseId, { nil: undefined }),
    compacted: fc.option(fc.nat({ max: 10_000 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 12 },
);

function versionsOf(writes: readonly Write[], revision: number): Version[] {
  return writes.map((given, order) =>
    given.value === undefined
      ? tombstone(given.key, revision, order)
      : new Version(
          ...([given.key, given.value, revision, order] as const),
          ...([revision - given.createdAgo, given.version, given.leaseId] as const),
        ),
  );
}

/** The group's bytes as they would lie in a file, from byte `BASE` on. */
function written(group: Group): Uint8Array {
  const { writer, frames } = group;
  for (const [at, frame] of frames.entries()) {
    const end = frames[at + 1]?.at ?? writer.length;
    const facts = { type: frame.type, sequence: at + 1, unsynced: 0 };
    sealFrame(writer.bytes, frame.at, end, facts, framePlace(0, BASE + frame.at));
  }
  const file = new Uint8Array(BASE + writer.length);
  file.set(writer.written(), BASE);
  return file;
}

function readBack(file: Uint8Array): unknown[] {
  const seen: unknown[] = [];
  for (const frame of scanFrames(file, BASE, 0).frames) {
    readRecords(file, frame, {
      version: ({ key, revision, order, createRevision, version, leaseId, valueStart, valueLength }) => {
        const bytes = file.subarray(valueStart, valueStart + valueLength);
        const text = Buffer.from(bytes).toString("latin1");
        seen.push({ key, revision, order, createRevision, version, leaseId, value: text });
      },
      commit: (revision, timeMs) => seen.push({ revision, timeMs }),
      granted: (id, ttlMs) => seen.push({ id, ttlMs }),
      revoked: (id) => seen.push({ revoked: id }),
      compacted: (revision) => seen.push({ compacted: revision }),
    });
  }
  return seen;
}

function newGroup(): Group {
  const group = new Group(INLINE_MAX);
  group.reset(SEGMENT, BASE);
  return group;
}

describe("a group of commits", () => {
  test("gives back all that was put in, in order", () => {
    fc.assert(
      fc.property(commits, (given) => {
        const group = newGroup();
        const expected: unknown[] = [];
        const all: Version[] = [];
        let revision = 5_000;
        for (const { writes, timeMs, granted, revoked, compacted } of given) {
          if (writes.length > 0) revision++;
          const versions = versionsOf(writes, revision);
          group.append({ revision, timeMs: timeMs + 0.5, versions, granted, revoked, compacted });
          all.push(...versions);
          for (const { key, value, revision: at, order, createRevision, version, leaseId } of versions) {
            expected.push({ key, revision: at, order, createRevision, version, leaseId, value });
          }
          if (versions.length > 0) expected.push({ revision, timeMs });
          if (granted !== undefined) expected.push(granted);
          if (revoked !== undefined) expected.push({ revoked });
          if (compacted !== undefined) expected.push({ compacted });
        }
        const file = written(group);
        expect(readBack(file)).toEqual(expected);
        for (const version of all.filter(({ isTombstone }) => !isTombstone)) {
          expect(version.segment).toBe(SEGMENT);
          const bytes = file.subarray(version.offset, version.offset + version.value.length);
          expect(Buffer.from(bytes).toString("latin1")).toBe(version.value);
        }
      }),
    );
  });

  test("puts a checksum right before each long value, and marks it to leave memory", () => {
    const group = newGroup();
    const long = new Version("k" as ByteString, "v".repeat(INLINE_MAX + 1) as ByteString, 2, 0, 2, 1, 0n);
    const short = new Version("s" as ByteString, "v".repeat(INLINE_MAX) as ByteString, 2, 1, 2, 1, 0n);
    group.append({ revision: 2, timeMs: 1, versions: [long, short] });
    const file = Buffer.from(written(group));
    expect(file.readUInt32LE(long.offset - 4)).toBe(crc32(Buffer.from(long.value, "latin1")));
    expect(group.spills).toEqual([long]);
  });

  test("goes out in several frames where it is large", () => {
    const group = newGroup();
    const value = "v".repeat(2 ** 20) as ByteString;
    for (let revision = 2; revision < 22; revision++) {
      const version = new Version(`k${revision}` as ByteString, value, revision, 0, revision, 1, 0n);
      group.append({ revision, timeMs: 1, versions: [version] });
    }
    expect(group.frames.map(({ type }) => type)).toEqual([FRAME.group, FRAME.group, FRAME.group]);
    expect(readBack(written(group))).toHaveLength(40);
  });

  test("is empty again after a reset, and says so", () => {
    const group = newGroup();
    expect(group.isEmpty).toBe(true);
    group.append({ revision: 2, timeMs: 1, versions: [tombstone("k" as ByteString, 2, 0)] });
    expect(group.isEmpty).toBe(false);
    group.reset(SEGMENT, BASE);
    expect([group.isEmpty, group.writer.length, group.commits]).toEqual([true, 0, 0]);
  });
});

describe("merges", () => {
  const before = "0123456789".repeat(20) as ByteString;

  function mergeCommit(previousSegment: number, number = 8): { commit: Commit; version: Version } {
    const previous = new Version("k" as ByteString, before, 8, 0, 1, number - 1, 0n);
    previous.segment = previousSegment;
    const result = `${before.slice(0, 50)}XY${before.slice(52)}` as ByteString;
    const version = new Version("k" as ByteString, result, 9, 0, 1, number, 0n);
    version.previous = previous;
    const merge = {
      type: "merge",
      key: version.key,
      fn: "set",
      width: 1,
      offset: 50,
      operand: "XY",
    } as const;
    const merges = new Map([[version, [{ ...merge, operand: "XY" as ByteString }]]]);
    return { version, commit: { revision: 9, timeMs: 1, versions: [version], merges } };
  }

  test("of a long value in the same segment are kept as what they changed", () => {
    const group = newGroup();
    const { commit, version } = mergeCommit(SEGMENT);
    group.append(commit);
    const file = written(group);
    expect(group.writer.length).toBeLessThan(FRAME_HEADER_BYTES + 40);
    const [frame] = scanFrames(file, BASE, 0).frames;
    readRecords(file, frame!, {
      version: ({ isPatch, valueStart, valueLength }) => {
        expect(isPatch).toBe(true);
        expect(applyPatch(new ByteReader(file, valueStart), before, valueLength)).toBe(version.value);
      },
    });
    expect(version.offset).toBe(0);
  });

  test("are logged whole where the value before lies in another segment, and now and then anyway", () => {
    for (const { commit, version } of [mergeCommit(SEGMENT - 1), mergeCommit(SEGMENT, 64)]) {
      const group = newGroup();
      group.append(commit);
      expect(group.writer.length).toBeGreaterThan(before.length);
      expect(version.offset).toBeGreaterThan(BASE);
    }
  });
});
