/** What is said of a handful of samples: the median, and how far they spread. */

export function sorted(samples: readonly number[]): number[] {
  return [...samples].sort((a, b) => a - b);
}

/** The middle one, or the mean of the two in the middle. NaN where there are none. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) return Number.NaN;
  const ascending = sorted(samples);
  const half = ascending.length >> 1;
  return ascending.length % 2 === 1 ? ascending[half]! : (ascending[half - 1]! + ascending[half]!) / 2;
}

export function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

/** Pair by pair: what was measured side by side is compared side by side, so that a drift of the machine cancels. */
export function ratios(above: readonly number[], below: readonly number[]): number[] {
  return above.map((value, at) => value / below[at]!);
}
