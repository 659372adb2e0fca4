/** `holdfast txn`: several operations under conditions, at one revision, all or nothing. */
import type { Command } from "commander";
import { fromBytes, fromText, toTextStrict } from "../../base/byte-string.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { KeyValue } from "../../database/key-value.ts";
import type { TxnRequest, TxnResponse, TxnResult } from "../../database/txn-types.ts";
import { onOneLine } from "../byte-text.ts";
import type { CommandContext } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { readInput } from "../input.ts";
import { plain } from "../json-shapes.ts";
import { withWriter } from "../open-store.ts";
import { plural } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { parseTxnJson, txnResultJson } from "../txn-json.ts";
import { parseTxnText } from "../txn-language.ts";

interface TxnOptions {
  readonly file?: string;
}

const REQUEST_BYTES_MAX = 256 * 2 ** 20;

const LANGUAGE = `
The language:
  if CONDITION and CONDITION … then OPERATION; OPERATION … else OPERATION; …
  Without "if" the operations run in any case. A new line is as good as ";".

  conditions   revision(KEY) = 3   createRevision, version: the same   value(KEY) = x   lease(KEY) = ID
               exists(KEY)   absent(KEY)   and with =, !=, <, >
               in place of KEY: prefix PREFIX, or range START END: then for every key in it
  operations   put KEY VALUE [lease ID] [ignore-lease] [previous]      get KEY [revision N]
               delete KEY | prefix PREFIX | range START END [previous]
               list PREFIX [limit N] [revision N] [keys-only] [reverse]
               add KEY NUMBER       append PREFIX VALUE [lease ID]

  Words with blanks or signs stand in quotes: 'as it is', or "with \\n, \\" and \\xNN". # starts a comment.

JSON is taken too, in the shape of db.txn: {"conditions": […], "success": […], "failure": […]}; see docs/CLI.md.
Exit code 1 where the conditions did not hold.
`;

export function define(command: Command): void {
  command
    .description(
      "Runs a transaction: all its writes share one revision, and either all of them happen or none.",
    )
    .argument("[request]", "the transaction; without it, it is read from standard input")
    .option("--file <path>", "read the transaction from a file")
    .addHelpText(
      "after",
      LANGUAGE +
        examples(
          "txn 'if revision(/a) = 3 then put /b x else get /b'",
          "txn 'if absent(/jobs/1) then put /jobs/1 taken; put /workers/7 /jobs/1'",
          "txn 'add /counters/visits 1'",
          "txn --file request.json --json",
        ),
    )
    .action((request: string | undefined, options: TxnOptions) =>
      run(command, (context) => txn(context, request, options)),
    );
}

async function txn(
  context: CommandContext,
  given: string | undefined,
  options: TxnOptions,
): Promise<ExitCode> {
  const { output, diagnostics } = context;
  const request = await readRequest(context, given, options);
  const result: TxnResult = await withWriter(context, (database) => database.txn(request));
  if (output.json) output.record(txnResultJson(result));
  else printResult(context, result);
  if (!result.succeeded && !output.json) diagnostics.print("the conditions did not hold");
  return result.succeeded ? EXIT.ok : EXIT.no;
}

async function readRequest(
  { diagnostics }: CommandContext,
  given: string | undefined,
  { file }: TxnOptions,
): Promise<TxnRequest> {
  if (given !== undefined && file !== undefined) {
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      "the transaction is given twice: as an argument and by --file",
    );
  }
  if (given !== undefined && given !== "-") return parse(given);
  const isTyped = file === undefined && process.stdin.isTTY === true;
  if (isTyped) diagnostics.note("reading the transaction from the terminal; Ctrl-D ends it");
  const bytes = await readInput(file ?? "-", REQUEST_BYTES_MAX);
  const text = toTextStrict(fromBytes(bytes));
  if (text === undefined) throw new HoldfastError("INVALID_ARGUMENT", "the transaction is not valid UTF-8");
  return parse(text);
}

function parse(text: string): TxnRequest {
  return text.trimStart().startsWith("{") ? parseTxnJson(text) : parseTxnText(text);
}

function printResult({ output }: CommandContext, { revision, responses }: TxnResult): void {
  for (const response of responses) for (const line of linesOf(response)) output.line(line);
  output.line(`revision ${revision}`);
}

function linesOf(response: TxnResponse): string[] {
  switch (response.type) {
    case "put":
      return [response.previous === undefined ? "put" : `put, was ${pair(response.previous)}`];
    case "delete":
      return [
        `deleted ${plural(response.deleted, "key")}`,
        ...(response.previous ?? []).map((kv) => `  ${pair(kv)}`),
      ];
    case "get":
      return [response.kv === undefined ? "get: not there" : `get ${pair(response.kv)}`];
    case "range":
      return [`list: ${plural(response.count, "key")}`, ...response.kvs.map((kv) => `  ${pair(kv)}`)];
    case "merge":
      return [`add: now ${response.numbers?.join(", ") ?? onOneLine(fromBytes(response.after))}`];
    case "append":
      return [`appended ${onOneLine(fromText(response.key))} (number ${response.number})`];
    case "txn":
      return [
        `nested: ${response.succeeded ? "conditions held" : "conditions did not hold"}`,
        ...response.responses.flatMap(linesOf).map((line) => `  ${line}`),
      ];
  }
}

function pair(kv: KeyValue): string {
  const { key, value, revision } = plain(kv);
  return `${onOneLine(key)} = ${onOneLine(value)} (revision ${revision})`;
}
