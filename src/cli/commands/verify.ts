/** `holdfast verify`: checks every byte of a directory and names what is broken. */
import type { Command } from "commander";
import type { VerifyReport } from "../../engines/file/verify.ts";
import type { CommandContext } from "../context.ts";
import { damageJson, damageTable } from "../damage.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { noteOwner } from "../open-store.ts";
import type { JsonObject } from "../output.ts";
import { formatBytes, formatCount, plural } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { directoryArgument } from "../store-url.ts";

/** Beside a live owner: what looks broken is looked at so many times, for it may only be in the middle of a change. */
const LOOKS_BESIDE_OWNER = 3;

export function define(command: Command): void {
  command
    .description(
      "Reads every byte of a directory, compares all checksums, and checks that index and segments agree. " +
        "Names the file, segment and offset of each damage. Changes nothing, and works while the store is in use.",
    )
    .argument("[directory]", "the directory; default: the store's")
    .addHelpText(
      "after",
      `\nExit code 1 where something is broken.\n${examples("verify", "verify /backups/2026-01-31 --json")}`,
    )
    .action((directory: string | undefined) => run(command, (context) => verify(context, directory)));
}

async function verify(context: CommandContext, argument: string | undefined): Promise<ExitCode> {
  const { output, diagnostics } = context;
  const directory = directoryArgument(argument, context.storeUrl);
  const owner = await noteOwner(context, directory);
  const report = await look(context, directory, owner === undefined ? 1 : LOOKS_BESIDE_OWNER);
  if (output.json) output.record(reportJson(report));
  else await print(context, report);
  if (report.isGood) return EXIT.ok;
  if (!output.json) diagnostics.hint(`save what is whole with \`holdfast salvage ${directory} --to NEW\``);
  return EXIT.no;
}

async function look(
  { diagnostics }: CommandContext,
  directory: string,
  looks: number,
): Promise<VerifyReport> {
  const { verifyDirectory } = await import("../../engines/file/verify.ts");
  return diagnostics.withProgress(`verifying ${directory}`, async (progress) => {
    for (let left = looks - 1; ; left--) {
      const report = await verifyDirectory(directory, {
        onProgress: (done, total) => progress.bytes(done, total),
      });
      if (report.isGood || left <= 0) return report;
    }
  });
}

async function print({ output, diagnostics }: CommandContext, report: VerifyReport): Promise<void> {
  const { directory, segments, revision, keys, checkpoint, damages } = report;
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const read = `${plural(segments.length, "segment")}, ${formatBytes(bytes)}`;
  const torn = segments.reduce((sum, { tornBytes }) => sum + tornBytes, 0);
  if (torn > 0) {
    diagnostics.note(
      `the log ends in ${plural(torn, "byte")} that were never acknowledged: normal after a crash, the next opening cuts them`,
    );
  }
  if (report.isGood) {
    const state = `revision ${formatCount(revision ?? 0)}, ${plural(keys ?? 0, "key")}, index checkpoint ${checkpoint}`;
    output.line(`${output.paint("good:", "green")} ${directory}: ${read}, ${state}`);
    return;
  }
  await damageTable(output, damages);
  output.line(
    `${output.paint("damaged:", "red")} ${directory}: ${plural(damages.length, "place")} in ${read}`,
  );
}

function reportJson({ segments, damages, ...report }: VerifyReport): JsonObject {
  return {
    ...report,
    segments: segments.map((segment) => ({ ...segment, damages: segment.damages.map(damageJson) })),
    damages: damages.map(damageJson),
  };
}
