import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createFakeClock } from "../testing/fake-clock.ts";
import { Diagnostics } from "./diagnostics.ts";

class Sink extends Writable {
  text = "";
  isTTY?: boolean;
  columns?: number;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function setUp(facts: { isTTY?: boolean; columns?: number; quiet?: boolean } = {}) {
  const { quiet = false, ...stream } = facts;
  const sink = Object.assign(new Sink(), stream);
  const clock = createFakeClock();
  return { sink, clock, diagnostics: new Diagnostics(sink, { env: { NO_COLOR: "1" }, clock, quiet }) };
}

test("nothing is shown of what takes less than a second", async () => {
  const { sink, clock, diagnostics } = setUp();
  await diagnostics.withProgress("opening", async () => clock.advance(999));
  expect(sink.text).toBe("");
  expect(clock.pendingTimers).toBe(0);
});

test("a log gets a line after a second and then every five", async () => {
  const { sink, clock, diagnostics } = setUp();
  await diagnostics.withProgress("copying", async (progress) => {
    progress.bytes(512 * 1_024, 2 ** 20);
    await clock.advance(1_000);
    progress.bytes(2 ** 20, 2 ** 20);
    await clock.advance(9_000);
  });
  expect(sink.text).toBe(
    "holdfast: copying: 50 %, 512 KiB of 1.0 MiB (1 s)\nholdfast: copying: 100 %, 1.0 MiB of 1.0 MiB (6 s)\n",
  );
});

test("a terminal has one line that is written anew, cut to its width, and cleared at the end", async () => {
  const { sink, clock, diagnostics } = setUp({ isTTY: true, columns: 24 });
  await diagnostics.withProgress("opening", async (progress) => {
    progress.state("a long story of many words");
    await clock.advance(1_100);
  });
  const line = "\r\x1b[Kopening: a long story …";
  expect(sink.text).toBe(`${line}${line}\r\x1b[K`);
});

test("something said meanwhile takes the line off first, and quiet shows none at all", async () => {
  const { sink, clock, diagnostics } = setUp({ isTTY: true });
  await diagnostics.withProgress("opening", async () => {
    await clock.advance(1_000);
    diagnostics.note("a note");
  });
  expect(sink.text).toBe("\r\x1b[Kopening (1 s)\r\x1b[Kholdfast: note: a note\n");
  const quiet = setUp({ quiet: true });
  await quiet.diagnostics.withProgress("opening", async () => {
    await quiet.clock.advance(5_000);
    quiet.diagnostics.note("a note");
  });
  expect(quiet.sink.text).toBe("");
});
