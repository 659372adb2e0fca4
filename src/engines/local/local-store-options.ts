/** What an engine hands to the local store that it is made of. */
import type { Clock } from "../../base/clock.ts";
import type { Defer } from "../../base/defer.ts";
import type { Random } from "../../base/random.ts";
import type { Capabilities } from "../../contract/capabilities.ts";
import type { Limits } from "../../contract/limits.ts";
import type { MvccState } from "../../mvcc/mvcc-state.ts";
import type { HistoryRetention } from "./history-keeper.ts";
import type { Journal } from "./journal.ts";

export interface LocalStoreOptions {
  /** What `status` calls it. */
  readonly engine: string;
  readonly state: MvccState;
  /** Absent: nothing outlives the process. */
  readonly journal?: Journal | undefined;
  readonly historyId: string;
  readonly limits: Limits;
  readonly capabilities: Capabilities;
  readonly clock: Clock;
  readonly random?: Random | undefined;
  readonly defer?: Defer | undefined;
  readonly history?: HistoryRetention | undefined;
  readonly readOnly?: boolean | undefined;
}
