/** Evaluates the conditions of a transaction against the state before it. */
import type { Comparison, Condition } from "../contract/txn.ts";
import type { KeyIndex } from "./key-index.ts";
import type { ValueSource } from "./spilled-values.ts";
import type { Version } from "./version.ts";

/** True where all conditions hold. */
export function allHold(conditions: readonly Condition[], index: KeyIndex, values: ValueSource): boolean {
  for (const condition of conditions) {
    if (!holds(condition, index, values)) return false;
  }
  return true;
}

function holds(condition: Condition, index: KeyIndex, values: ValueSource): boolean {
  if (condition.end === undefined) {
    const head = index.get(condition.key)?.head;
    return compareOne(condition, head?.isTombstone === true ? undefined : head, values);
  }
  const found: Version[] = [];
  index.visit(condition, (record) => {
    if (!record.head.isTombstone) found.push(record.head);
    return undefined;
  });
  if (found.length === 0) return compareOne(condition, undefined, values);
  if (condition.target === "value") values.require(found);
  return found.every((version) => compareOne(condition, version, values));
}

function compareOne(condition: Condition, version: Version | undefined, values: ValueSource): boolean {
  switch (condition.target) {
    case "value":
      // An absent key has no value to compare: false under every operator, as in etcd.
      return version !== undefined && compare(values.of(version), condition.is, condition.to);
    case "lease":
      return compare(version?.leaseId ?? 0n, condition.is, condition.to);
    default:
      return compare(version?.[condition.target] ?? 0, condition.is, condition.to);
  }
}

function compare<T extends string | number | bigint>(actual: T, is: Comparison, to: T): boolean {
  switch (is) {
    case "=":
      return actual === to;
    case "!=":
      return actual !== to;
    case ">":
      return actual > to;
    case "<":
      return actual < to;
  }
}
