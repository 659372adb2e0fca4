/** `holdfast put`: writes one key, with or without a condition. */
import { type Command, Option } from "commander";
import { type ByteString, toBytes } from "../../base/byte-string.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import { EMBEDDED_LIMITS } from "../../contract/limits.ts";
import type { Database } from "../../database/database.ts";
import { jsonField, onOneLine, quoted } from "../byte-text.ts";
import type { CommandContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { argumentBytes, argumentKey, type BytesOptions, readStandardInput } from "../input.ts";
import { kvJson, optionalPlain } from "../json-shapes.ts";
import { withWriter } from "../open-store.ts";
import { parseCount, parseDuration, parseLeaseId } from "../quantities.ts";
import { examples, run } from "../run.ts";

interface PutOptions extends BytesOptions {
  readonly lease?: string;
  readonly ttl?: string;
  readonly ifRevision?: string;
  readonly create?: boolean;
  readonly previous?: boolean;
}

interface PutArguments {
  readonly key: string;
  readonly value: string;
}

export function define(command: Command): void {
  command
    .description(
      "Writes a key. When the command has ended the value is on the disk. Without a condition, whatever was there is replaced.",
    )
    .argument("<key>", "the key")
    .argument("<value>", "the value; - reads it from standard input, byte for byte")
    .addOption(new Option("--lease <id>", "bind the key to a lease, with which it ends").conflicts("ttl"))
    .option("--ttl <time>", "let the key end after this time (30s, 5m, …), by a lease of its own")
    .option(
      "--if-revision <n>",
      "only if the key's last write was at this revision; 0: only if it is not there",
    )
    .addOption(new Option("--create", "only if the key is not there").conflicts("ifRevision"))
    .addOption(new Option("--previous", "print what was there before").conflicts(["ifRevision", "create"]))
    .option("--base64", "key and value are given in base64")
    .addHelpText(
      "after",
      examples(
        "put /config/timeout 30s",
        "put /images/logo - < logo.png",
        "put /config/timeout 45s --if-revision 41",
        "put /services/api/1 10.0.0.7:8080 --ttl 30s",
        "put /jobs/1 taken --create || echo somebody else has it",
      ),
    )
    .action((key: string, value: string, options: PutOptions) =>
      run(command, (context) => put(context, { key, value }, options)),
    );
}

interface Write {
  readonly key: ByteString;
  readonly value: ByteString;
  readonly leaseId: bigint | undefined;
  readonly ttlMs: number | undefined;
  readonly expectedRevision: number | undefined;
  readonly previous: boolean;
}

interface Outcome {
  readonly succeeded: boolean;
  readonly revision: number;
  /** What the key held before; where the condition did not hold, what it holds. */
  readonly found: KeyValue | undefined;
}

async function put(context: CommandContext, given: PutArguments, options: PutOptions): Promise<ExitCode> {
  const checked = {
    key: argumentKey(given.key, options),
    leaseId: options.lease === undefined ? undefined : parseLeaseId(options.lease),
    ttlMs: options.ttl === undefined ? undefined : parseDuration(options.ttl, "--ttl"),
    expectedRevision: expectedRevision(options),
    previous: options.previous === true,
  };
  const fromInput = given.value === "-";
  // All of it before the store is opened: nobody is to wait for a slow producer.
  const value = fromInput
    ? await readStandardInput(EMBEDDED_LIMITS.valueBytesMax)
    : argumentBytes(given.value, "the value", options);
  const write = { ...checked, value };
  const outcome = await withWriter(context, (database) => perform(database, write));
  return answer(context, write, outcome);
}

function expectedRevision({ create, ifRevision }: PutOptions): number | undefined {
  if (create === true) return 0;
  return ifRevision === undefined ? undefined : parseCount(ifRevision, "--if-revision");
}

async function perform(database: Database, write: Write): Promise<Outcome> {
  const { leaseId, ttlMs, previous } = write;
  const key = toBytes(write.key);
  const value = toBytes(write.value);
  if (write.expectedRevision === undefined) {
    const result = await database.put(key, value, { leaseId, ttlMs, previous });
    return { succeeded: true, revision: result.revision, found: optionalPlain(result.previous) };
  }
  const { succeeded, revision, current } = await database.update(key, value, write.expectedRevision, {
    leaseId,
    ttlMs,
  });
  return { succeeded, revision, found: optionalPlain(current) };
}

function answer({ output, diagnostics }: CommandContext, write: Write, outcome: Outcome): ExitCode {
  const { succeeded, revision, found } = outcome;
  const facts = { ...jsonField("key", write.key), succeeded, revision };
  if (!succeeded) {
    const now = found === undefined ? "it is not there" : `its last write was at revision ${found.revision}`;
    output.answer({ ...facts, current: found === undefined ? null : kvJson(found) });
    if (!output.json) diagnostics.print(`${quoted(write.key)} was not written: ${now}`);
    return EXIT.no;
  }
  const previous = write.previous ? { previous: found === undefined ? null : kvJson(found) } : {};
  output.answer({ ...facts, ...previous }, `revision ${revision}`);
  if (write.previous && found !== undefined && !output.json) {
    output.line(`was ${onOneLine(found.value)} (revision ${found.revision})`);
  }
  return EXIT.ok;
}
