/** Damaged directories: refused by name, listed by verify, saved by salvage as far as they are whole. */
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { DOOR, type Workspace, workspace } from "./kit.ts";

const FIRST_LOG = ["holdfast-data", "segments", "0000000001.log"] as const;

async function flip(at: Workspace, path: readonly string[], offset: number): Promise<void> {
  const bytes = await readFile(at.path(...path));
  bytes[offset]! ^= 0x10;
  await writeFile(at.path(...path), bytes);
}

/** A store of several segments, the first of which holds the key `one`. */
async function fillSegments(at: Workspace): Promise<void> {
  expect(await at.startModule("big-values.mjs", [DOOR, at.path("holdfast-data")]).exit()).toMatchObject({
    code: 0,
  });
  const [{ segments }] = (await at.json<{ segments: unknown[] }>("inspect")) as [{ segments: unknown[] }];
  expect(segments.length).toBeGreaterThan(1);
}

async function offsetOf(at: Workspace, path: readonly string[], text: string): Promise<number> {
  const offset = (await readFile(at.path(...path))).indexOf(text);
  expect(offset).toBeGreaterThan(0);
  return offset;
}

interface Report {
  readonly isGood: boolean;
  readonly damages: readonly { readonly segment: number; readonly offset: number; readonly bytes: number }[];
}

async function verified(at: Workspace): Promise<{ code: number | null; report: Report }> {
  const { code, stdout } = await at.run(["verify", "--json"]);
  return { code, report: JSON.parse(stdout) as Report };
}

describe("a healthy directory", () => {
  test("is good: verify says what it read, in JSON everything", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    expect(await at.ok("verify")).toMatch(
      /^good: \.\/holdfast-data: 1 segment, .*, revision 2, 1 key, index checkpoint absent$/,
    );
    expect(await at.ok("verify", "./holdfast-data")).toContain("good: ");
    expect(await at.json("verify", "file:./holdfast-data")).toMatchObject([
      { isGood: true, revision: 2, keys: 1, segments: [{ id: 1, kind: "log", damages: [] }], damages: [] },
    ]);
  });

  test("with a torn tail is good as well: the note says that nothing acknowledged is missing", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await appendFile(at.path(...FIRST_LOG), "half a frame");
    const { code, stdout, stderr } = await at.run(["verify"]);
    expect(code).toBe(0);
    expect(stdout).toContain("good: ");
    expect(stderr).toContain("12 bytes that were never acknowledged");
    expect(await at.ok("get", "a")).toBe("1");
    expect(await at.ok("put", "a", "2")).toBe("revision 3");
  });

  test("salvaged loses nothing", async () => {
    const at = await workspace();
    await at.ok("txn", "put a 1; put b 2");
    expect(await at.ok("salvage", "./holdfast-data", "--to", "./new")).toBe(
      "saved 2 keys and 0 leases to ./new, now at revision 1 000 002\nnothing was lost",
    );
    expect(await at.ok("list", "--keys-only", "--store", "file:./new")).toBe("a\nb");
  });
});

