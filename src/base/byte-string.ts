/**
 * Bytes held as a string with one character per byte (character codes 0 to 255).
 *
 * Keys and small values live in this form everywhere inside Holdfast: it is immutable (no caller can change
 * what it handed in), V8 stores it at one byte per character, `<` compares it in byte order (which UTF-16
 * strings and JavaScript's default order do not), and it is a key of a `Map`. ASCII text is its own
 * ByteString, so the common case converts for free.
 */

declare const byteString: unique symbol;
export type ByteString = string & { readonly [byteString]: true };

export const EMPTY = "" as ByteString;

const NOT_ASCII = /[^\x00-\x7f]/;
/** Above this many bytes `String.fromCharCode(...)` risks the argument limit. */
const CHUNK = 8192;

/** The two Buffer methods that copy between bytes and one-byte strings fastest; Node's types leave them out. */
interface Latin1Buffer {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number): number;
}

const NodeBuffer = globalThis.Buffer as typeof Buffer | undefined;

function latin1(bytes: Uint8Array): Latin1Buffer {
  return NodeBuffer!.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as unknown as Latin1Buffer;
}
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function isAscii(text: string): boolean {
  // As many UTF-8 bytes as characters: Node counts them twenty times faster than a pattern finds one.
  if (NodeBuffer !== undefined) return NodeBuffer.byteLength(text) === text.length;
  return !NOT_ASCII.test(text);
}

/** UTF-8 bytes of a text. A lone surrogate becomes U+FFFD, as in every UTF-8 encoder: check {@link isWellFormed} first. */
export function fromText(text: string): ByteString {
  return isAscii(text) ? (text as ByteString) : fromBytes(encoder.encode(text));
}

/** The text whose UTF-8 form these bytes are; invalid sequences read as U+FFFD. */
export function toText(bytes: ByteString): string {
  return isAscii(bytes) ? bytes : decoder.decode(toBytes(bytes));
}

/** The text, or undefined where the bytes are not valid UTF-8. */
export function toTextStrict(bytes: ByteString): string | undefined {
  if (isAscii(bytes)) return bytes;
  try {
    return strictDecoder.decode(toBytes(bytes));
  } catch {
    return undefined;
  }
}

/** False where the text holds a lone surrogate, which no UTF-8 can carry. */
export function isWellFormed(text: string): boolean {
  return isAscii(text) || !/\p{Surrogate}/u.test(text);
}

export function fromBytes(bytes: Uint8Array): ByteString {
  if (NodeBuffer !== undefined) {
    return latin1(bytes).latin1Slice() as ByteString;
  }
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return text as ByteString;
}

/** A fresh array that the caller owns. */
export function toBytes(bytes: ByteString): Uint8Array {
  const result = new Uint8Array(bytes.length);
  if (NodeBuffer !== undefined) {
    latin1(result).latin1Write(bytes);
    return result;
  }
  for (let at = 0; at < bytes.length; at++) result[at] = bytes.charCodeAt(at);
  return result;
}

export function concat(...parts: ByteString[]): ByteString {
  return parts.join("") as ByteString;
}

/** The smallest byte string greater than `key`: the exclusive end of the range that holds `key` alone. */
export function successor(key: ByteString): ByteString {
  return `${key}\0` as ByteString;
}

/** The exclusive end of all keys that start with `prefix`; undefined where there is none (empty or all 0xff). */
export function prefixEnd(prefix: ByteString): ByteString | undefined {
  let length = prefix.length;
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length--;
  if (length === 0) return undefined;
  const last = String.fromCharCode(prefix.charCodeAt(length - 1) + 1);
  return (prefix.slice(0, length - 1) + last) as ByteString;
}

export function compare(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** For messages: quoted, with unprintable bytes as \xNN, cut at `max` characters. */
export function printable(bytes: ByteString, max = 80): string {
  const text = toTextStrict(bytes) ?? bytes;
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return JSON.stringify(cut);
}
