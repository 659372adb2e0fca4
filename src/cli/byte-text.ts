/**
 * Bytes for people and for machines. On a terminal: text as it is, and whatever could not be told apart or would
 * move the cursor in quotes with `\n` and `\xNN`. In JSON: a text field, or the same field with `Base64` behind its
 * name where the bytes are not UTF-8. Both forms can be given back to the command line.
 */
import { type ByteString, fromBytes, fromText, toBytes, toTextStrict } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";

/** Controls, invisible marks, and marks that turn the direction of the text around them. */
const UNPRINTABLE =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff0-\uffff]|\p{Surrogate}/u;
/** The same but for line breaks and tabs, which a value on lines of its own may hold. */
const UNPRINTABLE_IN_BLOCK =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff0-\uffff]|\p{Surrogate}/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
};

/** On one line, whatever the bytes are. */
export function onOneLine(bytes: ByteString): string {
  const text = toTextStrict(bytes);
  return text !== undefined && !UNPRINTABLE.test(text) ? text : quoted(bytes);
}

/** As it is, line breaks too, if it is text; else quoted on one line. */
export function asBlock(bytes: ByteString): string {
  const text = toTextStrict(bytes);
  return text !== undefined && !UNPRINTABLE_IN_BLOCK.test(text) ? text : quoted(bytes);
}

/** A key inside a sentence. */
export function quoted(bytes: ByteString): string {
  const text = toTextStrict(bytes);
  let result = "";
  for (const char of text ?? bytes) result += SHORT_ESCAPES[char] ?? escaped(char, text !== undefined);
  return `"${result}"`;
}

/** @param isText the character is one of a text; else it stands for one byte */
function escaped(char: string, isText: boolean): string {
  if (isText ? !UNPRINTABLE.test(char) : /[\x20-\x7e]/.test(char)) return char;
  const bytes = isText ? fromText(char) : char;
  return Array.from(bytes, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
}

/** `{ key: "…" }`, or `{ keyBase64: "…" }` where the bytes are not UTF-8. */
export function jsonField(name: string, bytes: ByteString): Record<string, string> {
  const text = toTextStrict(bytes);
  if (text !== undefined) return { [name]: text };
  return { [`${name}Base64`]: Buffer.from(toBytes(bytes)).toString("base64") };
}

/** @throws {HoldfastError} INVALID_ARGUMENT */
export function fromBase64(text: string, what: string): ByteString {
  const bytes = Buffer.from(text, "base64");
  const plain = text.replace(/=+$/, "");
  if (bytes.toString("base64").replace(/=+$/, "") !== plain) {
    throw new HoldfastError("INVALID_ARGUMENT", `${what} is not base64: ${JSON.stringify(text)}`);
  }
  return fromBytes(bytes);
}
