/** `holdfast inspect`: looks into a directory: the history of a key, what changed between revisions, what is on disk. */
import type { Command } from "commander";
import { EMPTY } from "../../base/byte-string.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { KeyValue } from "../../contract/key-value.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import type { ImageSource } from "../../engines/file/directory-reader.ts";
import type { DirectoryFigures, SegmentFigures } from "../../engines/file/inspect.ts";
import { jsonField, onOneLine, quoted } from "../byte-text.ts";
import type { CommandContext } from "../context.ts";
import { type Difference, differences, type KeyState, statesOf } from "../history.ts";
import { argumentBytes, argumentKey, type BytesOptions } from "../input.ts";
import { kvJson } from "../json-shapes.ts";
import { noteOwner } from "../open-store.ts";
import type { JsonObject, Style } from "../output.ts";
import { formatBytes, formatCount, formatTime, parseCount } from "../quantities.ts";
import { examples, run } from "../run.ts";
import { requireDirectory } from "../store-url.ts";

export function define(command: Command): void {
  command
    .description("Looks into a directory without its lock: works beside a live owner and changes nothing.")
    .addHelpText(
      "after",
      examples(
        "inspect",
        "inspect history /config/timeout",
        "inspect diff 1200 1250 /config/",
        "inspect diff 1200 now",
      ),
    );
  defineStore(command);
  defineHistory(command);
  defineDiff(command);
}

function defineStore(command: Command): void {
  const store = command
    .command("store", { isDefault: true })
    .description(
      "Shows what is on disk: segments and how much of them is live, the index checkpoint, history.",
    )
    .addHelpText("after", examples("inspect store", "inspect store --json"));
  store.action(() => run(store, inspectStore));
}

function defineHistory(command: Command): void {
  const history = command
    .command("history")
    .description("Lists all states of a key that history still holds, the oldest first, with time and size.")
    .argument("<key>", "the key")
    .option("--base64", "the key is given in base64")
    .addHelpText("after", examples("inspect history /config/timeout"));
  history.action((key: string, options: BytesOptions) =>
    run(history, (context) => inspectHistory(context, key, options)),
  );
}

interface DiffArguments {
  readonly from: string;
  readonly to: string;
  readonly prefix: string;
}

function defineDiff(command: Command): void {
  const diff = command
    .command("diff")
    .description(
      "Lists the keys that differ between two revisions: added, removed, changed, or rewritten with the same value.",
    )
    .argument("<from>", "a revision")
    .argument("<to>", "a revision, or now")
    .argument("[prefix]", "only keys that start with this", "")
    .option("--base64", "the prefix is given in base64")
    .addHelpText("after", examples("inspect diff 1200 1250", "inspect diff 1200 now /config/"));
  diff.action((from: string, to: string, prefix: string, options: BytesOptions) =>
    run(diff, (context) => inspectDiff(context, { from, to, prefix }, options)),
  );
}

async function withImage(
  context: CommandContext,
  work: (source: ImageSource) => Promise<void>,
): Promise<void> {
  const directory = requireDirectory(context.storeUrl);
  await noteOwner(context, directory);
  const source = await context.diagnostics.withProgress(`reading ${directory}`, async () => {
    const { openImage } = await import("../../engines/file/directory-reader.ts");
    return openImage(nodeFileSystem, directory);
  });
  try {
    await work(source);
  } finally {
    await source.close();
  }
}

async function inspectStore(context: CommandContext): Promise<void> {
  const { output, diagnostics } = context;
  const directory = requireDirectory(context.storeUrl);
  await noteOwner(context, directory);
  const { inspectDirectory } = await import("../../engines/file/inspect.ts");
  const figures = await diagnostics.withProgress(`reading ${directory}`, () => inspectDirectory(directory));
  const { segments, ...totals } = figures;
  if (output.json) {
    output.record({ ...totals, segments: segments.map((segment) => ({ ...segment })) });
    return;
  }
  output.facts(figureFacts(figures));
  output.line();
  await output.table(
    [
      { title: "SEGMENT", align: "right" },
      { title: "KIND" },
      { title: "SIZE", align: "right" },
      { title: "LIVE", align: "right" },
      { title: "STATES", align: "right" },
      { title: "REVISIONS" },
    ],
    segments.map(segmentRow),
  );
}

