/** What the log of a directory says as of one moment, read while its owner may be writing. */
import { isHoldfastError } from "../../contract/errors.ts";
import { listSegments } from "../../disk/directory-layout.ts";
import { corruptDirectory } from "./corruption.ts";
import { LogState } from "./log-state.ts";
import { type NewestLog, type StoreSource, scanNewest, visitFrames } from "./segment-scan.ts";

/** The log as of one moment, and the segments that belonged to the store then. */
export interface LogView {
  readonly newest: NewestLog;
  readonly state: LogState;
}

/** A file that is read while it grows may show a later frame and not yet an earlier one: it is then read again. */
const ATTEMPTS = 5;

/** @throws {HoldfastError} CORRUPT */
export async function readLogView(source: StoreSource): Promise<LogView> {
  for (let attempt = 1; ; attempt++) {
    try {
      const newest = await findNewest(source);
      const state = new LogState(newest.preamble);
      visitFrames(
        source,
        newest,
        state.visitor(() => {}),
      );
      state.segments.delete(newest.name.id);
      return { newest, state };
    } catch (error) {
      if (!isHoldfastError(error, "CORRUPT") || attempt === ATTEMPTS) throw error;
    }
  }
}

async function findNewest(source: StoreSource): Promise<NewestLog> {
  const names = await listSegments(source.fs, source.layout);
  for (const name of names.filter(({ kind }) => kind === "log").reverse()) {
    const newest = await scanNewest(source, name);
    if (newest !== undefined) return newest;
  }
  throw corruptDirectory(source.layout, "it has no log segment");
}
