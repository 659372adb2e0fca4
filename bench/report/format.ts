/** Numbers as people read them, and how a row fares against what is required of it. */
import type { Measure, Row, Unit } from "../harness/figure.ts";
import { median } from "../harness/statistics.ts";

/** Three digits that count, and thousands apart. */
function digits(value: number): string {
  if (value >= 1000) {
    const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 2);
    return String(Math.round(value / step) * step).replace(/\B(?=(\d{3})+$)/g, " ");
  }
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function formatNumber(value: number, unit: Unit): string {
  switch (unit) {
    case "bytes":
      return value < 2 ** 20 ? `${digits(value / 2 ** 10)} KiB` : `${digits(value / 2 ** 20)} MiB`;
    case "bytes/key":
      return `${digits(value)} B`;
    case "×":
      return `${digits(value)} ×`;
    default:
      return `${digits(value)} ${unit}`;
  }
}

/** The median, and the range where there are several samples. */
export function formatMeasure({ samples, unit }: Measure): string {
  const middle = formatNumber(median(samples), unit);
  return samples.length < 2 ? middle : `${middle} (${spread(samples)})`;
}

export function formatRatio(samples: readonly number[] | undefined): string {
  if (samples === undefined) return "";
  const middle = `${digits(median(samples))} ×`;
  return samples.length < 2 ? middle : `${middle} (${spread(samples)})`;
}

function spread(samples: readonly number[]): string {
  const low = Math.min(...samples);
  const high = Math.max(...samples);
  return `${shortDigits(low)}–${shortDigits(high)}`;
}

/** 249 000 as 249k, so that a range stays short. */
export function shortDigits(value: number): string {
  if (value >= 1e6) return `${digits(value / 1e6)}M`;
  return value >= 1e4 ? `${digits(value / 1e3)}k` : digits(value);
}

export function formatRequirement({ required, value }: Row): string {
  if (required === undefined) return "";
  const limit =
    required.of === "ratio" ? `${digits(required.limit)} ×` : formatNumber(required.limit, value.unit);
  return `${required.bound === "at least" ? "≥" : "≤"} ${limit}`;
}

/** How far a row is on the good side of its bound: 1 is just enough, 2 twice as good. Undefined where none is set. */
export function headroom(row: Row): number | undefined {
  const { required } = row;
  if (required === undefined) return undefined;
  const reached = median(required.of === "ratio" ? row.ratio! : row.value.samples);
  return required.bound === "at least" ? reached / required.limit : required.limit / reached;
}

export function verdict(row: Row): "pass" | "miss" | "" {
  const margin = headroom(row);
  if (margin === undefined) return "";
  return margin >= 1 ? "pass" : "miss";
}