function figureFacts(figures: DirectoryFigures): [string, string][] {
  const { compactRevision, segmentBytes, liveBytes, checkpointBytes, uncoveredBytes, spilledBytes } = figures;
  const checkpoint =
    checkpointBytes === 0
      ? "none"
      : `${formatBytes(checkpointBytes)}, ${formatBytes(uncoveredBytes)} of the segments not covered`;
  return [
    ["directory", figures.directory],
    ["history", `${figures.historyId}, since ${formatTime(figures.createdMs)}`],
    [
      "revisions",
      `${formatCount(Math.max(1, compactRevision))} to ${formatCount(figures.revision)} can be read`,
    ],
    ["keys", `${formatCount(figures.keys)}, ${formatBytes(figures.dataBytes)} with their values`],
    ["states", `${formatCount(figures.versions)}, history included`],
    [
      "large values",
      `${formatCount(figures.spilledValues)}, ${formatBytes(spilledBytes)}, kept on disk alone`,
    ],
    ["leases", formatCount(figures.leases)],
    ["segments", `${formatBytes(segmentBytes)}, ${percent(liveBytes, segmentBytes)} live`],
    ["index checkpoint", checkpoint],
    ["last closed", figures.wasClosed ? "in good order" : "not in good order, or still open"],
  ];
}

function segmentRow(segment: SegmentFigures): string[] {
  const { id, kind, isActive, bytes, liveBytes, versions, minRevision, maxRevision } = segment;
  const revisions = maxRevision === 0 ? "" : `${minRevision}-${maxRevision}`;
  const name = isActive ? `${kind}, active` : kind;
  return [String(id), name, formatBytes(bytes), percent(liveBytes, bytes), formatCount(versions), revisions];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${Math.min(100, Math.round((100 * part) / whole))} %`;
}

async function inspectHistory(context: CommandContext, text: string, options: BytesOptions): Promise<void> {
  const { output } = context;
  const key = argumentKey(text, options);
  await withImage(context, async (source) => {
    const states: KeyState[] = [];
    for await (const state of statesOf(source, key)) {
      if (output.json) output.record(stateJson(state));
      states.push(state);
    }
    if (states.length === 0) {
      throw new HoldfastError("KEY_NOT_FOUND", `history holds nothing of the key ${quoted(key)}`);
    }
    if (output.json) return;
    await output.table(
      [
        { title: "REVISION", align: "right" },
        { title: "TIME" },
        { title: "VERSION", align: "right" },
        { title: "SIZE", align: "right" },
        { title: "VALUE" },
      ],
      states.map(stateRow),
    );
  });
}

function stateRow(state: KeyState): string[] {
  const time = state.timeMs === undefined ? "?" : formatTime(state.timeMs);
  const { isDelete, value, version } = state;
  if (isDelete) return [String(state.revision), time, "", "", "(deleted)"];
  return [String(state.revision), time, String(version), formatBytes(value.length), onOneLine(value)];
}

function stateJson(state: KeyState): JsonObject {
  const { revision, timeMs, isDelete } = state;
  if (isDelete) return { type: "delete", ...jsonField("key", state.key), revision, timeMs: timeMs ?? null };
  return { type: "put", ...kvJson(state), valueBytes: state.value.length, timeMs: timeMs ?? null };
}

async function inspectDiff(
  context: CommandContext,
  given: DiffArguments,
  options: BytesOptions,
): Promise<void> {
  const { output } = context;
  const prefix = given.prefix === "" ? EMPTY : argumentBytes(given.prefix, "the prefix", options);
  const from = parseCount(given.from, "<from>", 1);
  const to = given.to === "now" ? undefined : parseCount(given.to, "<to>", 1);
  await withImage(context, async (source) => {
    const found = differences(source, { from, to: to ?? source.image.revision, prefix });
    if (output.json) {
      for await (const difference of found) {
        if (output.isClosed) return;
        output.record(differenceJson(difference));
        await output.drained();
      }
      return;
    }
    const rows = async function* () {
      for await (const { change, key, before, after } of found) {
        yield [output.paint(change, CHANGE_STYLES[change]), onOneLine(key), valuesText(before, after)];
      }
    };
    await output.table([{ title: "CHANGE" }, { title: "KEY" }, { title: "VALUE" }], rows());
  });
}

const CHANGE_STYLES: Readonly<Record<Difference["change"], Style>> = {
  added: "green",
  removed: "red",
  changed: "yellow",
  rewritten: "dim",
};

function valuesText(before: KeyValue | undefined, after: KeyValue | undefined): string {
  if (before === undefined || after === undefined || before.value === after.value) {
    return onOneLine((after ?? before!).value);
  }
  return `${onOneLine(before.value)} -> ${onOneLine(after.value)}`;
}

function differenceJson({ change, key, before, after }: Difference): JsonObject {
  const state = (kv: KeyValue | undefined) => (kv === undefined ? null : kvJson(kv));
  return { change, ...jsonField("key", key), before: state(before), after: state(after) };
}
