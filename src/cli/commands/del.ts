/** `holdfast del`: deletes one key, with or without a condition, or all keys with a prefix. */
import { type Command, Option } from "commander";
import { type ByteString, toBytes } from "../../base/byte-string.ts";
import { jsonField, quoted } from "../byte-text.ts";
import type { CommandContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { argumentBytes, argumentKey, type BytesOptions } from "../input.ts";
import { kvJson, optionalPlain } from "../json-shapes.ts";
import { MUST_EXIST, withWriter } from "../open-store.ts";
import { parseCount, plural } from "../quantities.ts";
import { examples, run } from "../run.ts";

interface DelOptions extends BytesOptions {
  readonly prefix?: boolean;
  readonly ifRevision?: string;
}

export function define(command: Command): void {
  command
    .description("Deletes a key, or with --prefix all keys that start with it, in one revision.")
    .argument("<key>", "the key, or the prefix; with --prefix, '' is every key")
    .option("--prefix", "delete all keys that start with <key>")
    .addOption(
      new Option("--if-revision <n>", "only if the key's last write was at this revision").conflicts(
        "prefix",
      ),
    )
    .option("--base64", "the key is given in base64")
    .addHelpText(
      "after",
      `\nExit code 1 where there was nothing to delete, or the condition did not hold.\n${examples(
        "del /config/timeout",
        "del --prefix /tmp/",
        "del /jobs/1 --if-revision 41",
      )}`,
    )
    .action((key: string, options: DelOptions) => run(command, (context) => del(context, key, options)));
}

async function del(context: CommandContext, text: string, options: DelOptions): Promise<ExitCode> {
  if (options.prefix === true) return deletePrefix(context, argumentBytes(text, "the prefix", options));
  const key = argumentKey(text, options);
  if (options.ifRevision === undefined) return deleteKey(context, key);
  return deleteIfRevision(context, key, parseCount(options.ifRevision, "--if-revision", 1));
}

async function deleteKey(context: CommandContext, key: ByteString): Promise<ExitCode> {
  const { deleted, revision } = await withWriter(
    context,
    (database) => database.delete(toBytes(key)),
    MUST_EXIST,
  );
  context.output.answer({ ...jsonField("key", key), deleted, revision }, ...deletedLines(deleted, revision));
  if (deleted === 0 && !context.output.json) context.diagnostics.print(`${quoted(key)} is not there`);
  return deleted === 0 ? EXIT.no : EXIT.ok;
}

async function deletePrefix(context: CommandContext, prefix: ByteString): Promise<ExitCode> {
  const { deleted, revision } = await withWriter(
    context,
    (database) => database.deletePrefix(toBytes(prefix)),
    MUST_EXIST,
  );
  context.output.answer(
    { ...jsonField("prefix", prefix), deleted, revision },
    ...deletedLines(deleted, revision),
  );
  if (deleted === 0 && !context.output.json)
    context.diagnostics.print(`no key starts with ${quoted(prefix)}`);
  return deleted === 0 ? EXIT.no : EXIT.ok;
}

function deletedLines(deleted: number, revision: number): string[] {
  return deleted === 0 ? [] : [`deleted ${plural(deleted, "key")} at revision ${revision}`];
}

async function deleteIfRevision(
  context: CommandContext,
  key: ByteString,
  expectedRevision: number,
): Promise<ExitCode> {
  const { output, diagnostics } = context;
  const result = await withWriter(
    context,
    (database) => database.deleteIfRevision(toBytes(key), expectedRevision),
    MUST_EXIST,
  );
  const { succeeded, revision } = result;
  const current = optionalPlain(result.current);
  const facts = { ...jsonField("key", key), succeeded, deleted: succeeded ? 1 : 0, revision };
  if (succeeded) {
    output.answer(facts, ...deletedLines(1, revision));
    return EXIT.ok;
  }
  output.answer({ ...facts, current: current === undefined ? null : kvJson(current) });
  const now =
    current === undefined ? "it is not there" : `its last write was at revision ${current.revision}`;
  if (!output.json) diagnostics.print(`${quoted(key)} was not deleted: ${now}`);
  return EXIT.no;
}
