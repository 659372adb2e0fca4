import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { EMPTY, fromBytes, fromText } from "../base/byte-string.ts";
import { KeyValue } from "./key-value.ts";

function pair(value: string | Uint8Array, key: string | Uint8Array = "k"): KeyValue {
  const bytes = (input: string | Uint8Array) =>
    typeof input === "string" ? fromText(input) : fromBytes(input);
  return new KeyValue({
    key: bytes(key),
    value: bytes(value),
    revision: 7,
    createRevision: 3,
    version: 2,
    leaseId: 5n,
  });
}

describe("KeyValue", () => {
  it("gives key, value and facts of the write", () => {
    const kv = pair("grüße", "schlüssel");
    expect(kv.key).toBe("schlüssel");
    expect(new TextDecoder().decode(kv.keyBytes)).toBe("schlüssel");
    expect(kv.text()).toBe("grüße");
    expect(new TextDecoder().decode(kv.value)).toBe("grüße");
    expect([kv.revision, kv.createRevision, kv.version, kv.leaseId]).toEqual([7, 3, 2, 5n]);
  });

  it("keeps a byte order mark in keys and values", () => {
    const kv = pair("\uFEFFv", "\uFEFFk");
    expect(kv.key).toBe("\uFEFFk");
    expect(kv.text()).toBe("\uFEFFv");
  });

  it("gives the same value array each time, which changes nothing else", () => {
    const kv = pair("abc");
    kv.value[0] = 0x7a;
    expect(kv.value).toBe(kv.value);
    expect(kv.value[0]).toBe(0x7a);
    expect(kv.text()).toBe("abc");
  });

  it("reads a key that is not UTF-8 with U+FFFD and gives its bytes exactly", () => {
    const kv = pair("", Uint8Array.of(0xff, 0x61));
    expect(kv.key).toBe("\uFFFDa");
    expect([...kv.keyBytes]).toEqual([0xff, 0x61]);
  });

  it("parses JSON", () => {
    expect(pair('{"a":[1,2]}').json<{ a: number[] }>()).toEqual({ a: [1, 2] });
  });

  it.each([
    ["malformed JSON", "{"],
    ["an empty value", ""],
    ["invalid UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
  ])("refuses %s as JSON with CODEC", (_, value) => {
    expect(() => pair(value).json()).toThrow(
      expect.objectContaining({ code: "CODEC", details: { key: "k", revision: 7 } }),
    );
  });

  it("refuses invalid UTF-8 as text with CODEC", () => {
    expect(() => pair(Uint8Array.of(0xc3, 0x28)).text()).toThrow(expect.objectContaining({ code: "CODEC" }));
  });

  it("prints its key, its value and its facts", () => {
    expect(inspect(pair("30s"))).toMatch(/key: 'k',\s+value: '30s',\s+revision: 7/);
    expect(inspect(pair(Uint8Array.of(0xff)))).toContain("Uint8Array");
  });

  it("is equal to another pair only where key, value and facts are", () => {
    expect(pair("a")).toEqual(pair("a"));
    expect(pair("a")).not.toEqual(pair("b"));
    expect(pair("a", "x")).not.toEqual(pair("a", "y"));
    expect(pair(EMPTY)).toEqual(pair(new Uint8Array()));
  });
});
