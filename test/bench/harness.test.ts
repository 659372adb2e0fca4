import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { draws, keyAt, VALUE_BYTES, values } from "../../bench/harness/data.ts";
import { directorySize } from "../../bench/harness/directory-size.ts";
import { atLeast, atMost, type Row } from "../../bench/harness/figure.ts";
import { LatencyHistogram, quantileOf } from "../../bench/harness/latency-histogram.ts";
import { rateOf } from "../../bench/harness/load.ts";
import { microsByRoom } from "../../bench/harness/profile.ts";
import { interleave } from "../../bench/harness/rounds.ts";
import { median, ratios } from "../../bench/harness/statistics.ts";
import { chart } from "../../bench/report/chart.ts";
import {
  formatMeasure,
  formatNumber,
  formatRequirement,
  headroom,
  verdict,
} from "../../bench/report/format.ts";
import type { Results } from "../../bench/report/results.ts";
import { textTable, writeMarkdown } from "../../bench/report/table.ts";

const put16: Row = {
  id: "put-16",
  title: "durable put, 16 writers",
  value: { unit: "/s", samples: [80_000, 90_000, 100_000] },
  beside: { title: "raw serial loop", unit: "/s", samples: [5_000, 6_000, 5_000] },
  ratio: [16, 15, 20],
  required: atLeast(8),
  notes: ["a <note>"],
};
const openRow: Row = {
  id: "open",
  title: "open",
  value: { unit: "s", samples: [5] },
  required: atMost(2.5, "value"),
};
const results: Results = {
  suite: "embedded",
  command: "npm run bench -- embedded",
  environment: {
    holdfast: "1.2.3",
    node: "v20.0.0",
    cpu: "Some & CPU",
    cpus: 2,
    memoryGiB: 8,
    system: "Linux",
    fileSystem: "ext4",
    loadBefore: 0,
    date: "2026-01-01 00:00",
    peers: { redis: "7.0" },
  },
  rows: [put16, openRow].map((row) => ({ figure: "some", ...row })),
};

describe("statistics", () => {
  test("the median is the middle one, or between the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test("ratios are taken pair by pair", () => {
    expect(ratios([10, 30], [5, 10])).toEqual([2, 3]);
  });

  test("quantiles of latencies are within a bucket of the truth", () => {
    const early = new LatencyHistogram();
    const late = new LatencyHistogram();
    for (let at = 1; at <= 1000; at++) (at <= 500 ? early : late).add(at / 100);
    expect(early.quantile(0.5)).toBeCloseTo(2.5, 0);
    const p99 = quantileOf([early, late], 0.99);
    expect(p99).toBeGreaterThanOrEqual(9.9);
    expect(p99).toBeLessThan(9.9 * 1.03);
    expect(new LatencyHistogram().quantile(0.5)).toBeNaN();
  });
});

describe("profiles", () => {
  test("samples count for the room they fall into, native code and base for whoever calls them", () => {
    const frame = (functionName: string, url = "") => ({ functionName, url });
    const shares = microsByRoom({
      nodes: [
        { id: 1, callFrame: frame("(root)"), children: [2, 3, 6] },
        { id: 2, callFrame: frame("(idle)") },
        { id: 3, callFrame: frame("put", "file:///x/dist/database/writes.js"), children: [4, 5] },
        { id: 4, callFrame: frame("isAscii", "file:///x/dist/base/byte-string.js") },
        { id: 5, callFrame: frame("put", "file:///x/dist/mvcc/txn-evaluator.js") },
        { id: 6, callFrame: frame("fdatasync") },
      ],
      samples: [2, 3, 4, 5, 6, 2],
      timeDeltas: [10, 1, 2, 4, 8, 10],
    });
    expect(Object.fromEntries(shares)).toEqual({ waiting: 20, facade: 3, evaluating: 4, "system calls": 8 });
  });
});

