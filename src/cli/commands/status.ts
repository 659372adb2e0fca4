/** `holdfast status`: the figures of a store. */
import type { Command } from "commander";
import type { StoreStatus } from "../../contract/store.ts";
import type { CommandContext } from "../context.ts";
import { withReader } from "../open-store.ts";
import type { JsonObject } from "../output.ts";
import { liveOwner, type Owner } from "../owner.ts";
import { formatBytes, formatCount, formatTime } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { directoryOfUrl } from "../store-url.ts";

export function define(command: Command): void {
  command
    .description("Shows the figures of a store: revisions, keys, leases, space, and who has it open.")
    .addHelpText("after", examples("status", "status --store file:/var/lib/app --json"))
    .action(() => run(command, status));
}

async function status(context: CommandContext): Promise<void> {
  const { output, storeUrl } = context;
  const directory = directoryOfUrl(storeUrl);
  const owner = directory === undefined ? undefined : await liveOwner(directory);
  const figures = await withReader(context, (store) => store.status());
  if (output.json) output.record(toJson(storeUrl, figures, owner));
  else output.facts(toFacts(storeUrl, figures, owner));
}

function toJson(store: string, figures: StoreStatus, owner: Owner | undefined): JsonObject {
  const { engine, historyId, revision, compactRevision, keys, leases, diskBytes } = figures;
  return {
    ...{ store, engine, historyId, revision, compactRevision, keys, leases, diskBytes },
    owner: owner === undefined ? null : { pid: owner.pid, host: owner.host, sinceMs: owner.sinceMs },
  };
}

function toFacts(store: string, figures: StoreStatus, owner: Owner | undefined): [string, string][] {
  const { engine, historyId, revision, compactRevision, keys, leases, diskBytes } = figures;
  return [
    ["store", store],
    ["engine", engine],
    ["history", historyId],
    ["revision", formatCount(revision)],
    ["readable from", formatCount(Math.max(1, compactRevision))],
    ["keys", formatCount(keys)],
    ["leases", formatCount(leases)],
    ["on disk", formatBytes(diskBytes)],
    [
      "owner",
      owner === undefined
        ? "none"
        : `process ${owner.pid} on ${owner.host} since ${formatTime(owner.sinceMs)}`,
    ],
  ];
}
