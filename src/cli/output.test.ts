import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { Output, OutputFailure, wantsColour } from "./output.ts";

class Sink extends Writable {
  text = "";
  isTTY?: boolean;
  columns?: number;
  failWith: Error | undefined;

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.failWith === undefined) this.text += chunk.toString();
    done(this.failWith ?? null);
  }
}

function sinkWith(facts: Partial<Pick<Sink, "isTTY" | "columns" | "failWith">> = {}): Sink {
  return Object.assign(new Sink(), facts);
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe("tables", () => {
  const columns = [{ title: "KEY" }, { title: "N", align: "right" as const }, { title: "VALUE" }];

  test("are aligned by what is seen, also with wide and combining characters", async () => {
    const sink = sinkWith();
    await new Output(sink, { json: false, env: {} }).table(columns, [
      ["a", "1", "x"],
      ["日本", "1000", "y"],
      ["e\u0301", "22", ""],
    ]);
    expect(sink.text).toBe(
      ["KEY      N  VALUE", "a        1  x", "日本  1000  y", "e\u0301       22", ""].join("\n"),
    );
  });

  test("are aligned by what is seen, also with colours", async () => {
    const sink = sinkWith();
    const output = new Output(sink, { json: false, env: { FORCE_COLOR: "1" } });
    await output.table(columns, [[output.paint("added", "green"), "1", "x"]]);
    expect(sink.text.split("\n")[1]).toBe("\x1b[32madded\x1b[0m  1  x");
  });

  test("are cut to the width of a terminal, and of nothing else", async () => {
    const long = [["key", "1", "x".repeat(100)]];
    const terminal = sinkWith({ isTTY: true, columns: 20 });
    await new Output(terminal, { json: false, env: { NO_COLOR: "1" } }).table(columns, long);
    expect(terminal.text.split("\n")[1]).toBe("key  1  xxxxxxxxxxx…");
    const file = sinkWith();
    await new Output(file, { json: false, env: {} }).table(columns, long);
    expect(file.text).toContain("x".repeat(100));
  });
});

describe("colours", () => {
  test("are for terminals, unless NO_COLOR or a dumb terminal says otherwise", () => {
    const terminal = sinkWith({ isTTY: true });
    expect(wantsColour(terminal, {})).toBe(true);
    expect(wantsColour(terminal, { NO_COLOR: "" })).toBe(true);
    expect(wantsColour(terminal, { NO_COLOR: "1" })).toBe(false);
    expect(wantsColour(terminal, { TERM: "dumb" })).toBe(false);
    expect(wantsColour(sinkWith(), {})).toBe(false);
    expect(wantsColour(sinkWith(), { FORCE_COLOR: "1" })).toBe(true);
    expect(wantsColour(terminal, { FORCE_COLOR: "0" })).toBe(false);
  });

  test("are never in JSON", () => {
    const output = new Output(sinkWith({ isTTY: true }), { json: true, env: { FORCE_COLOR: "1" } });
    expect(output.paint("x", "red")).toBe("x");
  });
});

describe("trouble", () => {
  test("a reader that has gone away is no error, and ends what is still to be said", async () => {
    const sink = sinkWith({ failWith: systemError("EPIPE") });
    const output = new Output(sink, { json: false, env: {} });
    let asked = 0;
    const rows = async function* () {
      for (; asked < 1_000_000; asked++) yield ["a"];
    };
    output.line("first");
    await output.table([{ title: "KEY" }], rows());
    await output.finish();
    expect(output.isClosed).toBe(true);
    expect(asked).toBeLessThan(1_000);
  });

  test("anything else that keeps the output from being written is an error", async () => {
    const output = new Output(sinkWith({ failWith: systemError("ENOSPC") }), { json: false, env: {} });
    output.line("first");
    await expect(output.finish()).rejects.toThrow(OutputFailure);
  });
});
