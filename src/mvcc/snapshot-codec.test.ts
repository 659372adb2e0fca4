import { describe, expect, test } from "vitest";
import type { ByteString } from "../base/byte-string.ts";
import { below, seededRandom } from "../base/random.ts";
import { readSnapshot, SnapshotWriter } from "./snapshot-codec.ts";
import { Version } from "./version.ts";

const LEASES = [{ id: -5n, ttlMs: 30_000, remainingMs: 12_345 }];

function entries(count: number): Version[] {
  const random = seededRandom(count);
  return Array.from({ length: count }, (_, at) => {
    const value = "\xff\0v".repeat(below(random, 400)) as ByteString;
    const key = `k${String(at).padStart(6, "0")}\x80` as ByteString;
    return new Version(key, value, 7 + at, 0, 2, 3, at % 5 === 0 ? 2n ** 62n : 0n);
  });
}

function write(versions: readonly Version[]): Uint8Array {
  const writer = new SnapshotWriter({ revision: 9_999, createdMs: 1_700_000_000_000, historyId: "abc" });
  for (const version of versions) writer.add(version, version.value);
  writer.end(LEASES);
  return Buffer.concat(writer.take());
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("a snapshot", () => {
  test.each([0, 1, 3_000])("of %i pairs reads back whole, in pieces of any size", async (count) => {
    const versions = entries(count);
    const bytes = write(versions);
    for (const size of [1_000_003, 4_097, bytes.length < 1_000 ? 1 : 65_536]) {
      const { header, image } = await readSnapshot(inPieces(bytes, size));
      expect(header).toEqual({ revision: 9_999, createdMs: 1_700_000_000_000, historyId: "abc" });
      expect(image.heads).toEqual(versions);
      expect(image.leases).toEqual(LEASES);
      expect(image.compactRevision).toBe(9_999);
    }
  });

  test("that is cut off anywhere is CORRUPT", async () => {
    const bytes = write(entries(20));
    for (let length = 0; length < bytes.length; length++) {
      const cut = readSnapshot(inPieces(bytes.subarray(0, length), 512));
      await expect(cut, `cut at ${length}`).rejects.toMatchObject({ code: "CORRUPT" });
    }
  });

  test("with any bit flipped is CORRUPT and names the block's offset", async () => {
    const bytes = write(entries(20));
    const random = seededRandom(1);
    for (let round = 0; round < 300; round++) {
      const flipped = new Uint8Array(bytes);
      flipped[below(random, bytes.length)]! ^= 1 << below(random, 8);
      await expect(readSnapshot(inPieces(flipped, 512))).rejects.toMatchObject({
        code: "CORRUPT",
        details: { offset: expect.any(Number) },
      });
    }
  });

  test("of a newer format is refused by name", async () => {
    const writer = new SnapshotWriter({ revision: 1, createdMs: 0, historyId: "abc" });
    const [header] = writer.take() as [Uint8Array];
    const { crc32Portable } = await import("../base/crc32.ts");
    const { putU32 } = await import("../base/byte-writer.ts");
    header[13] = 99;
    putU32(header, 4, crc32Portable(header.subarray(8)));
    await expect(readSnapshot(inPieces(header, 512))).rejects.toMatchObject({
      code: "UNKNOWN_FORMAT",
      details: { format: 99, supported: 1 },
    });
  });
});
