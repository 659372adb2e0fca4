/** A directory that a live process has open: reading goes on beside it, writing is refused by name. */
import { describe, expect, test } from "vitest";
import { type Running, type Workspace, workspace } from "./kit.ts";

async function startOwner(at: Workspace): Promise<Running> {
  await at.ok("put", "/a", "1");
  return at.startOwner();
}

describe("beside a live owner", () => {
  test("reading commands work, and say on standard error whom they read beside", async () => {
    const at = await workspace();
    const owner = await startOwner(at);
    const note = `holdfast: note: process ${owner.process.pid} has ./holdfast-data open; reading beside it, without a lock\n`;
    for (const words of [
      ...[["get", "/a"], ["list"], ["status"], ["lease", "list"], ["inspect"], ["inspect", "history", "/a"]],
      ...[["watch", "/a", "--from-revision", "1", "--count", "1"], ["verify"]],
    ]) {
      const { code, stdout, stderr } = await at.run(words);
      expect({ words, code, stderr: stderr.replace(/holdfast: note: watching.*\n/, "") }).toEqual({
        words,
        code: 0,
        stderr: note,
      });
      expect(stdout).not.toBe("");
      expect(await at.run([...words, "--quiet"])).toMatchObject({ stderr: "" });
    }
    expect(await at.json("status")).toMatchObject([{ owner: { pid: owner.process.pid } }]);
  });

  test("one-owner: writing commands are refused, naming the process that has the directory", async () => {
    const at = await workspace();
    const owner = await startOwner(at);
    for (const words of [
      ...[
        ["put", "/a", "2"],
        ["del", "/a"],
        ["txn", "put /a 2"],
        ["compact", "--keep", "1"],
        ["lease", "grant", "1m"],
      ],
    ]) {
      const { code, stdout, stderr } = await at.run(words);
      expect({ words, code, stdout }).toEqual({ words, code: 3, stdout: "" });
      expect(stderr).toMatch(/^holdfast: LOCKED: /);
      expect(stderr).toContain(`process ${owner.process.pid}`);
    }
    expect(await at.ok("get", "/a", "--quiet")).toBe("1");
    owner.process.stdin!.end("done");
    expect(await owner.exit()).toMatchObject({ code: 0 });
    expect(await at.ok("put", "/a", "2")).toBe("revision 4");
  });

  test("a killed owner is in nobody's way", async () => {
    const at = await workspace();
    const owner = await startOwner(at);
    await owner.kill();
    expect(await at.json("status")).toMatchObject([{ owner: null }]);
    expect(await at.ok("put", "/a", "2")).toBe("revision 3");
  });

  test("backup, branch and restore take what the owner has acknowledged", async () => {
    const at = await workspace();
    await startOwner(at);
    await at.ok("backup", "./copy", "--quiet");
    await at.ok("branch", "--to", "./branch", "--quiet");
    await at.ok("restore", "./holdfast-data", "--to", "./restored", "--quiet");
    for (const name of ["copy", "branch", "restored"]) {
      expect(await at.ok("get", "/a", "--store", `file:./${name}`)).toBe("1");
    }
  });

  test("a watch follows what the owner writes", async () => {
    const at = await workspace();
    const owner = await startOwner(at);
    const watching = at.start(["watch", "--prefix", "/h", "--count", "1"]);
    await watching.said("watching from revision 3 on");
    owner.process.stdin!.end("news");
    expect(await watching.line()).toBe("3  put     /held  news");
  });
});
