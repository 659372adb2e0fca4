/** Backup, restore and branch, as an operator does them. */
import { readdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { DOOR, type Workspace, workspace } from "./kit.ts";

interface Status {
  readonly historyId: string;
}

async function everything(at: Workspace, directory: string, ...words: string[]): Promise<string> {
  return at.ok("list", "--json", "--quiet", "--store", `file:${directory}`, ...words);
}

describe("backup", () => {
  test("of a store under load, restored, equals the store at the revision it names", async () => {
    const at = await workspace();
    const writer = at.startModule("writer.mjs", [DOOR, at.path("holdfast-data")]);
    let acknowledged = 0;
    for (let lines = 0; lines < 10; lines++) acknowledged = Number(await writer.line());
    const [result] = await at.json<{ revision: number }>("backup", "./copy", "--quiet");
    expect(result!.revision).toBeGreaterThanOrEqual(acknowledged);
    const [restored] = await at.json<{ sourceRevision: number }>("restore", "./copy", "--to", "./restored");
    expect(restored).toMatchObject({
      sourceRevision: result!.revision,
      revision: result!.revision + 1_000_000,
    });
    await writer.line();
    writer.process.stdin!.end();
    expect(await writer.exit()).toMatchObject({ code: 0 });

    const original = await everything(at, "./holdfast-data", "--revision", String(result!.revision));
    expect(original.split("\n").length).toBeGreaterThan(20);
    expect(await everything(at, "./copy")).toBe(original);
    expect(await everything(at, "./restored")).toBe(original);
  });

  test("says what it did, and refuses a directory that is not empty", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    expect(await at.ok("backup", "./copy")).toMatch(
      /^backed up revision 2 to \.\/copy: 1 segment, \d+ B\nhistory from revision 1 on$/,
    );
    expect(await at.run(["backup", "./copy"])).toMatchObject({ code: 2, stdout: "" });
    const [linked] = await at.json("backup", "./linked", "--link");
    expect(linked).toMatchObject({ destination: "./linked", revision: 2, segments: 1, linkedBytes: 0 });
  });
});

