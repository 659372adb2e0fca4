/**
 * Interleaved rounds. Contestants take turns, A B C, then C B A, and so on, so that whatever else the machine does
 * meanwhile hits all of them alike; what they reached in the same round is compared pair by pair.
 */

export interface Contestant {
  readonly name: string;
  /** One measurement of about `durationMs`. */
  readonly run: (durationMs: number) => Promise<number>;
}

export interface Rounds {
  readonly rounds: number;
  readonly durationMs: number;
}

/** Measurements by name, one per round and in the order of the rounds. A run of each comes first and is not counted. */
export async function interleave(
  contestants: readonly Contestant[],
  { rounds, durationMs }: Rounds,
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (const { run } of contestants) await run(durationMs / 2);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const { name, run } of order) samples.get(name)!.push(await run(durationMs));
  }
  return samples;
}
