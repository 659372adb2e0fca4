import { describe, expect, test } from "vitest";
import { DOOR, jsonLines, workspace } from "./kit.ts";

/** Watches from a revision on, so that nothing depends on who is first. */
const FROM_THE_FIRST = ["--from-revision", "1"];

describe("watch", () => {
  test("prints history from a revision on, one line per change, and stops after --count", async () => {
    const at = await workspace();
    await at.ok("put", "/a", "1");
    await at.ok("put", "/a", "2");
    await at.ok("del", "/a");
    expect(await at.ok("watch", "/a", ...FROM_THE_FIRST, "--count", "3")).toBe(
      ["2  put     /a  1", "3  put     /a  2", "4  delete  /a"].join("\n"),
    );
    expect(await at.ok("watch", "/a", "--from-revision", "3", "--count", "1")).toBe("3  put     /a  2");
  });

  test("--previous adds what was there before, --json gives whole objects", async () => {
    const at = await workspace();
    await at.ok("put", "/a", "1");
    await at.ok("put", "/a", "2");
    await at.ok("del", "/a");
    expect(await at.ok("watch", "/a", ...FROM_THE_FIRST, "--count", "3", "--previous")).toBe(
      ["2  put     /a  1", "3  put     /a  2  (was 1)", "4  delete  /a  (was 2)"].join("\n"),
    );
    expect(await at.json("watch", "/a", ...FROM_THE_FIRST, "--count", "3", "--previous")).toEqual([
      { type: "put", key: "/a", value: "1", revision: 2, createRevision: 2, version: 1 },
      {
        ...{ type: "put", key: "/a", value: "2", revision: 3, createRevision: 2, version: 2 },
        previous: { key: "/a", value: "1", revision: 2, createRevision: 2, version: 1 },
      },
      {
        ...{ type: "delete", key: "/a", revision: 4 },
        previous: { key: "/a", value: "2", revision: 3, createRevision: 2, version: 2 },
      },
    ]);
  });

  test("--prefix follows all keys that start with it, and no others", async () => {
    const at = await workspace();
    await at.ok("txn", "put /a/1 x; put /b y; put /a/2 z");
    const events = await at.json("watch", "--prefix", "/a/", ...FROM_THE_FIRST, "--count", "2");
    expect(events.map(({ key }) => key)).toEqual(["/a/1", "/a/2"]);
    expect(await at.json("watch", "--prefix", "", ...FROM_THE_FIRST, "--count", "3")).toHaveLength(3);
  });

  test("prints changes that other commands make, as they happen, without holding them up", async () => {
    const at = await workspace();
    await at.ok("put", "/a", "0");
    const watching = at.start(["watch", "/a", "--from-revision", "2"]);
    expect(await watching.line()).toBe("2  put     /a  0");
    for (const value of ["1", "2", "3"]) {
      const revision = Number(value) + 2;
      expect(await at.ok("put", "/a", value)).toBe(`revision ${revision}`);
      expect(await watching.line()).toBe(`${revision}  put     /a  ${value}`);
    }
  });

  test("watch-reliable: leaves nothing out while an application writes as fast as it can", async () => {
    const at = await workspace();
    const writer = at.startModule("writer.mjs", [DOOR, at.path("holdfast-data")]);
    await writer.line();
    const watching = at.start(["watch", "--prefix", "/load/", ...FROM_THE_FIRST, "--json"]);
    for (let revision = 2; revision < 3_000; revision++) {
      expect(JSON.parse(await watching.line())).toMatchObject({ type: "put", revision });
    }
    writer.process.stdin!.end();
    expect(await writer.exit()).toMatchObject({ code: 0 });
  });

  test.each(["SIGINT", "SIGTERM"] as const)("ends in peace with exit code 0 on %s", async (signal) => {
    const at = await workspace();
    await at.ok("put", "/a", "1");
    const watching = at.start(["watch", "/a", ...FROM_THE_FIRST]);
    await watching.line();
    watching.process.kill(signal);
    expect(await watching.exit()).toEqual({ code: 0, signal: null });
    expect(watching.stderr).toBe("holdfast: note: watching from revision 1 on\n");
  });

  test("from a compacted revision is COMPACTED, exit code 1", async () => {
    const at = await workspace();
    for (const value of ["1", "2", "3"]) await at.ok("put", "/a", value);
    await at.ok("compact", "4");
    const { code, stderr } = await at.run(["watch", "/a", "--from-revision", "2"]);
    expect(code).toBe(1);
    expect(stderr).toContain("holdfast: COMPACTED: ");
  });

  test("of a store that is not there is NOT_FOUND and makes none", async () => {
    const at = await workspace();
    const { code, stderr } = await at.run(["watch", "/a"]);
    expect(code).toBe(3);
    expect(stderr).toContain("holdfast: NOT_FOUND: ");
    expect(await at.run(["status"])).toMatchObject({ code: 3 });
  });

  test("binary keys and values appear in base64", async () => {
    const at = await workspace();
    await at.ok("put", "/w==", "/w==", "--base64");
    const { stdout } = await at.run([
      "watch",
      "/w==",
      "--base64",
      ...FROM_THE_FIRST,
      "--count",
      "1",
      "--json",
    ]);
    expect(jsonLines(stdout)).toMatchObject([{ keyBase64: "/w==", valueBase64: "/w==" }]);
  });

  test("says on standard error from when on it misses nothing, unless told to be quiet", async () => {
    const at = await workspace();
    await at.ok("put", "/a", "1");
    const watching = at.start(["watch", "/a"]);
    await watching.said("note: watching from revision 3 on");
    await at.ok("put", "/a", "2");
    expect(await watching.line()).toBe("3  put     /a  2");
    const quiet = at.start(["watch", "/a", "--quiet", ...FROM_THE_FIRST]);
    await quiet.line();
    expect(quiet.stderr).toBe("");
  });

  test("in memory waits until it is stopped", async () => {
    const at = await workspace();
    const watching = at.start(["watch", "/a", "--store", "mem:"]);
    await watching.said("watching from revision 2 on");
    await at.ok("status", "--store", "mem:");
    expect(watching.process.exitCode).toBe(null);
    watching.process.kill("SIGINT");
    expect(await watching.exit()).toEqual({ code: 0, signal: null });
  });
});
