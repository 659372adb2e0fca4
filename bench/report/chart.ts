/** The results as a picture: durable puts beside the disk and the peers, and how far each figure is from its bound. */
import { environmentLines } from "../harness/environment.ts";
import type { Row } from "../harness/figure.ts";
import { median } from "../harness/statistics.ts";
import { headroom, shortDigits } from "./format.ts";
import type { Results } from "./results.ts";
import { bar, type Colour, document, line, text } from "./svg.ts";

const WIDTH = 960;
const MARGIN = 24;
const HEAD = 84;
const PUTS_HEIGHT = 230;
const ROW_HEIGHT = 22;
const LABEL_WIDTH = 470;
const NUMBER_WIDTH = 56;

const WRITERS = [1, 16, 192, 1024];
const BAR_WIDTH = 38;

interface Series {
  readonly name: string;
  readonly colour: Colour;
  readonly rate: (writers: number) => number | undefined;
}

export function chart(results: Results): string {
  const bounded = results.rows.filter((row) => row.required !== undefined);
  const putsTop = HEAD + 62;
  const boundsTop = putsTop + PUTS_HEIGHT + 104;
  const height = boundsTop + bounded.length * ROW_HEIGHT + 40;
  const parts = [
    text(MARGIN, 34, "Holdfast, embedded", { style: "title" }),
    ...environmentLines(results.environment).map((words, at) =>
      text(MARGIN, 54 + 17 * at, words, { style: "soft" }),
    ),
    ...putsPanel(results.rows, putsTop),
    ...boundsPanel(bounded, boundsTop),
  ];
  return document(WIDTH, height, parts, "Durable puts a second, and each figure against its bound");
}

function seriesOf(rows: readonly Row[]): Series[] {
  const rowAt = (id: string) => rows.find((row) => row.id === id);
  const beside = (suffix: string) => (writers: number) => {
    const samples = rowAt(`put-${writers}${suffix}`)?.beside?.samples;
    return samples === undefined ? undefined : median(samples);
  };
  return [
    {
      name: "Holdfast",
      colour: "own",
      rate: (writers) => {
        const row = rowAt(`put-${writers}`);
        return row === undefined ? undefined : median(row.value.samples);
      },
    },
    { name: "Redis, appendfsync always", colour: "redis", rate: beside("-redis") },
    { name: "LMDB", colour: "lmdb", rate: beside("-lmdb") },
    { name: "one write + fdatasync after the other", colour: "raw", rate: beside("") },
  ];
}

/** Bars in groups of equal writers, over a logarithmic axis. */
function putsPanel(rows: readonly Row[], top: number): string[] {
  const series = seriesOf(rows);
  const rates = WRITERS.flatMap((writers) => series.flatMap(({ rate }) => rate(writers) ?? []));
  if (rates.length === 0) return [];
  const lowest = 10 ** Math.floor(Math.log10(Math.min(...rates)));
  const highest = 10 ** Math.ceil(Math.log10(Math.max(...rates)));
  const bottom = top + PUTS_HEIGHT;
  const scale = PUTS_HEIGHT / Math.log10(highest / lowest);
  const yOf = (rate: number): number => bottom - Math.max(0, Math.log10(rate / lowest)) * scale;
  const parts = [text(MARGIN, top - 16, "Durable puts a second, by writers at once", { style: "title" })];
  for (let rate = lowest; rate <= highest; rate *= 10) {
    parts.push(line([MARGIN + 50, yOf(rate)], [WIDTH - MARGIN, yOf(rate)]));
    parts.push(text(MARGIN + 42, yOf(rate) + 4, axisLabel(rate), { anchor: "end", style: "soft" }));
  }
  const groupWidth = (WIDTH - 2 * MARGIN - 50) / WRITERS.length;
  for (const [group, writers] of WRITERS.entries()) {
    const left = MARGIN + 50 + group * groupWidth + (groupWidth - series.length * (BAR_WIDTH + 4)) / 2;
    const middle = MARGIN + 50 + (group + 0.5) * groupWidth;
    parts.push(
      text(middle, bottom + 18, writers === 1 ? "1 writer" : `${writers} writers`, { anchor: "middle" }),
    );
    for (const [at, { colour, rate }] of series.entries()) {
      const value = rate(writers);
      if (value === undefined) continue;
      const x = left + at * (BAR_WIDTH + 4);
      parts.push(bar({ x, y: yOf(value), width: BAR_WIDTH, height: bottom - yOf(value) }, colour));
      parts.push(
        text(x + BAR_WIDTH / 2, yOf(value) - 4, shortDigits(value), { anchor: "middle", style: "soft" }),
      );
    }
  }
  return [...parts, ...legend(series, bottom + 40)];
}

/** For powers of ten. */
function axisLabel(rate: number): string {
  if (rate >= 1e6) return `${rate / 1e6}M`;
  return rate >= 1e3 ? `${rate / 1e3}k` : String(rate);
}

function legend(series: readonly Series[], y: number): string[] {
  let x = MARGIN + 50;
  return series.flatMap(({ name, colour }) => {
    const parts = [bar({ x, y: y - 10, width: 12, height: 12 }, colour), text(x + 18, y, name)];
    x += 48 + name.length * 6.4;
    return parts;
  });
}

/** One bar for each row with a bound, on a logarithmic axis around it: to the right is better than required. */
function boundsPanel(rows: readonly Row[], top: number): string[] {
  const margins = rows.map((row) => headroom(row)!);
  if (margins.length === 0) return [];
  const furthest = Math.max(2, ...margins.map((margin) => Math.max(margin, 1 / margin)));
  const lowest = Math.min(1, ...margins);
  const left = MARGIN + LABEL_WIDTH;
  const scale = (WIDTH - MARGIN - NUMBER_WIDTH - left) / Math.log2(furthest / lowest);
  const xOf = (margin: number): number => left + Math.log2(margin / lowest) * scale;
  const bottom = top + rows.length * ROW_HEIGHT;
  const parts = [
    text(MARGIN, top - 14, "Against what is required", { style: "title" }),
    text(xOf(1), bottom + 18, "just enough", { anchor: "middle", style: "soft" }),
  ];
  for (const [at, row] of rows.entries()) {
    const y = top + at * ROW_HEIGHT;
    const margin = margins[at]!;
    const from = Math.min(xOf(1), xOf(margin));
    const width = Math.abs(xOf(margin) - xOf(1));
    const title = row.required!.of === "ratio" ? `${row.title} / ${row.beside!.title}` : row.title;
    parts.push(text(left - 10, y + 14, title, { anchor: "end" }));
    parts.push(bar({ x: from, y: y + 3, width, height: ROW_HEIGHT - 6 }, margin >= 1 ? "own" : "miss"));
    parts.push(
      text(Math.max(xOf(1), xOf(margin)) + 6, y + 14, `${shortDigits(margin)} ×`, { style: "soft" }),
    );
  }
  return [...parts, line([xOf(1), top - 2], [xOf(1), bottom + 4], "bound")];
}
