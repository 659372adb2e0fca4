/**
 * Following the changes of a store, batch after batch, until told to stop.
 *
 * A directory belongs to one writer, so it is followed from outside: opened as it is, without a lock, read from
 * where one was to its newest revision, closed, and looked at again when its files have changed. Nothing is left
 * out, since every reading begins one past where the last one ended; if history has meanwhile been compacted
 * beyond that, the end is COMPACTED, as with any watch.
 */
import { HoldfastError } from "../contract/errors.ts";
import type { Store } from "../contract/store.ts";
import type { WatchBatch, WatchRequest } from "../contract/watch.ts";
import type { CommandContext } from "./context.ts";
import { DirectoryChanges } from "./directory-changes.ts";
import { noteOwner, openDirectory } from "./open-store.ts";

interface FollowOptions {
  readonly request: WatchRequest;
  /** Aborting it ends the iteration in peace. */
  readonly stop: AbortSignal;
  /** Called once it is certain that nothing from this revision on will be missed. */
  readonly onReady: (fromRevision: number) => void;
}

export async function* followStore(
  store: Store,
  { request, stop, onReady }: FollowOptions,
): AsyncGenerator<WatchBatch, void> {
  const watch = await store.watch(request);
  onReady(request.fromRevision ?? watch.startRevision + 1);
  const cancel = () => watch.cancel();
  stop.addEventListener("abort", cancel);
  try {
    for (;;) {
      const batch = await watch.next();
      if (batch === undefined || stop.aborted) return;
      yield batch;
    }
  } finally {
    stop.removeEventListener("abort", cancel);
    watch.cancel();
  }
}

export async function* followDirectory(
  context: CommandContext,
  directory: string,
  { request, stop, onReady }: FollowOptions,
): AsyncGenerator<WatchBatch, void> {
  await noteOwner(context, directory);
  using changes = new DirectoryChanges(directory, context.clock);
  let next = request.fromRevision;
  let historyId: string | undefined;
  while (!stop.aborted) {
    await changes.reading();
    const store = await openDirectory(directory);
    try {
      const status = await store.status();
      next ??= status.revision + 1;
      if (historyId === undefined) onReady(next);
      else if (historyId !== status.historyId) throw anotherHistory(directory);
      historyId = status.historyId;
      if (next <= status.revision) {
        yield* pastBatches(store, { ...request, fromRevision: next }, status.revision);
        next = status.revision + 1;
      }
    } finally {
      await store.close();
    }
    await changes.wait(stop);
  }
}

/** What has happened up to `revision`, which the store will not go beyond. */
async function* pastBatches(
  store: Store,
  request: WatchRequest,
  revision: number,
): AsyncGenerator<WatchBatch, void> {
  const watch = await store.watch(request);
  try {
    for (let reached = 0; reached < revision; ) {
      watch.requestProgress();
      const batch = await watch.next();
      if (batch === undefined) return;
      reached = batch.revision;
      if (batch.events.length > 0) yield batch;
    }
  } finally {
    watch.cancel();
  }
}

function anotherHistory(directory: string): HoldfastError {
  return new HoldfastError(
    "FUTURE_REVISION",
    `${directory} now holds another store: it was replaced, its revisions are not those watched so far`,
    { details: { hint: "start the watch again" } },
  );
}