describe("a flipped bit", () => {
  test("damage-refused: in the log makes every command fail, naming segment and offset and what helps", async () => {
    const at = await workspace();
    for (const value of ["first", "second", "third"]) await at.ok("put", "a", value);
    const offset = await offsetOf(at, FIRST_LOG, "second");
    await flip(at, FIRST_LOG, offset);
    for (const words of [
      ["get", "a"],
      ["list"],
      ["put", "a", "x"],
      ["backup", "./copy"],
      ["branch", "--to", "./b"],
    ]) {
      const { code, stdout, stderr } = await at.run(words);
      expect({ words, code, stdout }).toEqual({ words, code: 3, stdout: "" });
      expect(stderr).toMatch(/^holdfast: CORRUPT: .*0000000001\.log.* byte \d+/);
      expect(stderr).toContain("holdfast verify");
      expect(stderr).toContain("holdfast salvage");
    }
    const { code, report } = await verified(at);
    expect(code).toBe(1);
    expect(report.isGood).toBe(false);
    expect(report.damages).toHaveLength(1);
    const { segment, offset: start, bytes } = report.damages[0]!;
    expect(segment).toBe(1);
    expect(start).toBeLessThanOrEqual(offset);
    expect(start + bytes).toBeGreaterThan(offset);
  });

  test("costs salvage what was in its place, which it reports, and nothing else", async () => {
    const at = await workspace();
    await at.ok("put", "before", "1");
    await at.ok("put", "hit", "precious");
    await at.ok("put", "after", "3");
    await flip(at, FIRST_LOG, await offsetOf(at, FIRST_LOG, "precious"));
    const human = await at.run(["verify"]);
    expect(human).toMatchObject({ code: 1 });
    expect(human.stdout).toMatch(
      /^SEGMENT +OFFSET +BYTES +REVISIONS +DAMAGE\n +1 +\d+ +\d+ +3- +.*frames are broken\ndamaged: .*1 place/,
    );
    expect(human.stderr).toContain("holdfast salvage ./holdfast-data --to NEW");

    const { code, stdout } = await at.run(["salvage", "./holdfast-data", "--to", "./new", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ directory: "./new", keys: 2, sourceRevision: 4, revision: 1_000_004 },
      losses: [{ segment: 1, revisions: { from: 3 } }],
    });
    expect(await at.ok("list", "--keys-only", "--store", "file:./new")).toBe("after\nbefore");
    expect(await at.ok("put", "hit", "again", "--store", "file:./new")).toBe("revision 1000005");
    expect((await at.run(["verify", "./new"])).code).toBe(0);
    expect((await verified(at)).report.isGood).toBe(false);
  });

  test("in a sealed segment of a larger store is found, and the other segments are saved", async () => {
    const at = await workspace();
    await fillSegments(at);
    await flip(at, FIRST_LOG, 3 * 2 ** 20);
    const { report } = await verified(at);
    expect(report.damages).toMatchObject([{ segment: 1 }]);
    expect(await at.run(["salvage", "./holdfast-data", "--to", "./new"])).toMatchObject({ code: 1 });
    expect(await at.ok("list", "--keys-only", "--store", "file:./new")).toBe("five\nfour\nlast\nthree\ntwo");
    const { stdoutBytes } = await at.run(["get", "two", "--raw", "--store", "file:./new"]);
    expect(stdoutBytes.equals(Buffer.alloc(5 * 2 ** 20, "two"))).toBe(true);
  });
});

describe("other damage", () => {
  test("a missing segment is named, and the rest can be saved", async () => {
    const at = await workspace();
    await fillSegments(at);
    await rm(at.path(...FIRST_LOG));
    expect((await at.run(["get", "last"])).stderr).toMatch(
      /^holdfast: CORRUPT: .*0000000001\.log is missing/,
    );
    expect((await verified(at)).report.damages).toMatchObject([{ segment: 1, offset: 0 }]);
    await at.run(["salvage", "./holdfast-data", "--to", "./new"]);
    expect(await at.ok("get", "last", "--store", "file:./new")).toBe("small");
  });

  test("a damaged STORE file is named, and everything can be saved without it", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await writeFile(at.path("holdfast-data", "STORE"), "{");
    expect((await at.run(["get", "a"])).stderr).toMatch(/^holdfast: CORRUPT: .*STORE is damaged/);
    expect((await verified(at)).code).toBe(1);
    expect(await at.run(["salvage", "./holdfast-data", "--to", "./new"])).toMatchObject({ code: 1 });
    expect(await at.ok("get", "a", "--store", "file:./new")).toBe("1");
  });

  test("a directory of a newer format is left alone, naming both versions", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    const path = at.path("holdfast-data", "STORE");
    await writeFile(path, (await readFile(path, "utf8")).replace(/"version": \d+/, '"version": 99'));
    for (const words of [
      ["get", "a"],
      ["put", "a", "2"],
      ["verify"],
      ["salvage", "./holdfast-data", "--to", "./x"],
    ]) {
      const { code, stderr } = await at.run(words);
      expect({ words, code }).toEqual({ words, code: 3 });
      expect(stderr).toMatch(/^holdfast: UNKNOWN_FORMAT: .*format 99.*up to 1/);
    }
  });

  test("salvage is refused for what is no store, beside a live owner, and into what is not empty", async () => {
    const at = await workspace();
    expect(await at.run(["salvage", "./nothing", "--to", "./new"])).toMatchObject({ code: 3 });
    await mkdir(at.path("empty"));
    expect(await at.run(["verify", "./empty"])).toMatchObject({ code: 3 });
    await at.ok("put", "a", "1");
    expect(await at.run(["salvage", "./holdfast-data", "--to", "./holdfast-data"])).toMatchObject({
      code: 2,
    });
    const owner = await at.startOwner();
    const locked = await at.run(["salvage", "./holdfast-data", "--to", "./new"]);
    expect(locked).toMatchObject({ code: 3 });
    expect(locked.stderr).toContain(`process ${owner.process.pid}`);
  });
});
