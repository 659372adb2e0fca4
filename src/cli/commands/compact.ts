/** `holdfast compact`: forgets history, so that its space can be used again. */
import { type Command, Option } from "commander";
import { HoldfastError } from "../../contract/errors.ts";
import type { Store } from "../../contract/store.ts";
import type { CommandContext } from "../context.ts";
import { MUST_EXIST, withWriter } from "../open-store.ts";
import { formatCount, parseCount } from "../quantities.ts";
import { examples, run } from "../run.ts";

interface CompactOptions {
  readonly keep?: string;
}

export function define(command: Command): void {
  command
    .description(
      "Forgets the history before a revision. The newest state of every key stays; earlier revisions can no longer be read.",
    )
    .argument("[revision]", "the oldest revision to keep readable")
    .addOption(new Option("--keep <n>", "keep the newest <n> revisions instead of naming one"))
    .addHelpText("after", examples("compact 1200", "compact --keep 1000", "compact --keep 1"))
    .action((revision: string | undefined, options: CompactOptions) =>
      run(command, (context) => compact(context, revision, options)),
    );
}

async function compact(
  context: CommandContext,
  revision: string | undefined,
  { keep }: CompactOptions,
): Promise<void> {
  if ((revision === undefined) === (keep === undefined)) {
    const hint = "see `holdfast compact --help`";
    throw new HoldfastError("INVALID_ARGUMENT", "give either a revision or --keep", { details: { hint } });
  }
  const named = revision === undefined ? undefined : parseCount(revision, "the revision", 1);
  const kept = keep === undefined ? undefined : parseCount(keep, "--keep", 1);
  const { output } = context;
  await withWriter(
    context,
    async ({ store }) => {
      const target = named ?? store.revision - kept! + 1;
      // Keeping more than there is: nothing to do, and no mistake.
      const isNeeded = named !== undefined || target > Math.max(store.compactRevision, 1);
      if (isNeeded) await store.compact(target);
      report(output, store, isNeeded);
    },
    MUST_EXIST,
  );
}

function report(output: CommandContext["output"], store: Store, isNeeded: boolean): void {
  const { compactRevision, revision } = store;
  const oldest = Math.max(compactRevision, 1);
  const kept = `history starts at revision ${formatCount(oldest)} of ${formatCount(revision)}`;
  output.answer({ compactRevision, revision }, isNeeded ? kept : `nothing to forget: ${kept}`);
}
