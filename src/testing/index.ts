/**
 * The door `holdfast/testing`: everything to prove a store, or a program that stands on one. A suite that every
 * store must pass, a clock that is moved by hand, a model to compare with, and checkers for what was observed.
 */
export {
  conformance,
  type OpenOptions,
  type SkippedTest,
  type StoreFixture,
  type TestRunner,
} from "./conformance/index.ts";
export { createFakeClock, type FakeClock, type FakeClockOptions } from "./fake-clock.ts";
export { createHistoryRecorder, type HistoryRecorder } from "./history-recorder.ts";
export {
  checkLinearizability,
  type HistoryOperation,
  type Linearizability,
  type Model,
} from "./linearizability.ts";
export { createReferenceStore, type ReferenceStoreOptions } from "./reference-store.ts";
export {
  type RegisterInput,
  type RegisterOutput,
  type RegisterState,
  registerModel,
} from "./register-model.ts";
export { type StoreInput, type StoreOutput, type StoreState, storeModel } from "./store-model.ts";
export {
  checkWatch,
  type ObservedWatch,
  type WatchGuarantee,
  type WatchViolation,
} from "./watch-checker.ts";
