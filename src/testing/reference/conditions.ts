/** The model's conditions. */
import { NO_LEASE } from "../../contract/key-value.ts";
import type { Comparison, Condition } from "../../contract/txn.ts";
import { pairsIn, type State } from "./state.ts";

export function allHold(kvs: State["kvs"], conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => holds(kvs, condition));
}

function holds(kvs: State["kvs"], condition: Condition): boolean {
  const found = pairsIn(kvs, condition);
  if (condition.target === "value") {
    return found.length > 0 && found.every((kv) => compares(kv.value, condition.is, condition.to));
  }
  if (condition.target === "lease") {
    const leases = found.length > 0 ? found.map((kv) => kv.leaseId) : [NO_LEASE];
    return leases.every((leaseId) => compares(leaseId, condition.is, condition.to));
  }
  const { target, is, to } = condition;
  const numbers = found.length > 0 ? found.map((kv) => kv[target]) : [0];
  return numbers.every((number) => compares(number, is, to));
}

function compares<T extends string | number | bigint>(left: T, is: Comparison, right: T): boolean {
  switch (is) {
    case "=":
      return left === right;
    case "!=":
      return left !== right;
    case ">":
      return left > right;
    case "<":
      return left < right;
  }
}
