/** `holdfast watch`: changes as they happen, one line each, until stopped. */
import type { Command } from "commander";
import { prefixRange } from "../../contract/key-range.ts";
import type { WatchBatch, WatchEvent, WatchRequest } from "../../contract/watch.ts";
import { onOneLine } from "../byte-text.ts";
import type { CommandContext } from "../context.ts";
import { followDirectory, followStore } from "../follow.ts";
import { argumentBytes, argumentKey, type BytesOptions } from "../input.ts";
import { kvJson } from "../json-shapes.ts";
import { openReader } from "../open-store.ts";
import type { JsonObject, Output } from "../output.ts";
import { parseCount } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { directoryOfUrl } from "../store-url.ts";

interface WatchOptions extends BytesOptions {
  readonly prefix?: boolean;
  readonly fromRevision?: string;
  readonly previous?: boolean;
  readonly count?: string;
}

export function define(command: Command): void {
  command
    .description(
      "Prints every change of a key, or with --prefix of all keys that start with it, until stopped by Ctrl-C. " +
        "Changes of one revision come together; none is left out and none comes twice.",
    )
    .argument("<key>", "the key, or the prefix; with --prefix, '' is every key")
    .option("--prefix", "watch all keys that start with <key>")
    .option("--from-revision <n>", "begin with the changes of this revision; default: with the next one")
    .option("--previous", "print what was there before, too")
    .option("--count <n>", "stop after so many changes")
    .option("--base64", "the key is given in base64")
    .addHelpText(
      "after",
      `\nA directory is watched without its lock, so other processes can open it and write meanwhile.\n${examples(
        "watch /config/timeout",
        "watch --prefix /jobs/ --json",
        "watch --prefix '' --from-revision 1 --previous",
        "watch /config/timeout --count 1 && systemctl reload app",
      )}`,
    )
    .action((key: string, options: WatchOptions) => run(command, (context) => watch(context, key, options)));
}

async function watch(context: CommandContext, text: string, options: WatchOptions): Promise<void> {
  const range =
    options.prefix === true
      ? prefixRange(argumentBytes(text, "the prefix", options))
      : { key: argumentKey(text, options) };
  const request: WatchRequest = {
    ...range,
    fromRevision:
      options.fromRevision === undefined ? undefined : parseCount(options.fromRevision, "--from-revision", 1),
    previous: options.previous === true,
  };
  const printer = new EventPrinter(
    context.output,
    options.count === undefined ? Number.POSITIVE_INFINITY : parseCount(options.count, "--count", 1),
  );
  const stop = AbortSignal.any([context.interruptible(), context.output.closed]);
  for await (const batch of batches(context, request, stop)) {
    if (printer.print(batch)) return;
    await context.output.drained();
  }
}

async function* batches(
  context: CommandContext,
  request: WatchRequest,
  stop: AbortSignal,
): AsyncGenerator<WatchBatch, void> {
  const onReady = (revision: number) => context.diagnostics.note(`watching from revision ${revision} on`);
  const directory = directoryOfUrl(context.storeUrl);
  if (directory !== undefined) {
    yield* followDirectory(context, directory, { request, stop, onReady });
    return;
  }
  const store = await openReader(context);
  try {
    yield* followStore(store, { request, stop, onReady });
  } finally {
    await store.close();
  }
}

class EventPrinter {
  readonly #output: Output;
  #left: number;

  constructor(output: Output, count: number) {
    this.#output = output;
    this.#left = count;
  }

  /** True once as many as asked for have been printed. */
  print({ events }: WatchBatch): boolean {
    for (const event of events) {
      if (this.#left-- <= 0) break;
      this.#output.answer(eventJson(event), this.#line(event));
    }
    return this.#left <= 0;
  }

  #line({ type, kv, previous }: WatchEvent): string {
    const output = this.#output;
    const what = output.paint(type.padEnd("delete".length), type === "put" ? "green" : "red");
    const value = type === "put" ? `  ${onOneLine(kv.value)}` : "";
    const before = previous === undefined ? "" : output.paint(`  (was ${onOneLine(previous.value)})`, "dim");
    return `${output.paint(String(kv.revision), "dim")}  ${what}  ${onOneLine(kv.key)}${value}${before}`;
  }
}

function eventJson({ type, kv, previous }: WatchEvent): JsonObject {
  const { revision } = kv;
  const now =
    type === "put"
      ? kvJson(kv)
      : { ...kvJson(kv, { keysOnly: true }), createRevision: undefined, version: undefined };
  return { type, ...now, revision, ...(previous === undefined ? {} : { previous: kvJson(previous) }) };
}