describe("restore", () => {
  test("restore-new-history: gives a new history id, a higher revision, and compacts what was before", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await at.ok("put", "a", "2");
    expect(await at.ok("restore", "./holdfast-data", "--to", "file:./new")).toMatch(
      /^restored revision 3 to \.\/new: 1 key, 0 leases\nthe new store is at revision 1 000 003, history [0-9a-f]{32}$/,
    );
    const [before] = await at.json<Status>("status");
    const [after] = await at.json<Status>("status", "--store", "file:./new");
    expect(after).toMatchObject({ revision: 1_000_003, compactRevision: 1_000_003, keys: 1 });
    expect(after!.historyId).not.toBe(before!.historyId);
    expect(await at.run(["watch", "a", "--from-revision", "2", "--store", "file:./new"])).toMatchObject({
      code: 1,
    });
    expect(await at.ok("put", "a", "3", "--store", "file:./new")).toBe("revision 1000004");
    expect(await at.json("restore", "./new", "--to", "./newer", "--revision-bump", "10")).toMatchObject([
      { sourceRevision: 1_000_004, revision: 1_000_014 },
    ]);
  });

  test("--at-revision and --at-time bring back what was then", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await at.ok("put", "a", "2");
    await at.ok("put", "b", "3");
    await at.ok("restore", "./holdfast-data", "--to", "./then", "--at-revision", "2");
    expect(await at.ok("list", "--keys-only", "--store", "file:./then")).toBe("a");
    expect(await at.ok("get", "a", "--store", "file:./then")).toBe("1");
    const tomorrow = new Date(
      (await at.json<{ timeMs: number }>("inspect", "history", "a"))[0]!.timeMs + 86_400_000,
    );
    await at.ok("restore", "./holdfast-data", "--to", "./later", "--at-time", tomorrow.toISOString());
    expect(await at.ok("list", "--count", "--store", "file:./later")).toBe("2");
    const early = await at.run([
      "restore",
      "./holdfast-data",
      "--to",
      "./early",
      "--at-time",
      "2001-01-01T00:00:00Z",
    ]);
    expect(early).toMatchObject({ code: 1 });
    await at.ok("compact", "3");
    const gone = await at.run(["restore", "./holdfast-data", "--to", "./gone", "--at-revision", "2"]);
    expect(gone).toMatchObject({ code: 1, stdout: "" });
    expect(gone.stderr).toContain("history starts at 3");
    expect(await readdir(at.directory)).not.toContain("gone");
  });

  test("takes a snapshot from a file or a pipe, and refuses one that is not whole", async () => {
    const at = await workspace();
    for (let number = 0; number < 20; number++) await at.ok("put", `k${number}`, "v".repeat(number * 100));
    expect(await at.ok("backup", "--snapshot", "./snapshot")).toMatch(/^wrote a snapshot of revision 21 to/);
    await at.ok("restore", "./snapshot", "--to", "./from-file");
    const { stdoutBytes } = await at.run(["backup", "--snapshot", "-"]);
    expect(await at.run(["restore", "-", "--to", "./from-pipe"], { input: stdoutBytes })).toMatchObject({
      code: 0,
    });
    for (const name of ["from-file", "from-pipe"]) {
      expect(await everything(at, name)).toBe(await everything(at, "./holdfast-data"));
    }
    await writeFile(at.path("cut"), stdoutBytes.subarray(0, stdoutBytes.length - 1));
    const cut = await at.run(["restore", "./cut", "--to", "./from-cut"]);
    expect(cut).toMatchObject({ code: 3 });
    expect(cut.stderr).toContain("holdfast: CORRUPT: ");
    expect(await at.run(["backup", "--snapshot", "./snapshot"])).toMatchObject({ code: 2 });
    expect(await at.run(["restore", "./snapshot", "--to", "./x", "--at-revision", "3"])).toMatchObject({
      code: 2,
    });
    expect(await at.run(["restore", "./nothing", "--to", "./x"])).toMatchObject({ code: 3 });
  });

  test("takes binary keys, large values and leases along", async () => {
    const at = await workspace();
    const big = Buffer.alloc(3 * 2 ** 20, 7);
    await at.run(["put", "big", "-"], { input: big });
    await at.ok("put", "/wAB", "/v8=", "--base64");
    const id = await at.ok("lease", "grant", "1h");
    await at.ok("put", "leased", "x", "--lease", id);
    await at.ok("restore", "./holdfast-data", "--to", "./new");
    expect(await everything(at, "./new")).toBe(await everything(at, "./holdfast-data"));
    expect((await at.run(["get", "big", "--raw", "--store", "file:./new"])).stdoutBytes.equals(big)).toBe(
      true,
    );
    expect(await at.json("lease", "status", id, "--store", "file:./new")).toMatchObject([
      { keys: [{ key: "leased" }] },
    ]);
  });
});

describe("branch", () => {
  test("starts with the same keys and history; neither side sees what the other writes", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await at.ok("put", "a", "2");
    expect(await at.ok("branch", "--to", "./side")).toMatch(/^branched at revision 3 to \.\/side: /);
    const side = ["--store", "file:./side"];
    expect(await at.ok("get", "a", "--revision", "2", ...side)).toBe("1");
    await at.ok("put", "a", "main");
    await at.ok("put", "a", "side", ...side);
    await at.ok("del", "a", ...side);
    expect(await at.ok("get", "a")).toBe("main");
    expect(await at.run(["get", "a", ...side])).toMatchObject({ code: 1 });
    const [ours] = await at.json<Status>("status");
    const [theirs] = await at.json<Status>("status", ...side);
    expect(ours).toMatchObject({ revision: 4 });
    expect(theirs).toMatchObject({ revision: 5 });
    expect(ours!.historyId).not.toBe(theirs!.historyId);
  });

  test("--at-revision starts as of then, and goes on from that revision", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await at.ok("put", "a", "2");
    expect(await at.json("branch", "--to", "./then", "--at-revision", "2")).toMatchObject([
      { directory: "./then", revision: 2, keys: 1 },
    ]);
    expect(await at.ok("get", "a", "--store", "file:./then")).toBe("1");
    expect(await at.ok("put", "b", "x", "--store", "file:./then")).toBe("revision 3");
    expect(await at.run(["branch", "--to", "./later", "--at-revision", "9"])).toMatchObject({ code: 1 });
    expect(await at.run(["branch", "--to", "./then"])).toMatchObject({ code: 2 });
  });
});
