/** What comes in beside options: values on standard input, keys and values in base64. */
import { createReadStream } from "node:fs";
import { type ByteString, fromBytes, fromText, isWellFormed } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import { fromBase64 } from "./byte-text.ts";

export interface BytesOptions {
  /** Keys and values among the arguments are base64. */
  readonly base64?: boolean | undefined;
}

/** A key, prefix or value from the command line. @throws {HoldfastError} INVALID_ARGUMENT */
export function argumentBytes(text: string, what: string, { base64 }: BytesOptions): ByteString {
  if (base64 === true) return fromBase64(text, what);
  if (isWellFormed(text)) return fromText(text);
  throw new HoldfastError("INVALID_ARGUMENT", `${what} is not valid text: give its bytes with --base64`);
}

/** @throws {HoldfastError} INVALID_ARGUMENT: also where it is empty */
export function argumentKey(text: string, options: BytesOptions): ByteString {
  const key = argumentBytes(text, "the key", options);
  if (key === "") throw new HoldfastError("INVALID_ARGUMENT", "the key must not be empty");
  return key;
}

/** Everything on standard input. @throws {HoldfastError} LIMIT_EXCEEDED beyond `bytesMax` */
export async function readStandardInput(bytesMax: number): Promise<ByteString> {
  return fromBytes(await collect(process.stdin, "standard input", bytesMax));
}

/** A whole file; `-` is standard input. @throws {HoldfastError} NOT_FOUND, IO, LIMIT_EXCEEDED */
export async function readInput(path: string, bytesMax: number): Promise<Buffer> {
  return path === "-"
    ? collect(process.stdin, "standard input", bytesMax)
    : collect(chunksOf(path), path, bytesMax);
}

/** The bytes of a file as they come; `-` is standard input. Iterating throws NOT_FOUND or IO where it cannot be read. */
export async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  if (path === "-") {
    yield* process.stdin as AsyncIterable<Uint8Array>;
    return;
  }
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const why = missing ? "it is not there" : (cause as Error).message;
    const hint = "check the path";
    throw new HoldfastError(missing ? "NOT_FOUND" : "IO", `could not read ${path}: ${why}`, {
      cause,
      details: { file: path, hint },
    });
  }
}

async function collect(source: AsyncIterable<Uint8Array>, what: string, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax) {
      throw new HoldfastError(
        "LIMIT_EXCEEDED",
        `${what} has more than the ${bytesMax} bytes that are allowed`,
        {
          details: { max: bytesMax },
        },
      );
    }
  }
  return Buffer.concat(chunks);
}
