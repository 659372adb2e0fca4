/** `holdfast get`: the value of one key, now or at an earlier revision. */
import type { Command } from "commander";
import { HoldfastError } from "../../contract/errors.ts";
import { NO_LEASE } from "../../contract/key-value.ts";
import { asBlock, onOneLine, quoted } from "../byte-text.ts";
import type { CommandContext } from "../context.ts";
import { argumentKey, type BytesOptions } from "../input.ts";
import { kvJson } from "../json-shapes.ts";
import { withReader } from "../open-store.ts";
import { parseCount } from "../quantities.ts";
import { examples, run } from "../run.ts";

interface GetOptions extends BytesOptions {
  readonly revision?: string;
  readonly raw?: boolean;
  readonly details?: boolean;
}

export function define(command: Command): void {
  command
    .description(
      "Prints the value of a key, then a line break; what is not text is printed in quotes, with \\xNN for its bytes.",
    )
    .argument("<key>", "the key")
    .option("--revision <n>", "as of this revision")
    .option("--raw", "the bytes of the value and nothing else")
    .option("--details", "with revisions, version and lease")
    .option("--base64", "the key is given in base64")
    .addHelpText(
      "after",
      examples(
        "get /config/timeout",
        "get /config/timeout --revision 41",
        "get /images/logo --raw > logo.png",
        "get /config/timeout --json",
      ),
    )
    .action((key: string, options: GetOptions) => run(command, (context) => get(context, key, options)));
}

async function get(context: CommandContext, keyText: string, options: GetOptions): Promise<void> {
  const { output } = context;
  const key = argumentKey(keyText, options);
  const revision = options.revision === undefined ? 0 : parseCount(options.revision, "--revision", 1);
  const { kvs } = await withReader(context, (store) => store.range({ key, revision }));
  const kv = kvs[0];
  if (kv === undefined) {
    const when = revision === 0 ? "is not there" : `was not there at revision ${revision}`;
    throw new HoldfastError("KEY_NOT_FOUND", `the key ${quoted(key)} ${when}`);
  }
  if (output.json) return output.record(kvJson(kv));
  if (options.raw === true) return output.write(Buffer.from(kv.value, "latin1"));
  if (options.details !== true) return output.line(asBlock(kv.value));
  output.facts([
    ["key", onOneLine(kv.key)],
    ["revision", String(kv.revision)],
    ["created", String(kv.createRevision)],
    ["version", String(kv.version)],
    ...(kv.leaseId === NO_LEASE ? [] : [["lease", String(kv.leaseId)] as const]),
    ["value", onOneLine(kv.value)],
  ]);
}
