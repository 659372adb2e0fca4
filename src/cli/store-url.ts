/** Which directory a store URL or a path on the command line means. */
import { fileURLToPath } from "node:url";
import { HoldfastError } from "../contract/errors.ts";

/**
 * The directory of a `file:` URL: `file:./data`, `file:/var/lib/app`, `file:///var/lib/app`. Undefined for another scheme.
 * @throws {HoldfastError} INVALID_ARGUMENT
 */
export function directoryOfUrl(url: string): string | undefined {
  if (!/^file:/i.test(url)) return undefined;
  const path = url.slice("file:".length);
  if (path === "")
    throw new HoldfastError("INVALID_ARGUMENT", `${url} names no directory; say file:./data for instance`);
  if (!path.startsWith("//")) return path;
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new HoldfastError("INVALID_ARGUMENT", `${url} is no store URL: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The store's directory, for what works on files. @throws {HoldfastError} UNSUPPORTED where it has none */
export function requireDirectory(url: string): string {
  const directory = directoryOfUrl(url);
  if (directory !== undefined) return directory;
  throw new HoldfastError("UNSUPPORTED", `${url} is not a directory; this works on a store named file:DIR`);
}

/** A directory given as an argument: a path or a `file:` URL; where absent, the store's. */
export function directoryArgument(argument: string | undefined, storeUrl: string): string {
  if (argument === undefined) return requireDirectory(storeUrl);
  return directoryOfUrl(argument) ?? argument;
}
