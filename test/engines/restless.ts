/** A tuning of the file engine under which everything happens within a few dozen writes. */
import type { FileStoreTuning } from "../../src/engines/file/options.ts";

/** Every value on disk alone, many segments, checkpoints and merging all the time. */
export const RESTLESS: FileStoreTuning = {
  segmentBytes: 4_096,
  extentBytes: 0,
  inlineValueBytesMax: 0,
  valueCacheBytes: 0,
  checkpointBytes: 8_192,
  checkpointAtCloseBytes: 1,
  mergeAboveRatio: 1.1,
  mergeAboveBytes: 0,
};
