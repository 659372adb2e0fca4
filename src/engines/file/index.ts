/**
 * The file engine: the state machine of every local store, with a log in a directory under it. This file puts the
 * parts together; ARCHITECTURE.md says what they are.
 */
import { randomHex128 } from "../../base/random.ts";
import { HoldfastError } from "../../contract/errors.ts";
import { EMBEDDED_LIMITS } from "../../contract/limits.ts";
import type { Store } from "../../contract/store.ts";
import {
  CHECKPOINT_NAME,
  DirectoryLayout,
  DRAFT_SUFFIX,
  IDENTITY_NAME,
  makeDurableDirectory,
} from "../../disk/directory-layout.ts";
import { readIdentity, type StoreIdentity } from "../../disk/identity.ts";
import { ioError, withIoErrors } from "../../disk/io-error.ts";
import { acquireDirectoryLock, type DirectoryLock } from "../../disk/lock-file.ts";
import { segmentSalt } from "../../disk/segment-header.ts";
import { SegmentWriter } from "../../disk/segment-writer.ts";
import { removeIfThere } from "../../disk/whole-file.ts";
import { MvccState } from "../../mvcc/mvcc-state.ts";
import { LOCAL_CAPABILITIES } from "../local/capabilities.ts";
import type { Journal } from "../local/journal.ts";
import { LocalStore } from "../local/local-store.ts";
import { createStoreDirectory, EMPTY_IMAGE } from "./create-directory.ts";
import { openImage } from "./directory-reader.ts";
import { LogWriter } from "./log-writer.ts";
import { Maintenance } from "./maintenance.ts";
import type { OpenSegment } from "./next-segment.ts";
import { type FileStoreOptions, type FileStoreSettings, fileStoreSettings } from "./options.ts";
import { ReadOnlyJournal } from "./read-only-journal.ts";
import { type Recovered, recover } from "./recovery.ts";
import { SegmentFiles } from "./segment-files.ts";
import { SegmentJournal } from "./segment-journal.ts";
import type { StoreSource } from "./segment-scan.ts";
import { ValueReader } from "./value-reader.ts";

export type { Durability, FileStoreLogger, FileStoreOptions, FileStoreTuning } from "./options.ts";

/**
 * Opens the store in a directory, or makes an empty one where there is none.
 * @throws {HoldfastError} INVALID_ARGUMENT (an option, or a directory that holds something else), LOCKED (details:
 *   pid), NOT_FOUND (read-only, and nothing is there), CORRUPT (details: segment, file, offset), UNKNOWN_FORMAT,
 *   READ_ONLY (a read-only file system), NO_SPACE, IO
 */
export async function openFileStore(directory: string, options: FileStoreOptions = {}): Promise<Store> {
  if (typeof directory !== "string" || directory === "") {
    throw new HoldfastError("INVALID_ARGUMENT", "a file store needs the path of a directory");
  }
  const settings = fileStoreSettings(options);
  const layout = new DirectoryLayout(directory);
  return await withIoErrors(`open ${directory}`, () =>
    settings.readOnly ? openReadOnly(directory, settings) : openOwned(layout, settings),
  );
}

async function openReadOnly(directory: string, settings: FileStoreSettings): Promise<Store> {
  const source = await openImage(settings.fs, directory, settings);
  const state = new MvccState();
  state.load(source.image, settings.clock.monotonicMs());
  return localStore(state, new ReadOnlyJournal(source), source.identity, settings);
}

function localStore(
  state: MvccState,
  journal: Journal,
  { historyId }: StoreIdentity,
  { clock, random, defer, history, readOnly }: FileStoreSettings,
): Store {
  const capabilities = { ...LOCAL_CAPABILITIES, durable: true };
  const ports = { clock, random, defer };
  const limits = EMBEDDED_LIMITS;
  return new LocalStore({
    engine: "file",
    state,
    journal,
    historyId,
    limits,
    capabilities,
    ...ports,
    history,
    readOnly,
  });
}

