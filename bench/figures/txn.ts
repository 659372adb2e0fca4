/** What a conditional transaction costs beside a put: one condition that holds, two puts, 192 in flight. */
import { keyAt, values } from "../harness/data.ts";
import { atLeast, type Figure } from "../harness/figure.ts";
import { rateOf } from "../harness/load.ts";
import { interleave } from "../harness/rounds.ts";
import { ratios } from "../harness/statistics.ts";

const IN_FLIGHT = 192;
const ROUNDS = 11;
const ROUND_MS = 600;

export const txn: Figure = {
  name: "txn",
  asks: "transactions of one condition and two puts, 192 in flight, beside plain puts",
  run: async (bench) => {
    const db = await bench.open();
    const strain = bench.strain("txn");
    const value = (revision: number): string => values[revision % values.length]!;
    // Each caller owns two keys and knows the revision of its last write, as the holder of an optimistic lock does.
    const known = new Array<number>(IN_FLIGHT).fill(0);
    const swap = async (caller: number): Promise<void> => {
      const revision = known[caller]!;
      const key = keyAt(2 * caller);
      const result = await db.txn({
        conditions: [{ key, target: "revision", is: "=", to: revision }],
        success: [
          { type: "put", key, value: value(revision) },
          { type: "put", key: keyAt(2 * caller + 1), value: value(revision) },
        ],
      });
      if (!result.succeeded) throw new Error("a condition that must hold did not");
      known[caller] = result.revision;
    };
    const put = (caller: number): Promise<unknown> =>
      db.put(keyAt(2 * IN_FLIGHT + caller), values[caller % values.length]!);
    const samples = await interleave(
      [
        { name: "txn", run: (ms) => strain.during(() => rateOf(IN_FLIGHT, ms, swap)) },
        { name: "put", run: (ms) => rateOf(IN_FLIGHT, ms, put) },
      ],
      bench.rounds(ROUNDS, ROUND_MS),
    );
    const swaps = samples.get("txn")!;
    const puts = samples.get("put")!;
    return [
      {
        id: "txn",
        title: `txn, 1 condition + 2 puts, ${IN_FLIGHT} in flight`,
        value: { unit: "/s", samples: swaps },
        beside: { title: `put, ${IN_FLIGHT} in flight`, unit: "/s", samples: puts },
        ratio: ratios(swaps, puts),
        required: atLeast(0.6),
        notes: strain.notes,
      },
    ];
  },
};
