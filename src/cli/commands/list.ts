/** `holdfast list`: keys with a prefix, now or at an earlier revision. */
import { type Command, Option } from "commander";
import { type KeyRange, prefixRange } from "../../contract/key-range.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import type { Store } from "../../contract/store.ts";
import { readPages } from "../../database/scan.ts";
import { onOneLine } from "../byte-text.ts";
import type { CommandContext } from "../context.ts";
import { argumentBytes, type BytesOptions } from "../input.ts";
import { kvJson } from "../json-shapes.ts";
import { withReader } from "../open-store.ts";
import { formatCount, parseCount } from "../quantities.ts";
import { examples, run } from "../run.ts";

interface ListOptions extends BytesOptions {
  readonly limit?: string;
  readonly revision?: string;
  readonly keysOnly?: boolean;
  readonly reverse?: boolean;
  readonly count?: boolean;
}

interface Query {
  readonly range: KeyRange;
  readonly revision: number;
  /** 0: none. */
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly reverse: boolean;
}

const PAGE_KEYS = 1_000;
const PAGE_BYTES = 2 ** 20;

export function define(command: Command): void {
  command
    .description("Lists all keys that start with a prefix, in the order of their bytes, as of one revision.")
    .argument("[prefix]", "the prefix; without it every key", "")
    .option("--limit <n>", "at most so many keys")
    .option("--revision <n>", "as of this revision")
    .option("--keys-only", "the keys alone, one a line")
    .option("--reverse", "the greatest key first")
    .addOption(
      new Option("--count", "only how many keys there are").conflicts(["limit", "keysOnly", "reverse"]),
    )
    .option("--base64", "the prefix is given in base64")
    .addHelpText(
      "after",
      examples(
        "list /config/",
        "list /jobs/ --limit 10 --reverse",
        "list /services/ --count",
        "list --json | jq -r .key",
      ),
    )
    .action((prefix: string, options: ListOptions) =>
      run(command, (context) => list(context, prefix, options)),
    );
}

async function list(context: CommandContext, text: string, options: ListOptions): Promise<void> {
  const query: Query = {
    range: prefixRange(argumentBytes(text, "the prefix", options)),
    revision: options.revision === undefined ? 0 : parseCount(options.revision, "--revision", 1),
    limit: options.limit === undefined ? 0 : parseCount(options.limit, "--limit", 1),
    keysOnly: options.keysOnly === true,
    reverse: options.reverse === true,
  };
  await withReader(context, (store) =>
    options.count === true ? printCount(context, store, query) : printKeys(context, store, query),
  );
}

async function printCount({ output }: CommandContext, store: Store, query: Query): Promise<void> {
  const { range, revision } = query;
  const result = await store.range({ ...range, revision, countOnly: true });
  output.answer({ count: result.count, revision: revision || result.revision }, String(result.count));
}

async function printKeys(context: CommandContext, store: Store, query: Query): Promise<void> {
  const { output } = context;
  const reading = new KeyReader(store, query);
  if (output.json || query.keysOnly) {
    for await (const kv of reading.keys()) {
      if (output.isClosed) return;
      output.answer(kvJson(kv, query), onOneLine(kv.key));
      await output.drained();
    }
  } else {
    const rows = async function* () {
      for await (const kv of reading.keys())
        yield [onOneLine(kv.key), String(kv.revision), onOneLine(kv.value)];
    };
    await output.table([{ title: "KEY" }, { title: "REVISION", align: "right" }, { title: "VALUE" }], rows());
  }
  if (reading.wasCut && !output.isClosed)
    await noteCut(context, store, { ...query, revision: reading.revision });
}

async function noteCut({ diagnostics }: CommandContext, store: Store, query: Query): Promise<void> {
  const { range, revision, limit } = query;
  const { count } = await store.range({ ...range, revision, countOnly: true });
  diagnostics.note(`${formatCount(limit)} of ${formatCount(count)} keys`);
}

/** Reads page after page, all of one revision, up to the limit. */
class KeyReader {
  readonly #store: Store;
  readonly #query: Query;
  /** The revision of what was read. */
  revision = 0;
  /** There were more keys than the limit. */
  wasCut = false;

  constructor(store: Store, query: Query) {
    this.#store = store;
    this.#query = query;
  }

  async *keys(): AsyncGenerator<KeyValue, void> {
    const { range, revision, limit, keysOnly, reverse } = this.#query;
    const request = {
      ...range,
      revision,
      keysOnly,
      limit: PAGE_KEYS,
      bytesMax: PAGE_BYTES,
      skipCount: true,
      order: reverse ? ("descending" as const) : ("ascending" as const),
    };
    let given = 0;
    for await (const page of readPages(this.#store, request)) {
      this.revision ||= revision || page.revision;
      for (const kv of page.kvs) {
        if (limit > 0 && given === limit) {
          this.wasCut = true;
          return;
        }
        given++;
        yield kv;
      }
    }
  }
}
