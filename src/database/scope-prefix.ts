/**
 * Where a scope's keys lie: under `@NAME/`. A `/` or `%` in the name is escaped, so that no name reaches into another
 * scope: `team-a` holds `@team-a/…`, its own scope `jobs` `@team-a/@jobs/…`, and `team-a/@jobs` `@team-a%2F@jobs/…`.
 */
import type { ByteString } from "../base/byte-string.ts";
import { invalidArgument, toKey } from "./arguments.ts";

export function scopePrefix(name: string): ByteString {
  if (typeof name !== "string") throw invalidArgument("name", "a scope's name must be a string");
  const escaped = name.replace(/[%/]/g, (character) => (character === "%" ? "%25" : "%2F"));
  return `@${toKey(escaped, "name")}/` as ByteString;
}
