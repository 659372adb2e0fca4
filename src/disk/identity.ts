/**
 * The file STORE: what kind of directory this is, in which format, and the id of its history. Written once, last
 * of all when a store is made: a directory with it is a whole store.
 */
import { HoldfastError } from "../contract/errors.ts";
import type { DirectoryLayout } from "./directory-layout.ts";
import type { FileSystem } from "./fs-port.ts";
import { readFileIfThere, replaceFile } from "./whole-file.ts";

/** The version of everything in a data directory; docs/FORMATS.md says what each means. */
export const FORMAT_VERSION = 1;
const FORMAT_NAME = "holdfast-store";
const HISTORY_ID = /^[0-9a-f]{32}$/;

export interface StoreIdentity {
  /** Names the line of history that clients see. 32 hexadecimal digits. */
  readonly historyId: string;
  /** What the checksums in segments and checkpoint are tied to: the same, unless the store was branched off another. */
  readonly logId: string;
  /** Wall time in milliseconds. */
  readonly createdMs: number;
}

/** @throws {HoldfastError} UNKNOWN_FORMAT naming both versions */
export function checkFormatVersion(version: number, file: string): void {
  if (version <= FORMAT_VERSION) return;
  throw new HoldfastError(
    "UNKNOWN_FORMAT",
    `${file} has format ${version}; this release reads formats up to ${FORMAT_VERSION}: use a newer release`,
    { details: { file, version, newestKnown: FORMAT_VERSION } },
  );
}

/** Undefined where there is none. @throws {HoldfastError} CORRUPT, UNKNOWN_FORMAT */
export async function readIdentity(
  fs: FileSystem,
  layout: DirectoryLayout,
): Promise<StoreIdentity | undefined> {
  const bytes = await readFileIfThere(fs, layout.identity);
  if (bytes === undefined) return undefined;
  const { format, version, historyId, logId, createdMs } = parse(bytes.toString("utf8"));
  if (format !== FORMAT_NAME || typeof version !== "number") throw damaged(layout.identity);
  checkFormatVersion(version, layout.identity);
  if (!isHistoryId(historyId) || !isHistoryId(logId) || typeof createdMs !== "number") {
    throw damaged(layout.identity);
  }
  return { historyId, logId, createdMs };
}

export async function writeIdentity(
  fs: FileSystem,
  layout: DirectoryLayout,
  identity: StoreIdentity,
): Promise<void> {
  const fields = { format: FORMAT_NAME, version: FORMAT_VERSION, ...identity };
  const text = Buffer.from(`${JSON.stringify(fields, undefined, 2)}\n`, "utf8");
  await replaceFile(fs, layout.identity, (draft) => draft.write(text, 0));
}

interface IdentityFields {
  readonly format?: unknown;
  readonly version?: unknown;
  readonly historyId?: unknown;
  readonly logId?: unknown;
  readonly createdMs?: unknown;
}

function isHistoryId(value: unknown): value is string {
  return typeof value === "string" && HISTORY_ID.test(value);
}

function parse(text: string): IdentityFields {
  try {
    return (JSON.parse(text) as IdentityFields | null) ?? {};
  } catch {
    return {};
  }
}

function damaged(file: string): HoldfastError {
  return new HoldfastError(
    "CORRUPT",
    `${file} is damaged: it should name the store's format and history; \`holdfast salvage\` reads the data without it`,
    { details: { file, offset: 0 } },
  );
}
