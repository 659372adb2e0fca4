import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ByteString, EMPTY } from "../../base/byte-string.ts";
import { tombstone, Version } from "../../mvcc/version.ts";
import { VersionCollector } from "./version-collector.ts";

const everywhere = (): boolean => true;

function put(key: string, revision: number, segment = 1): Version {
  const version = new Version(key as ByteString, `${revision}` as ByteString, revision, 0, revision, 1, 0n);
  version.segment = segment;
  return version;
}

function grave(key: string, revision: number, segment = 1): Version {
  const version = tombstone(key as ByteString, revision, 0);
  version.segment = segment;
  return version;
}

function shape(heads: readonly Version[]): string[] {
  return heads.map((head) => {
    let text = `${head.key}:`;
    for (let at: Version | undefined = head; at !== undefined; at = at.previous) {
      text += at.isTombstone ? ` x${at.revision}` : ` ${at.revision}`;
    }
    return text;
  });
}

function collected(versions: readonly Version[], compactRevision = 0, base: Version[] = []): string[] {
  const collector = new VersionCollector(base);
  for (const version of versions) collector.add(version);
  return shape(collector.finish(compactRevision, everywhere));
}

describe("collecting versions", () => {
  test("any order gives the same chains, newest first, keys ascending", () => {
    const given = [
      ...["b", "a", "c"].map((key) => () => put(key, 2)),
      ...[3, 5, 9].map((revision) => () => put("a", revision)),
      () => grave("b", 7),
      () => put("b", 8),
    ];
    const order = fc.shuffledSubarray(given, { minLength: given.length });
    fc.assert(
      fc.property(order, (makers) => {
        expect(collected(makers.map((make) => make()))).toEqual(["a: 9 5 3 2", "b: 8 x7 2", "c: 2"]);
      }),
    );
  });

  test("what compaction made dead is left out: all but the newest before it, and deletions that stand", () => {
    const given = [
      put("a", 2),
      put("a", 3),
      put("a", 6),
      put("b", 2),
      grave("b", 4),
      put("c", 2),
      grave("c", 5),
    ];
    expect(collected(given, 5)).toEqual(["a: 6 3", "c: x5 2"]);
  });

  test("versions behind a checkpoint join its chains and go between its keys", () => {
    const old = put("b", 5);
    old.previous = put("b", 3);
    expect(collected([put("a", 7), put("b", 8), put("b", 4), put("c", 9)], 0, [old, put("d", 2)])).toEqual([
      "a: 7",
      "b: 8 5 4 3",
      "c: 9",
      "d: 2",
    ]);
  });

  test("a version that comes again from a merged segment moves there", () => {
    const old = put("a", 5, 1);
    old.previous = put("a", 3, 1);
    old.previous.spilledBytes = 900;
    const copy = put("a", 3, 7);
    copy.offset = 123;
    const collector = new VersionCollector([old]);
    collector.add(copy);
    const [head] = collector.finish(0, everywhere);
    expect(shape([head!])).toEqual(["a: 5 3"]);
    expect(head!.previous).toMatchObject({ segment: 7, offset: 123, spilledBytes: 0, value: "3" });
  });

  test("what only a removed segment had is gone: it was dead, or has been copied", () => {
    const old = put("a", 5, 2);
    old.previous = put("a", 3, 1);
    const collector = new VersionCollector([old, put("b", 2, 1)]);
    const isThere = (segment: number): boolean => segment !== 1;
    expect(shape(collector.finish(0, isThere))).toEqual(["a: 5"]);
  });

  test("nothing gives nothing", () => {
    expect(collected([])).toEqual([]);
    expect(collected([grave("a", 3)], 4)).toEqual([]);
    expect(EMPTY).toBe("");
  });
});