async function openOwned(layout: DirectoryLayout, settings: FileStoreSettings): Promise<Store> {
  await makeDurableDirectory(settings.fs, layout.directory);
  const lock = settings.lock ? await acquireDirectoryLock(layout.directory, settings) : undefined;
  try {
    return await openLocked(layout, settings, lock);
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

async function openLocked(
  layout: DirectoryLayout,
  settings: FileStoreSettings,
  lock: DirectoryLock | undefined,
): Promise<Store> {
  const identity = await identityOrNew(layout, settings);
  const source: StoreSource = { fs: settings.fs, layout, historyId: identity.logId };
  const recovered = await recover(source, settings.inlineValueBytesMax);
  const active = await takeOver(source, settings, recovered);
  try {
    return await assemble({ layout, settings, identity, recovered, active, lock });
  } catch (error) {
    await active.writer.file.close().catch(() => {});
    throw error;
  }
}

async function identityOrNew(layout: DirectoryLayout, settings: FileStoreSettings): Promise<StoreIdentity> {
  const { fs, clock, random } = settings;
  const known = await readIdentity(fs, layout);
  if (known !== undefined) return known;
  const historyId = randomHex128(random);
  const createdMs = Math.floor(clock.nowMs());
  const fresh = { image: EMPTY_IMAGE, historyId, createdMs, fileSystem: fs };
  await createStoreDirectory(layout.directory, fresh);
  return { historyId, logId: historyId, createdMs };
}

interface Parts {
  readonly layout: DirectoryLayout;
  readonly settings: FileStoreSettings;
  readonly identity: StoreIdentity;
  readonly recovered: Recovered;
  readonly active: OpenSegment;
  readonly lock: DirectoryLock | undefined;
}

async function assemble({ layout, settings, identity, recovered, active, lock }: Parts): Promise<Store> {
  const { fs, clock } = settings;
  const { table, covered, nextSequence } = recovered;
  const historyId = identity.logId;
  const state = new MvccState();
  state.load(recovered.image, clock.monotonicMs());
  const files = new SegmentFiles(fs, layout);
  const values = new ValueReader({ layout, files, table, cacheBytes: settings.valueCacheBytes });
  const log = new LogWriter({
    ...{ settings, layout, historyId, state, table, active, nextSequence },
    onSyncFailed: (error) => journal.fail(error),
  });
  await log.rollIfFull();
  const journal: SegmentJournal = new SegmentJournal({
    ...{ settings, log, table, values },
    async beforeClose() {
      await maintenance.close();
      const leases = state.leaseImages(clock.monotonicMs());
      await journal.logClosed({ compactRevision: state.compactRevision, leases });
    },
    async afterClose() {
      await files.close();
      await lock?.release();
    },
  });
  const maintenance = new Maintenance({ settings, layout, historyId, state, table, files, journal, covered });
  journal.checkpointBytes = recovered.checkpointBytes;
  journal.onWritten = () => maintenance.poke();
  state.onDropped = (version) => journal.dropped(version);
  if (recovered.wasClosed && recovered.image.leases.length > 0) await journal.logOpened();
  return localStore(state, journal, identity, settings);
}

/** Removes what is no part of the store, cuts a torn tail, and opens the log for writing. */
async function takeOver(
  { fs, layout, historyId }: StoreSource,
  settings: FileStoreSettings,
  recovered: Recovered,
): Promise<OpenSegment> {
  const { active, activeFileBytes, tornBytes, leftovers } = recovered;
  for (const name of leftovers) await removeIfThere(fs, layout.segment(name));
  for (const name of [IDENTITY_NAME, CHECKPOINT_NAME]) {
    await removeIfThere(fs, `${layout.directory}/${name}${DRAFT_SUFFIX}`);
  }
  const path = layout.segment(active);
  const file = await fs.open(path, "write");
  const { extentBytes } = settings;
  const writer = new SegmentWriter(file, { end: active.bytes, allocated: activeFileBytes, extentBytes });
  try {
    if (tornBytes > 0) await writer.cutBack();
    // What a killed process had written and not synced is served from now on, so it must not be lost any more.
    else if (!recovered.wasClosed) await file.sync();
  } catch (error) {
    await file.close();
    throw ioError(error, tornBytes > 0 ? `cut a torn tail off ${path}` : `sync ${path}`);
  }
  if (tornBytes > 0) {
    const facts = { segment: active.id, offset: active.bytes, bytes: tornBytes };
    settings.logger.info?.("cut a torn tail, which was never acknowledged", facts);
  }
  return { segment: active, writer, salt: segmentSalt(historyId, active.id) };
}
