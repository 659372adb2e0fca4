/** The shapes of the JSON output that several commands share: docs/CLI.md describes them. */
import { fromBytes } from "../base/byte-string.ts";
import { type KeyValue, NO_LEASE } from "../contract/key-value.ts";
import type { KeyValue as DatabaseKeyValue } from "../database/key-value.ts";
import { jsonField } from "./byte-text.ts";
import type { JsonObject } from "./output.ts";

/** A key's state. Lease ids are strings: they may exceed what a JSON number carries. */
export function kvJson(kv: KeyValue, options: { readonly keysOnly?: boolean } = {}): JsonObject {
  const { revision, createRevision, version } = kv;
  return {
    ...jsonField("key", kv.key),
    ...(options.keysOnly === true ? {} : jsonField("value", kv.value)),
    revision,
    createRevision,
    version,
    ...leaseJson(kv.leaseId),
  };
}

export function leaseJson(leaseId: bigint): JsonObject {
  return leaseId === NO_LEASE ? {} : { leaseId: String(leaseId) };
}

/** The contract's pair in place of the facade's. */
export function plain(kv: DatabaseKeyValue): KeyValue {
  const { revision, createRevision, version, leaseId } = kv;
  return {
    key: fromBytes(kv.keyBytes),
    value: fromBytes(kv.value),
    revision,
    createRevision,
    version,
    leaseId,
  };
}

export function optionalPlain(kv: DatabaseKeyValue | undefined): KeyValue | undefined {
  return kv === undefined ? undefined : plain(kv);
}
