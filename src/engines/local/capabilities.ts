/** What the engines that run the state machine themselves can do. */
import type { Capabilities } from "../../contract/capabilities.ts";

export const LOCAL_CAPABILITIES: Omit<Capabilities, "durable"> = {
  nativeMerge: true,
  repeatedMerge: true,
  millisecondLeases: true,
  snapshot: true,
  exactlyOnceRetry: false,
};
