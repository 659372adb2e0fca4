/**
 * The main door. It loads in a browser too: what only Node can do comes by dynamic import once `open` is asked for it.
 */
export { type Clock, systemClock, type Timer } from "./base/clock.ts";
export { type Random, seededRandom, systemRandom } from "./base/random.ts";
export type { CallOptions } from "./contract/call-options.ts";
export type { Capabilities } from "./contract/capabilities.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorKind,
  HoldfastError,
  type HoldfastErrorOptions,
  isHoldfastError,
  type WriteOutcome,
} from "./contract/errors.ts";
export { NO_END } from "./contract/key-range.ts";
export { NO_LEASE } from "./contract/key-value.ts";
export type { Limits } from "./contract/limits.ts";
export type { SortTarget } from "./contract/range.ts";
export type { RevokeResult, Store, StoreSnapshot, StoreStatus } from "./contract/store.ts";
export type { Comparison, MergeFunction, MergeWidth } from "./contract/txn.ts";
export type {
  IntervalChoice,
  Key,
  KeyChoice,
  KeySelector,
  PrefixChoice,
  RangeChoice,
  Value,
} from "./database/arguments.ts";
export { Database } from "./database/database.ts";
export type {
  ConditionalResult,
  CreateResult,
  DeletionResult,
  PutOptions,
  PutResult,
  UpdateOptions,
  WriteOptions,
} from "./database/database-writes.ts";
export { KeyValue } from "./database/key-value.ts";
export { Lease, type LeaseOptions } from "./database/lease.ts";
export type { LeaseInfo } from "./database/lease-info.ts";
export type { Consistency, KeyValueList, ListOptions, ReadOptions } from "./database/range-request.ts";
export { Scan, type ScanOptions } from "./database/scan.ts";
export type { TransactOptions, TransactResult } from "./database/transact.ts";
export {
  Transaction,
  type TransactionListOptions,
  type TransactionPutOptions,
} from "./database/transaction.ts";
export type {
  NestedTxn,
  NestedTxnResponse,
  TxnAppend,
  TxnAppendResponse,
  TxnCondition,
  TxnDelete,
  TxnDeleteResponse,
  TxnGet,
  TxnGetResponse,
  TxnMerge,
  TxnMergeResponse,
  TxnOperation,
  TxnOptions,
  TxnPut,
  TxnPutResponse,
  TxnRange,
  TxnRangeResponse,
  TxnRequest,
  TxnResponse,
  TxnResponses,
  TxnResult,
} from "./database/txn-types.ts";
export { View } from "./database/view.ts";
export type { ViewChange, ViewDelete, ViewPut, ViewResync, ViewSynced } from "./database/view-feed.ts";
export { Watch, type WatchBatch, WatchEvent, type WatchOptions } from "./database/watch.ts";
export type { Durability } from "./engines/file/options.ts";
export type { HistoryRetention } from "./engines/local/history-keeper.ts";
export { createDatabase, type DatabaseOptions, type OpenOptions, open } from "./open.ts";
