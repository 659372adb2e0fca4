import { expect, test } from "vitest";
import { type ByteString, fromText } from "../base/byte-string.ts";
import { asBlock, fromBase64, jsonField, onOneLine, quoted } from "./byte-text.ts";

const bytes = (text: string) => text as ByteString;

test("text is printed as it is, in any script", () => {
  for (const text of ["/config/timeout", "grüße 日本 😀", '{"a": "b"}', "back\\slash", ""]) {
    expect(onOneLine(fromText(text))).toBe(text);
  }
});

test("bytes that are not UTF-8 are quoted, byte by byte", () => {
  expect(onOneLine(bytes('a\xff\x00\n"\\'))).toBe('"a\\xff\\x00\\n\\"\\\\"');
  expect(onOneLine(bytes("\xc3"))).toBe('"\\xc3"');
});

test("text with controls or marks that hide or turn text is quoted, with those as bytes", () => {
  expect(onOneLine(bytes("a\tb\r\n"))).toBe('"a\\tb\\r\\n"');
  expect(onOneLine(bytes("\x1b[31mred"))).toBe('"\\x1b[31mred"');
  expect(onOneLine(fromText("ab\u202ecd é"))).toBe('"ab\\xe2\\x80\\xaecd é"');
  expect(onOneLine(fromText("\ufeffbom"))).toBe('"\\xef\\xbb\\xbfbom"');
});

test("a block keeps line breaks and tabs, and nothing else that is unprintable", () => {
  expect(asBlock(bytes("a\n\tb\n"))).toBe("a\n\tb\n");
  expect(asBlock(bytes("a\r\n"))).toBe('"a\\r\\n"');
});

test("a quoted key shows where it begins and ends", () => {
  expect(quoted(bytes("a b"))).toBe('"a b"');
});

test("JSON carries text as text and other bytes as base64 under another name", () => {
  expect(jsonField("key", fromText("grüße\n"))).toEqual({ key: "grüße\n" });
  expect(jsonField("key", bytes("\xff\x00"))).toEqual({ keyBase64: "/wA=" });
});

test("base64 is taken with and without padding, and nothing else", () => {
  expect(fromBase64("/wA=", "x")).toBe("\xff\x00");
  expect(fromBase64("/wA", "x")).toBe("\xff\x00");
  expect(fromBase64("", "x")).toBe("");
  for (const text of ["/w A", "?", "a", "/wB="]) {
    expect(() => fromBase64(text, "the key")).toThrow("the key is not base64");
  }
});
