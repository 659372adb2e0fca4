/** The contract, in one place for the rooms that build on it. */
export * from "./call-options.ts";
export * from "./capabilities.ts";
export * from "./errors.ts";
export * from "./key-range.ts";
export * from "./key-value.ts";
export * from "./lease.ts";
export * from "./limits.ts";
export * from "./range.ts";
export * from "./store.ts";
export * from "./txn.ts";
export * from "./watch.ts";
