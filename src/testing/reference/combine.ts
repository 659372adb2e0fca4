/** The model's merge: elements as exact integers, one after the other. */
import type { ByteString } from "../../base/byte-string.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { MergeOperation } from "../../contract/txn.ts";

type Combination = Pick<MergeOperation, "fn" | "width" | "offset" | "operand">;

export interface Combined {
  readonly value: ByteString;
  readonly before: ByteString;
  readonly after: ByteString;
}

/** @throws {HoldfastError} OUT_OF_RANGE */
export function combine(value: ByteString, merge: Combination): Combined {
  const { offset, operand, width } = merge;
  const end = offset + operand.length;
  const padded = value.padEnd(end, "\0");
  const before = padded.slice(offset, end) as ByteString;
  let after = "";
  for (let at = 0; at < operand.length; at += width) {
    const stored = before.slice(at, at + width);
    const given = operand.slice(at, at + width);
    after += merge.fn === "set" ? given : element(merge, stored, given);
  }
  return {
    value: (padded.slice(0, offset) + after + padded.slice(end)) as ByteString,
    before,
    after: after as ByteString,
  };
}

function element({ fn, width }: Combination, stored: string, given: string): string {
  const [a, b] = [unsigned(stored), unsigned(given)];
  if (fn === "or") return bytes(a | b, width);
  if (fn === "max") return bytes(a > b ? a : b, width);
  const bits = width * 8;
  const sum = BigInt.asIntN(bits, a) + BigInt.asIntN(bits, b);
  if (sum !== BigInt.asIntN(bits, sum) || !Number.isSafeInteger(Number(sum))) {
    throw new HoldfastError("OUT_OF_RANGE", `the sum ${sum} does not fit`);
  }
  return bytes(BigInt.asUintN(bits, sum), width);
}

function unsigned(littleEndian: string): bigint {
  let number = 0n;
  for (const byte of [...littleEndian].reverse()) number = number * 256n + BigInt(byte.charCodeAt(0));
  return number;
}

function bytes(number: bigint, width: number): string {
  let text = "";
  for (let at = 0; at < width; at++) text += String.fromCharCode(Number((number >> BigInt(8 * at)) & 255n));
  return text;
}
