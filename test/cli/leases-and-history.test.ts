import { describe, expect, test } from "vitest";
import { workspace } from "./kit.ts";

describe("lease", () => {
  test("grant prints the id; keys bound to it are listed by status and deleted by revoke", async () => {
    const at = await workspace();
    const id = await at.ok("lease", "grant", "5m");
    expect(id).toMatch(/^\d+$/);
    await at.ok("put", "/s/1", "up", "--lease", id);
    await at.ok("put", "/s/2", "up", "--lease", id);
    await at.ok("put", "/other", "x");
    expect(await at.json("lease", "status", id)).toEqual([
      {
        ...{ leaseId: id, ttlMs: 300_000, remainingMs: expect.any(Number) },
        keys: [{ key: "/s/1" }, { key: "/s/2" }],
      },
    ]);
    expect(await at.ok("lease", "status", id)).toMatch(
      /time to live +5m\nremaining .*\nkeys +2\n\/s\/1\n\/s\/2$/,
    );
    expect(await at.ok("get", "/s/1", "--details")).toContain(`lease     ${id}`);
    expect(await at.ok("lease", "revoke", id)).toBe(`ended lease ${id} and deleted 2 keys at revision 5`);
    expect(await at.ok("list", "--keys-only")).toBe("/other");
  });

  test("list shows leases with what is left of them, the one that ends first in front", async () => {
    const at = await workspace();
    await at.ok("lease", "grant", "2h", "--id", "1001");
    await at.ok("lease", "grant", "1m", "--id", "0x7f");
    expect(
      (await at.ok("lease", "list")).split("\n").map((line) => line.trim().split(/ {2,}/).slice(0, 2)),
    ).toEqual([
      ["LEASE", "TTL"],
      ["127", "1m"],
      ["1001", "2h"],
    ]);
    expect(await at.json("lease", "list")).toMatchObject([{ leaseId: "127" }, { leaseId: "1001" }]);
  });

  test("keep-alive renews to the full time to live", async () => {
    const at = await workspace();
    const id = await at.ok("lease", "grant", "1m");
    expect(await at.ok("lease", "keep-alive", id)).toBe(`lease ${id} lives 1m from now`);
  });

  test("one that is not there is LEASE_NOT_FOUND, one that is there cannot be granted again", async () => {
    const at = await workspace();
    await at.ok("lease", "grant", "1m", "--id", "7");
    for (const words of [
      ...[
        ["lease", "status", "8"],
        ["lease", "revoke", "8"],
        ["lease", "keep-alive", "8"],
      ],
      ...[
        ["put", "a", "1", "--lease", "8"],
        ["lease", "grant", "1m", "--id", "7"],
      ],
    ]) {
      const { code, stderr } = await at.run(words);
      expect({ words, code }).toEqual({ words, code: 1 });
      expect(stderr).toMatch(/^holdfast: LEASE_(NOT_FOUND|EXISTS): /);
    }
    expect(await at.json("lease", "list")).toHaveLength(1);
  });

  test("put --ttl gives the key a lease of its own, and none is left behind where a condition fails", async () => {
    const at = await workspace();
    await at.ok("put", "/s/1", "up", "--ttl", "30s");
    expect(await at.run(["put", "/s/1", "other", "--create", "--ttl", "30s"])).toMatchObject({ code: 1 });
    expect(await at.json("lease", "list")).toMatchObject([{ ttlMs: 30_000 }]);
  });

  test("a key whose lease runs out is deleted by whoever has the store open then", async () => {
    const at = await workspace();
    await at.ok("put", "/short", "x", "--ttl", "500ms");
    const watching = at.start(["watch", "/short", "--from-revision", "2", "--count", "2"]);
    expect(await watching.line()).toBe("2  put     /short  x");
    const owner = await at.startOwner();
    expect(await watching.line()).toBe("3  delete  /short");
    expect(await watching.exit()).toMatchObject({ code: 0 });
    owner.process.stdin!.end();
    expect(await owner.exit()).toMatchObject({ code: 0 });
  });
});

