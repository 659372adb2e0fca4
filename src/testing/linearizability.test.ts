import { describe, expect, test } from "vitest";
import { below, seededRandom } from "../base/random.ts";
import { checkLinearizability, type HistoryOperation } from "./linearizability.ts";
import { type RegisterInput, type RegisterOutput, registerModel } from "./register-model.ts";

type Done = HistoryOperation<RegisterInput, RegisterOutput>;

/** `[invokedAt, returnedAt]`; no returnedAt: unknown outcome. */
type Span = readonly [invokedAt: number, returnedAt?: number];

let process = 0;

function operation([invokedAt, returnedAt]: Span, input: RegisterInput, output: RegisterOutput): Done {
  const unknown = returnedAt === undefined;
  return { process: process++, input, output: unknown ? undefined : output, invokedAt, returnedAt };
}

const read = (span: Span, value: string | undefined, key = "k"): Done =>
  operation(span, { type: "read", key }, { type: "read", value });
const write = (span: Span, value: string | undefined, key = "k"): Done =>
  operation(span, { type: "write", key, value }, { type: "write" });
const swap = (
  span: Span,
  [expected, value]: readonly [string | undefined, string],
  succeeded: boolean,
): Done => operation(span, { type: "swap", key: "k", expected, value }, { type: "swap", succeeded });

const isLinearizable = (...history: readonly Done[]): boolean =>
  checkLinearizability(registerModel, history).linearizable;

describe("a register history is accepted", () => {
  test("when nothing happens", () => expect(isLinearizable()).toBe(true));

  test("when operations follow each other", () => {
    expect(
      isLinearizable(
        read([0, 1], undefined),
        write([2, 3], "1"),
        read([4, 5], "1"),
        write([6, 7], "2"),
        read([8, 9], "2"),
      ),
    ).toBe(true);
  });

  test("when a read beside a write sees either state", () => {
    expect(isLinearizable(write([0, 1], "1"), write([2, 9], "2"), read([3, 4], "1"), read([5, 6], "2"))).toBe(
      true,
    );
  });

  test("when writes beside each other take either order", () => {
    for (const last of ["1", "2"]) {
      expect(isLinearizable(write([0, 5], "1"), write([1, 4], "2"), read([6, 7], last))).toBe(true);
    }
  });

  test("when one of many swaps wins", () => {
    const losers = Array.from({ length: 10 }, (_, at) => swap([2, 20], ["0", `x${at}`], false));
    expect(
      isLinearizable(write([0, 1], "0"), ...losers, swap([2, 20], ["0", "w"], true), read([21, 22], "w")),
    ).toBe(true);
  });

  test("when an unknown write took effect late, early or never", () => {
    const unknown = write([2], "2");
    expect(isLinearizable(write([0, 1], "1"), unknown, read([3, 4], "2"))).toBe(true);
    expect(isLinearizable(write([0, 1], "1"), unknown, read([3, 4], "1"), read([50, 51], "2"))).toBe(true);
    expect(isLinearizable(write([0, 1], "1"), unknown, read([3, 4], "1"), read([50, 51], "1"))).toBe(true);
  });

  test("when keys disagree with each other, for they are apart", () => {
    expect(
      isLinearizable(write([0, 1], "1", "a"), read([2, 3], undefined, "b"), read([4, 5], "1", "a")),
    ).toBe(true);
  });

  test("when a call begins at the moment of an answer", () => {
    expect(isLinearizable(write([0, 5], "1"), read([5, 6], undefined))).toBe(true);
  });
});

describe("a register history is rejected", () => {
  test("for a stale read", () => {
    expect(isLinearizable(write([0, 1], "1"), write([2, 3], "2"), read([4, 5], "1"))).toBe(false);
  });

  test("for a read that goes back behind another", () => {
    expect(
      isLinearizable(write([0, 1], "1"), write([2, 20], "2"), read([3, 4], "2"), read([5, 6], "1")),
    ).toBe(false);
  });

  test("for a lost update: two swaps of one state win", () => {
    const history = [write([0, 1], "0"), swap([2, 5], ["0", "a"], true), swap([3, 6], ["0", "b"], true)];
    expect(isLinearizable(...history)).toBe(false);
  });

  test("for an answered write that is missing", () => {
    expect(isLinearizable(write([0, 1], "1"), read([2, 3], undefined))).toBe(false);
  });

  test("for a value that nobody wrote", () => {
    expect(isLinearizable(write([0, 1], "1"), read([2, 3], "ghost"))).toBe(false);
  });

  test("for a read of a write that had not begun", () => {
    expect(isLinearizable(read([0, 1], "1"), write([2, 3], "1"))).toBe(false);
  });

  test("for an unknown write that came, went and came back", () => {
    const history = [write([0, 1], "1"), write([2], "2"), read([3, 4], "2"), read([5, 6], "1")];
    expect(isLinearizable(...history)).toBe(false);
    expect(isLinearizable(write([0], "1"), read([1, 2], "1"), write([3, 4], "2"), read([5, 6], "1"))).toBe(
      false,
    );
  });

  test("for a swap that fails although its state stood there", () => {
    expect(isLinearizable(write([0, 1], "1"), swap([2, 3], ["1", "2"], false))).toBe(false);
  });

  test("and the verdict names the partition and what does not fit", () => {
    const stale = read([4, 5], "1");
    const history = [write([0, 1], "1"), write([2, 3], "2"), stale, write([0, 1], "x", "other")];
    const verdict = checkLinearizability(registerModel, history);
    expect(verdict).toMatchObject({ linearizable: false, partition: "k", missing: [stale] });
  });
});

/** Runs clients against one real register, each operation at a random moment of its span. */
function randomHistory(seed: number, count: number): Done[] {
  const random = seededRandom(seed);
  const values = new Map<string, string | undefined>();
  const spans = Array.from({ length: count }, (_, at) => {
    const takesEffectAt = at * 10;
    const span = [takesEffectAt - below(random, 60), takesEffectAt + 1 + below(random, 60)] as const;
    return { span, key: `k${below(random, 3)}`, value: String(at), kind: below(random, 3) };
  });
  return spans.map(({ span, key, value, kind }) => {
    const present = values.get(key);
    if (kind === 0) return operation(span, { type: "read", key }, { type: "read", value: present });
    if (kind === 1) {
      values.set(key, value);
      return operation(span, { type: "write", key, value }, { type: "write" });
    }
    const expected = below(random, 2) === 0 ? present : "other";
    if (expected === present) values.set(key, value);
    return operation(
      span,
      { type: "swap", key, expected, value },
      { type: "swap", succeeded: expected === present },
    );
  });
}

describe("random register histories", () => {
  test("are accepted as they happened", () => {
    for (let seed = 1; seed <= 60; seed++) {
      expect(isLinearizable(...randomHistory(seed, 150)), `seed ${seed}`).toBe(true);
    }
  });

  test("are rejected with one read replaced by what was overwritten long before", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const history = randomHistory(seed, 150);
      history.push(write([10_000, 10_001], "new"), read([10_002, 10_003], "long gone"));
      expect(isLinearizable(...history), `seed ${seed}`).toBe(false);
    }
  });

  test("are accepted with answers that were lost", () => {
    for (let seed = 1; seed <= 30; seed++) {
      const history = randomHistory(seed, 60).map((done, at) =>
        at % 10 === 0 && done.input.type !== "read"
          ? { ...done, output: undefined, returnedAt: undefined }
          : done,
      );
      expect(isLinearizable(...history), `seed ${seed}`).toBe(true);
    }
  });
});
