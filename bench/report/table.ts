/** The results as a table: on the terminal, and in Markdown between two marks of a document. */
import { readFileSync, writeFileSync } from "node:fs";
import { environmentLines } from "../harness/environment.ts";
import type { Row } from "../harness/figure.ts";
import { formatMeasure, formatRatio, formatRequirement, verdict } from "./format.ts";
import type { Results } from "./results.ts";

const COLUMNS = ["figure", "value", "beside", "ratio", "required", ""];
const LINE_FEED = "\n";

function cells(row: Row): string[] {
  const { title, value, beside, ratio } = row;
  return [
    title,
    formatMeasure(value),
    beside === undefined ? "" : `${beside.title}: ${formatMeasure(beside)}`,
    formatRatio(ratio),
    formatRequirement(row),
    verdict(row),
  ];
}

/** Medians; the range of the samples in brackets. */
export function textTable({ environment, rows }: Results): string {
  const table = [COLUMNS, ...rows.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  const lines = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  const notes = rows.flatMap(({ title, notes = [] }) => notes.map((note) => `${title}: ${note}`));
  const head = environmentLines(environment);
  return [...head, "", lines[0]!, rule, ...lines.slice(1), "", ...notes].join(LINE_FEED);
}

function markdownTable({ rows }: Results): string {
  const line = (texts: readonly string[]): string => `| ${texts.join(" | ")} |`;
  return [line(COLUMNS), line(COLUMNS.map(() => "---")), ...rows.map((row) => line(cells(row)))].join(
    LINE_FEED,
  );
}

const BEGIN = "<!-- figures: written by npm run bench -- --markdown FILE -->";
const END = "<!-- end of figures -->";

/** Puts the results between the marks of a document. @throws {Error} where it has none */
export function writeMarkdown(path: string, results: Results): void {
  const text = readFileSync(path, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`${path} lacks the lines ${BEGIN} and ${END}`);
  const machine = environmentLines(results.environment).map((line) => `- ${line}`);
  const notes = results.rows.flatMap(({ title, notes: all = [] }) =>
    all.map((note) => `- ${title}: ${note}.`),
  );
  const block = [
    BEGIN,
    "",
    `Measured with \`${results.command}\`:`,
    "",
    ...machine,
    "",
    markdownTable(results),
    "",
    "Beside the numbers:",
    "",
    ...notes,
    "",
    "",
  ];
  writeFileSync(path, text.slice(0, begin) + block.join(LINE_FEED) + text.slice(end));
}