describe("compact", () => {
  test("forgets history before a revision, and keeps the newest state", async () => {
    const at = await workspace();
    for (const value of ["1", "2", "3"]) await at.ok("put", "a", value);
    expect(await at.ok("compact", "3")).toBe("history starts at revision 3 of 4");
    expect(await at.ok("get", "a", "--revision", "3")).toBe("2");
    const gone = await at.run(["get", "a", "--revision", "2"]);
    expect(gone).toMatchObject({ code: 1 });
    expect(gone.stderr).toContain("COMPACTED");
    expect(await at.run(["compact", "3"])).toMatchObject({ code: 1 });
    expect(await at.run(["compact", "9"])).toMatchObject({ code: 1 });
  });

  test("--keep keeps the newest so many revisions, and more than there are is no mistake", async () => {
    const at = await workspace();
    for (const value of ["1", "2", "3"]) await at.ok("put", "a", value);
    expect(await at.ok("compact", "--keep", "100")).toBe(
      "nothing to forget: history starts at revision 1 of 4",
    );
    expect(await at.json("compact", "--keep", "2")).toEqual([{ compactRevision: 3, revision: 4 }]);
    expect(await at.ok("compact", "--keep", "2")).toBe(
      "nothing to forget: history starts at revision 3 of 4",
    );
    expect(await at.ok("compact", "--keep", "1")).toBe("history starts at revision 4 of 4");
  });
});

describe("status", () => {
  test("shows the figures of the store, and in JSON the same", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await at.ok("lease", "grant", "1m");
    expect(await at.ok("status")).toMatch(
      /^store +file:.*\nengine +file\nhistory +[0-9a-f]{32}\nrevision +2\nreadable from +1\nkeys +1\nleases +1\non disk +.*B\nowner +none$/,
    );
    expect(await at.json("status")).toMatchObject([
      { engine: "file", revision: 2, compactRevision: 0, keys: 1, leases: 1, owner: null },
    ]);
    expect(await at.json("status", "--store", "mem:")).toMatchObject([{ engine: "memory", revision: 1 }]);
  });
});

describe("inspect history", () => {
  test("lists all retained states of a key with time and size", async () => {
    const at = await workspace();
    await at.ok("put", "a", "one");
    await at.ok("put", "b", "x");
    await at.ok("put", "a", "four");
    await at.ok("del", "a");
    await at.ok("put", "a", "again");
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
    const lines = (await at.ok("inspect", "history", "a")).split("\n");
    expect(lines[0]).toMatch(/^REVISION +TIME +VERSION +SIZE +VALUE$/);
    for (const [row, said] of [
      `2 +${time} +1 +3 B +one`,
      `4 +${time} +2 +4 B +four`,
      `5 +${time} +\\(deleted\\)`,
      `6 +${time} +1 +5 B +again`,
    ].entries()) {
      expect(lines[row + 1]).toMatch(new RegExp(`^ *${said}$`));
    }
    expect(await at.json("inspect", "history", "a")).toMatchObject([
      { type: "put", key: "a", value: "one", revision: 2, valueBytes: 3, timeMs: expect.any(Number) },
      { type: "put", revision: 4, version: 2 },
      { type: "delete", key: "a", revision: 5 },
      { type: "put", revision: 6, createRevision: 6, version: 1 },
    ]);
    expect(await at.run(["inspect", "history", "c"])).toMatchObject({ code: 1 });
  });

  test("starts at the compaction point", async () => {
    const at = await workspace();
    for (const value of ["1", "2", "3"]) await at.ok("put", "a", value);
    await at.ok("compact", "3");
    expect(await at.json("inspect", "history", "a")).toMatchObject([{ revision: 3 }, { revision: 4 }]);
  });
});

describe("inspect diff", () => {
  test("lists what was added, removed, changed and rewritten between two revisions", async () => {
    const at = await workspace();
    await at.ok("txn", "put /a same; put /b old; put /c gone; put /d kept; put /x out");
    await at.ok("txn", "put /a same; put /b new; delete /c; put /e fresh; delete /x");
    expect(await at.ok("inspect", "diff", "2", "3", "/")).toBe(
      [
        "CHANGE     KEY  VALUE",
        "rewritten  /a   same",
        "changed    /b   old -> new",
        "removed    /c   gone",
        "added      /e   fresh",
        "removed    /x   out",
      ].join("\n"),
    );
    expect(await at.json("inspect", "diff", "3", "2", "/e")).toMatchObject([
      { change: "removed", key: "/e", before: { value: "fresh", revision: 3 }, after: null },
    ]);
    expect(await at.json("inspect", "diff", "2", "now", "/b")).toMatchObject([{ change: "changed" }]);
    expect(await at.json("inspect", "diff", "2", "2")).toEqual([]);
  });

  test("of a revision that is compacted or to come is refused", async () => {
    const at = await workspace();
    for (const value of ["1", "2", "3"]) await at.ok("put", "a", value);
    await at.ok("compact", "3");
    expect((await at.run(["inspect", "diff", "2", "4"])).stderr).toContain("COMPACTED");
    const future = await at.run(["inspect", "diff", "3", "9"]);
    expect(future).toMatchObject({ code: 1 });
    expect(future.stderr).toContain("FUTURE_REVISION");
  });
});
