/** What the command line does with mistakes, with readers that go away, and with what it is told by its environment. */
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { BIN, jsonLines, workspace } from "./kit.ts";

describe("help", () => {
  test("--help goes to standard output with exit code 0, for the program and for each command", async () => {
    const at = await workspace();
    const overview = await at.ok("--help");
    for (const word of ["put", "verify", "Examples:", "Exit codes:"]) expect(overview).toContain(word);
    expect(await at.ok("get", "--help")).toContain("$ holdfast get /config/timeout");
    expect(await at.ok("help", "lease")).toContain("keep-alive");
    expect(await at.ok("lease", "grant", "--help")).toContain("--id <id>");
  });

  test("without a command the help goes to standard error with exit code 2", async () => {
    const at = await workspace();
    const { code, stdout, stderr } = await at.run([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Usage: holdfast");
    expect(await at.run(["lease"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("--version prints the version of the package", async () => {
    const at = await workspace();
    expect(await at.ok("--version")).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe("mistakes", () => {
  test.each([
    [["nonsense"], "unknown command 'nonsense'", "`holdfast --help`"],
    [["gte", "a"], "(Did you mean get?)", "`holdfast --help`"],
    [["get"], "missing required argument 'key'", "`holdfast get --help`"],
    [["get", "a", "b"], "too many arguments", "`holdfast get --help`"],
    [["get", "a", "--nonsense"], "unknown option '--nonsense'", "`holdfast get --help`"],
    [["list", "--limit"], "argument missing", "`holdfast list --help`"],
    [["put", "a", "b", "--lease", "1", "--ttl", "1s"], "cannot be used with", "`holdfast put --help`"],
    [["put", "a", "b", "--create", "--if-revision", "1"], "cannot be used with", "`holdfast put --help`"],
    [["del", "--prefix", "a", "--if-revision", "1"], "cannot be used with", "`holdfast del --help`"],
    [["restore", "x"], "required option '--to <dir>' not specified", "`holdfast restore --help`"],
  ])("%j is refused with a hint at the help", async (words, said, hint) => {
    const at = await workspace();
    const { code, stdout, stderr } = await at.run(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.split("\n")[0]).toMatch(/^holdfast: INVALID_ARGUMENT: /);
    expect(stderr).toContain(said);
    expect(stderr).toContain(hint);
  });

  test.each([
    [["get", ""], "the key must not be empty"],
    [["get", "a", "--revision", "x"], "--revision must be a whole number"],
    [["get", "a", "--revision", "-1"], ""],
    [["get", "%", "--base64"], "the key is not base64"],
    [["list", "--limit", "0"], "--limit must be a whole number from 1 on"],
    [["put", "a", "b", "--ttl", "30"], "say the unit"],
    [["put", "a", "b", "--lease", "x"], "a lease id is"],
    [["put", "k".repeat(9_000), "b"], "8192"],
    [["watch", "a", "--count", "no"], "--count must be"],
    [["compact"], "give either a revision or --keep"],
    [["compact", "3", "--keep", "3"], "give either a revision or --keep"],
    [["lease", "grant", "forever"], "the time to live must be"],
    [["restore", "x", "--to", "y", "--at-time", "noon"], "--at-time must be a time"],
    [["get", "a", "--store", "nonsense"], "nonsense"],
    [["get", "a", "--store", "file:"], "names no directory"],
    [["get", "a", "--store", "redis://x"], "not supported"],
    [["backup", "x", "--store", "mem:"], "is not a directory"],
  ])("%j is refused and changes nothing", async (words, said) => {
    const at = await workspace();
    await at.ok("put", "kept", "1");
    const { code, stdout, stderr } = await at.run(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^holdfast: [A-Z_]+: /);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain("    at ");
    expect(await at.json("status")).toMatchObject([{ revision: 2, keys: 1 }]);
  });

  test("an error of the store is one line without a stack, and with one where HOLDFAST_DEBUG is set", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    const { code, stderr } = await at.run(["get", "a", "--revision", "7"]);
    expect(code).toBe(1);
    expect(stderr.split("\n")).toEqual([
      "holdfast: FUTURE_REVISION: revision 7 has not happened: the store is at 2",
      "  `holdfast status` tells the current revision",
      "",
    ]);
    const debugged = await at.run(["get", "a", "--revision", "7"], { env: { HOLDFAST_DEBUG: "1" } });
    expect(debugged.stderr).toContain("    at ");
  });

  test("with --json errors are JSON as well, usage errors too", async () => {
    const at = await workspace();
    for (const [words, code] of [
      [["get", "a"], "NOT_FOUND"],
      [["get"], "INVALID_ARGUMENT"],
      [["put", "a", "b", "--ttl", "1"], "INVALID_ARGUMENT"],
    ] as const) {
      const { stderr } = await at.run([...words, "--json"]);
      expect(jsonLines(stderr)).toMatchObject([{ error: { code, message: expect.any(String) } }]);
    }
  });
});

describe("the store", () => {
  test("is named by --store, else by HOLDFAST_STORE, else it is ./holdfast-data", async () => {
    const at = await workspace();
    await at.ok("put", "a", "default");
    await at.ok("put", "a", "option", "--store", "file:./one");
    await at.ok("--store", "file:./two", "put", "a", "before the command");
    const env = { HOLDFAST_STORE: `file:${at.path("one")}` };
    expect(await at.ok("get", "a")).toBe("default");
    expect((await at.run(["get", "a"], { env })).stdout).toBe("option\n");
    expect((await at.run(["get", "a", "--store", "file:./two"], { env })).stdout).toBe(
      "before the command\n",
    );
    expect((await at.run(["get", "a"], { env: { HOLDFAST_STORE: "" } })).stdout).toBe("default\n");
  });

  test("that is not there is an error for whatever does not write, and is not made by it", async () => {
    const at = await workspace();
    for (const words of [
      ...[["get", "a"], ["list"], ["status"], ["del", "a"], ["compact", "--keep", "1"], ["lease", "list"]],
      ...[["lease", "revoke", "1"], ["inspect"], ["verify"], ["backup", "x"], ["branch", "--to", "x"]],
    ]) {
      const { code, stdout, stderr } = await at.run(words);
      expect({ words, code, stdout }).toEqual({ words, code: 3, stdout: "" });
      expect(stderr).toContain("holdfast: NOT_FOUND: ");
      expect(stderr).toContain("--store");
    }
    await at.ok("put", "a", "1");
  });

  test("is never made in a directory that holds something else", async () => {
    const at = await workspace();
    await mkdir(at.path("holdfast-data"));
    await writeFile(at.path("holdfast-data", "thesis.txt"), "years of work");
    const { code, stderr } = await at.run(["put", "a", "1"]);
    expect(code).toBe(2);
    expect(stderr).toContain("thesis.txt");
  });
});

describe("the output", () => {
  test("may be closed early by its reader without a complaint", async () => {
    const at = await workspace();
    const lines = Array.from({ length: 5_000 }, (_, number) => `put /k/${number} ${"v".repeat(200)}`);
    expect(await at.run(["txn"], { input: lines.join("\n") })).toMatchObject({ code: 0 });
    for (const words of ["list", "list --json", "watch --prefix '' --from-revision 1"]) {
      const script = `"${process.execPath}" "${BIN}" ${words} | head -n 1; echo "\${PIPESTATUS[0]}"`;
      const { stdout, stderr } = await shell(script, at.directory);
      expect(stdout.trimEnd().split("\n")).toHaveLength(2);
      expect({ words, code: stdout.trimEnd().split("\n")[1], stderr: withoutNotes(stderr) }).toEqual({
        ...{ words, code: "0", stderr: "" },
      });
    }
  });

  test.runIf(process.platform === "linux")("that cannot be written is an error", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    const { stdout, stderr } = await shell(
      `"${process.execPath}" "${BIN}" get a > /dev/full; echo $?`,
      at.directory,
    );
    expect(stdout).toBe("3\n");
    expect(stderr).toContain("holdfast: IO: could not write the output");
  });

  test("has colours only where asked for, and never in JSON", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    expect(await at.ok("list")).not.toContain("\x1b");
    const forced = await at.run(["list"], { env: { FORCE_COLOR: "1", NO_COLOR: "" } });
    expect(forced.stdout).toContain("\x1b[2mKEY");
    expect((await at.run(["list", "--json"], { env: { FORCE_COLOR: "1" } })).stdout).not.toContain("\x1b");
    const failed = await at.run(["get", "b"], { env: { FORCE_COLOR: "1" } });
    expect(failed.stderr).toContain("\x1b[31mholdfast: KEY_NOT_FOUND:");
  });

  test("--quiet keeps notes back, but not errors", async () => {
    const at = await workspace();
    await at.ok("txn", "put a 1; put b 2");
    expect((await at.run(["list", "--limit", "1"])).stderr).toContain("1 of 2 keys");
    expect((await at.run(["list", "--limit", "1", "--quiet"])).stderr).toBe("");
    expect((await at.run(["get", "c", "--quiet"])).stderr).toContain("KEY_NOT_FOUND");
  });
});

function withoutNotes(stderr: string): string {
  return stderr.replace(/^holdfast: note: .*\n/gm, "");
}

async function shell(script: string, cwd: string): Promise<{ stdout: string; stderr: string }> {
  const child = spawn("bash", ["-c", script], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  await new Promise((resolve) => child.once("close", resolve));
  return { stdout, stderr };
}
