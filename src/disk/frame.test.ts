import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FRAME_HEADER_BYTES,
  findFrames,
  findProof,
  frameAt,
  framePlace,
  scanFrames,
  sealFrame,
} from "./frame.ts";

const SALT = 0x1234_5678;
const START = 64;

interface Payload {
  readonly bytes: Uint8Array;
  readonly unsynced?: number;
}

/** A file with frames from byte 64 on, numbered from 5. */
function fileWith(payloads: readonly Payload[], slack = 0): Uint8Array {
  const length = payloads.reduce((sum, { bytes }) => sum + FRAME_HEADER_BYTES + bytes.length, START);
  const file = new Uint8Array(length + slack);
  let at = START;
  for (const [index, { bytes, unsynced = 0 }] of payloads.entries()) {
    const end = at + FRAME_HEADER_BYTES + bytes.length;
    file.set(bytes, at + FRAME_HEADER_BYTES);
    sealFrame(file, at, end, { type: 1, sequence: 5 + index, unsynced }, framePlace(SALT, at));
    at = end;
  }
  return file;
}

const text = (value: string): Payload => ({ bytes: Buffer.from(value) });
const payloads = fc.array(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ bytes })),
  { minLength: 1, maxLength: 8 },
);

describe("frames", () => {
  test("all are found, with their payloads", () => {
    fc.assert(
      fc.property(payloads, fc.nat({ max: 500 }), (given, zeros) => {
        const file = fileWith(given, zeros);
        const { frames, end } = scanFrames(file, START, SALT);
        expect(frames.map((frame) => [...file.subarray(frame.start, frame.end)])).toEqual(
          given.map(({ bytes }) => [...bytes]),
        );
        expect(frames.map(({ sequence }) => sequence)).toEqual(given.map((_, at) => 5 + at));
        expect(end).toBe(file.length - zeros);
      }),
    );
  });

  test("torn-tail-cut: a last frame that is cut anywhere ends the run before it, and nothing vouches for it", () => {
    fc.assert(
      fc.property(payloads, fc.nat(), fc.nat({ max: 100 }), (given, at, zeros) => {
        const whole = fileWith(given);
        const last = scanFrames(whole, START, SALT).frames.at(-1)!;
        const cut = last.offset + (at % (whole.length - last.offset));
        const torn = new Uint8Array(cut + zeros);
        torn.set(whole.subarray(0, cut));
        const { frames, end } = scanFrames(torn, START, SALT);
        // A cut in trailing zeros of the payload may leave the frame whole.
        if (frames.length === given.length) return;
        expect(end).toBe(last.offset);
        expect(findProof(torn, end, SALT, last.sequence)).toBeUndefined();
      }),
    );
  });

  test("damage-refused: a flipped bit in any frame but the last is vouched for by a later frame", () => {
    fc.assert(
      fc.property(payloads, fc.nat(), fc.nat({ max: 7 }), (given, at, bit) => {
        fc.pre(given.length > 1);
        const file = fileWith(given);
        const all = scanFrames(file, START, SALT).frames;
        const last = all.at(-1)!;
        const place = START + (at % (last.offset - START));
        file[place]! ^= 1 << bit;
        const { frames, end } = scanFrames(file, START, SALT);
        const broken = all.find((frame) => place < frame.end)!;
        expect(end).toBe(broken.offset);
        expect(frames).toHaveLength(all.indexOf(broken));
        expect(findProof(file, end, SALT, broken.sequence)?.sequence).toBeGreaterThan(broken.sequence);
      }),
    );
  });

  test("a frame that was written before the one ahead of it was synced does not vouch for it", () => {
    const file = fileWith([text("one"), text("two"), { ...text("three"), unsynced: 1 }]);
    const [, second] = scanFrames(file, START, SALT).frames;
    file[second!.start]! ^= 1;
    expect(findProof(file, second!.offset, SALT, second!.sequence)).toBeUndefined();
    const synced = fileWith([text("one"), text("two"), text("three")]);
    synced[second!.start]! ^= 1;
    expect(findProof(synced, second!.offset, SALT, second!.sequence)?.sequence).toBe(7);
  });

  test("a copy of a frame elsewhere, in a value for instance, is not a frame", () => {
    const inner = fileWith([text("stolen")]);
    const stolen = inner.subarray(START);
    const file = fileWith([{ bytes: new Uint8Array([...stolen, ...stolen]) }]);
    const found = [...findFrames(file, 0, SALT)];
    expect(found.map(({ offset }) => offset)).toEqual([START]);
    file[START]! ^= 1;
    expect([...findFrames(file, 0, SALT)]).toEqual([]);
  });

  test("frames of another file are not frames of this one", () => {
    const file = fileWith([text("one")]);
    expect(frameAt(file, START, SALT)).toBeDefined();
    expect(frameAt(file, START, SALT + 1)).toBeUndefined();
  });

  test("random bytes hold no frame, and nothing is read beyond them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, hasMagic) => {
        const bytes = new Uint8Array(noise);
        if (hasMagic && bytes.length > 8) bytes.set([0x48, 0x46, 0x66, 0x72], 3);
        expect(scanFrames(bytes, 0, SALT).frames).toEqual([]);
        expect([...findFrames(bytes, 0, SALT)]).toEqual([]);
      }),
    );
  });

  test("a gap in the sequence ends the run", () => {
    const file = fileWith([text("one"), text("two")]);
    const [first, second] = scanFrames(file, START, SALT).frames;
    const facts = { type: 1, sequence: 9, unsynced: 0 };
    sealFrame(file, second!.offset, second!.end, facts, framePlace(SALT, second!.offset));
    expect(scanFrames(file, START, SALT)).toEqual({ frames: [first], end: first!.end });
  });
});