describe("load", () => {
  test("so many callers are in flight at once, and each waits for its answer", async () => {
    const waiting = new Set<number>();
    let most = 0;
    const rate = await rateOf(7, 5, async (caller) => {
      expect(waiting.has(caller)).toBe(false);
      waiting.add(caller);
      most = Math.max(most, waiting.size);
      await new Promise(setImmediate);
      waiting.delete(caller);
    });
    expect(most).toBe(7);
    expect(rate).toBeGreaterThan(0);
  });

  test("contestants take turns, there and back, after a run that is not counted", async () => {
    const order: string[] = [];
    const contestant = (name: string) => ({
      name,
      run: async (durationMs: number) => {
        order.push(name);
        return durationMs;
      },
    });
    const samples = await interleave([contestant("a"), contestant("b")], { rounds: 3, durationMs: 10 });
    expect(order.join("")).toBe("ab" + "ab" + "ba" + "ab");
    expect([...samples]).toEqual([
      ["a", [10, 10, 10]],
      ["b", [10, 10, 10]],
    ]);
  });

  test("values have the size that is promised, draws stay below their end, keys keep their order", () => {
    expect(values.map((value) => Buffer.byteLength(value)).every((bytes) => bytes === VALUE_BYTES)).toBe(
      true,
    );
    const draw = draws(10);
    const drawn = Array.from({ length: 1000 }, draw);
    expect(Math.min(...drawn)).toBe(0);
    expect(Math.max(...drawn)).toBe(9);
    expect(keyAt(999) < keyAt(1000)).toBe(true);
  });
});

describe("report", () => {
  test("numbers are short and say their unit", () => {
    expect(formatNumber(1_234_567, "/s")).toBe("1 230 000 /s");
    expect(formatNumber(0.5, "ms")).toBe("0.50 ms");
    expect(formatNumber(3 * 2 ** 20, "bytes")).toBe("3.00 MiB");
    expect(formatMeasure(put16.value)).toBe("90 000 /s (80.0k–100k)");
    expect(formatRequirement(openRow)).toBe("≤ 2.50 s");
  });

  test("a row passes at its bound and misses beyond it", () => {
    expect(headroom(put16)).toBe(2);
    expect(verdict(put16)).toBe("pass");
    expect(verdict(openRow)).toBe("miss");
    expect(verdict({ ...openRow, value: { unit: "s", samples: [2.5] } })).toBe("pass");
    expect(verdict({ ...openRow, required: undefined })).toBe("");
  });

  test("the table has a line for each row, and the notes below", () => {
    const lines = textTable(results).split("\n");
    expect(lines).toContain("durable put, 16 writers: a <note>");
    expect(lines.find((line) => line.startsWith("durable put, 16 writers "))).toMatch(
      /16\.0 × .* ≥ 8\.00 × +pass$/,
    );
  });

  test("the chart has a bar for each row with a bound, and escapes what it prints", () => {
    const drawn = chart(results);
    expect(drawn).toContain("Some &amp; CPU");
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/);
    expect(drawn.match(/<rect[^>]*var\(--miss\)/g)).toHaveLength(1);
  });

  test("a document gets the table between its marks and keeps the rest; one without marks is refused", async () => {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-report-"));
    try {
      const path = join(directory, "a.md");
      const marks = [
        "<!-- figures: written by npm run bench -- --markdown FILE -->",
        "<!-- end of figures -->",
      ];
      await writeFile(path, `# Title\n\n${marks[0]}\nstale words\n${marks[1]}\n\nend\n`);
      writeMarkdown(path, results);
      writeMarkdown(path, results);
      const text = await readFile(path, "utf8");
      expect(text).toMatch(/^# Title\n\n<!--/);
      expect(text).not.toContain("stale words");
      expect(text.endsWith(`${marks[1]}\n\nend\n`)).toBe(true);
      expect(text.match(/\| durable put, 16 writers \|/g)).toHaveLength(1);
      await writeFile(path, "# Title\n");
      expect(() => writeMarkdown(path, results)).toThrow(marks[0]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  test("the size of a directory is that of all files below it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-size-"));
    try {
      await writeFile(join(directory, "a"), Buffer.alloc(10));
      await writeFile(join(directory, "b"), Buffer.alloc(5));
      const { lengthBytes, files } = directorySize(directory);
      expect(lengthBytes).toBe(15);
      expect(files).toHaveLength(2);
      expect(directorySize(join(directory, "a")).lengthBytes).toBe(10);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
