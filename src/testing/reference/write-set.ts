/** The rule that a transaction writes a key once, for the model. */
import type { ByteString } from "../../base/byte-string.ts";
import { HoldfastError } from "../../contract/errors.ts";
import { type KeyRange, rangeHas } from "../../contract/key-range.ts";
import type { Operation, TxnBranches } from "../../contract/txn.ts";

export type Write =
  | { readonly kind: "put" | "merge"; readonly key: ByteString }
  | { readonly kind: "delete"; readonly range: KeyRange };

export class WriteSet {
  readonly #keys = new Map<ByteString, "put" | "merge">();
  readonly #deletes: KeyRange[] = [];

  /** @throws {HoldfastError} DUPLICATE_KEY where the write may not stand beside one recorded earlier */
  check(write: Write): void {
    if (write.kind === "delete") {
      for (const key of this.#keys.keys()) if (rangeHas(write.range, key)) throw duplicate(key);
      return;
    }
    const earlier = this.#keys.get(write.key);
    const bothMerge = earlier === "merge" && write.kind === "merge";
    const deleted = this.#deletes.some((range) => rangeHas(range, write.key));
    if (deleted || (earlier !== undefined && !bothMerge)) throw duplicate(write.key);
  }

  record(write: Write): void {
    if (write.kind === "delete") this.#deletes.push(write.range);
    else if (this.#keys.get(write.key) !== "put") this.#keys.set(write.key, write.kind);
  }
}

function duplicate(key: ByteString): HoldfastError {
  return new HoldfastError("DUPLICATE_KEY", `one transaction would write ${JSON.stringify(key)} twice`);
}

/**
 * What can be told without running anything. Both branches are checked, taken or not, and against what stands
 * beside it a nested transaction counts with everything that it might do. The key of an append's new entry is
 * not known yet.
 */
export function checkWrittenOnce(txn: TxnBranches): void {
  writesOf(txn.success);
  writesOf(txn.failure);
}

function writesOf(operations: readonly Operation[]): readonly Write[] {
  const met = new WriteSet();
  const all: Write[] = [];
  for (const operation of operations) {
    const writes = writesOfOne(operation);
    for (const write of writes) met.check(write);
    for (const write of writes) {
      met.record(write);
      all.push(write);
    }
  }
  return all;
}

function writesOfOne(operation: Operation): readonly Write[] {
  switch (operation.type) {
    case "put":
    case "merge":
      return [{ kind: operation.type, key: operation.key }];
    case "append":
      return [{ kind: "merge", key: operation.sequence }];
    case "delete":
      return [{ kind: "delete", range: operation }];
    case "txn":
      return [...writesOf(operation.success), ...writesOf(operation.failure)];
    case "range":
      return [];
  }
}
