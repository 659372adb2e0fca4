/** `holdfast lease`: leases, of which keys can be made to depend. */
import type { Command } from "commander";
import { HoldfastError } from "../../contract/errors.ts";
import type { LeaseStatus } from "../../contract/lease.ts";
import { jsonField, onOneLine } from "../byte-text.ts";
import type { CommandContext } from "../context.ts";
import { MUST_EXIST, withReader, withWriter } from "../open-store.ts";
import type { JsonObject } from "../output.ts";
import { formatDuration, parseDuration, parseLeaseId, plural } from "../quantities.ts";
import { examples, run } from "../run.ts";

interface GrantOptions {
  readonly id?: string;
}

export function define(command: Command): void {
  command
    .description(
      "A lease has a time to live, counted while the store is open. When it ends, the keys bound to it are deleted in one revision.",
    )
    .addHelpText(
      "after",
      examples(
        "lease grant 5m",
        "put /services/api/1 up --lease 7305883",
        "lease keep-alive 7305883",
        "lease list",
      ),
    );
  defineWriting(command);
  defineReading(command);
}

function defineWriting(command: Command): void {
  const grant = command
    .command("grant")
    .description("Grants a lease and prints its id.")
    .argument("<ttl>", "how long it lives without a keep-alive: 500ms, 30s, 5m, 2h, 1d")
    .option("--id <id>", "an id of your choice; default: one is drawn")
    .addHelpText("after", examples("lease grant 30s", "lease grant 1h --id 1001"));
  grant.action((ttl: string, options: GrantOptions) =>
    run(grant, (context) => grantLease(context, ttl, options)),
  );

  const keepAlive = command
    .command("keep-alive")
    .description("Renews a lease to its full time to live, once.")
    .argument("<id>", "the lease")
    .addHelpText("after", examples("lease keep-alive 7305883"));
  keepAlive.action((id: string) => run(keepAlive, (context) => keepLeaseAlive(context, parseLeaseId(id))));

  const revoke = command
    .command("revoke")
    .description("Ends a lease and deletes the keys bound to it.")
    .argument("<id>", "the lease")
    .addHelpText("after", examples("lease revoke 7305883"));
  revoke.action((id: string) => run(revoke, (context) => revokeLease(context, parseLeaseId(id))));
}

function defineReading(command: Command): void {
  const list = command
    .command("list")
    .description("Lists all leases, the one that ends first in front.")
    .addHelpText("after", examples("lease list", "lease list --json"));
  list.action(() => run(list, listLeases));

  const status = command
    .command("status")
    .description("Shows a lease and the keys bound to it.")
    .argument("<id>", "the lease")
    .addHelpText("after", examples("lease status 7305883"));
  status.action((id: string) => run(status, (context) => showLease(context, parseLeaseId(id))));
}

async function grantLease(context: CommandContext, ttl: string, options: GrantOptions): Promise<void> {
  const ttlMs = parseDuration(ttl, "the time to live");
  const id = options.id === undefined ? undefined : parseLeaseId(options.id);
  const lease = await withWriter(context, ({ store }) => store.grantLease({ ttlMs, id }));
  context.output.answer({ leaseId: String(lease.id), ttlMs: lease.ttlMs }, String(lease.id));
}

async function keepLeaseAlive(context: CommandContext, id: bigint): Promise<void> {
  const { ttlMs } = await withWriter(context, ({ store }) => store.keepAliveLease(id), MUST_EXIST);
  context.output.answer(
    { leaseId: String(id), ttlMs },
    `lease ${id} lives ${formatDuration(ttlMs)} from now`,
  );
}

async function revokeLease(context: CommandContext, id: bigint): Promise<void> {
  const { deleted, revision } = await withWriter(context, ({ store }) => store.revokeLease(id), MUST_EXIST);
  context.output.answer(
    { leaseId: String(id), deleted, revision },
    `ended lease ${id} and deleted ${plural(deleted, "key")} at revision ${revision}`,
  );
}

async function listLeases(context: CommandContext): Promise<void> {
  const { output } = context;
  const leases = await withReader(context, (store) => store.leases());
  if (output.json) {
    for (const lease of leases) output.record(leaseStatusJson(lease));
    return;
  }
  await output.table(
    [
      { title: "LEASE", align: "right" },
      { title: "TTL", align: "right" },
      { title: "REMAINING", align: "right" },
    ],
    leases.map(({ id, ttlMs, remainingMs }) => [
      String(id),
      formatDuration(ttlMs),
      formatDuration(remainingMs),
    ]),
  );
}

async function showLease(context: CommandContext, id: bigint): Promise<void> {
  const { output } = context;
  const lease = await withReader(context, (store) => store.leaseStatus(id, { keys: true }));
  if (lease === undefined) throw new HoldfastError("LEASE_NOT_FOUND", `there is no lease ${id}`);
  if (output.json) return output.record(leaseStatusJson(lease));
  output.facts([
    ["lease", String(lease.id)],
    ["time to live", formatDuration(lease.ttlMs)],
    ["remaining", formatDuration(lease.remainingMs)],
    ["keys", String(lease.keys?.length ?? 0)],
  ]);
  for (const key of lease.keys ?? []) output.line(onOneLine(key));
}

function leaseStatusJson({ id, ttlMs, remainingMs, keys }: LeaseStatus): JsonObject {
  const status = { leaseId: String(id), ttlMs, remainingMs };
  return keys === undefined ? status : { ...status, keys: keys.map((key) => jsonField("key", key)) };
}
