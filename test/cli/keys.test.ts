import { describe, expect, test } from "vitest";
import { jsonLines, workspace } from "./kit.ts";

/** Bytes that are no text, with a line break and a zero among them. */
const BINARY = Buffer.from([0x00, 0x0a, 0xff, 0x41]);
const BINARY_BASE64 = BINARY.toString("base64");

describe("put and get", () => {
  test("a value that was put is printed by get, and each put takes the next revision", async () => {
    const at = await workspace();
    expect(await at.ok("put", "/config/timeout", "30s")).toBe("revision 2");
    expect(await at.ok("put", "/config/timeout", "45s")).toBe("revision 3");
    expect(await at.ok("get", "/config/timeout")).toBe("45s");
    expect(await at.ok("get", "/config/timeout", "--revision", "2")).toBe("30s");
  });

  test("get --json gives the whole state of the key, and --details the same for people", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await at.ok("put", "a", "2");
    expect(await at.json("get", "a")).toEqual([
      { key: "a", value: "2", revision: 3, createRevision: 2, version: 2 },
    ]);
    expect(await at.ok("get", "a", "--details")).toBe(
      ["key       a", "revision  3", "created   2", "version   2", "value     2"].join("\n"),
    );
  });

  test("a key that is not there is an error on standard error and exit code 1, in JSON too", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    const missing = await at.run(["get", "b"]);
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toBe('holdfast: KEY_NOT_FOUND: the key "b" is not there\n');
    const asJson = await at.run(["get", "b", "--json"]);
    expect(asJson).toMatchObject({ code: 1, stdout: "" });
    expect(jsonLines(asJson.stderr)).toMatchObject([{ error: { code: "KEY_NOT_FOUND" } }]);
  });

  test("a value comes from standard input byte for byte, and --raw gives it back", async () => {
    const at = await workspace();
    expect(await at.run(["put", "b", "-"], { input: BINARY })).toMatchObject({ code: 0 });
    expect((await at.run(["get", "b", "--raw"])).stdoutBytes).toEqual(BINARY);
  });

  test("what is not text is printed in quotes for people and as base64 in JSON", async () => {
    const at = await workspace();
    await at.ok("put", Buffer.from("k\xff", "latin1").toString("base64"), BINARY_BASE64, "--base64");
    expect(await at.ok("get", "a/8=", "--base64")).toBe('"\\x00\\n\\xffA"');
    expect(await at.json("get", "a/8=", "--base64")).toMatchObject([
      { keyBase64: "a/8=", valueBase64: BINARY_BASE64 },
    ]);
    expect(await at.ok("list")).toContain('"k\\xff"');
  });

  test("text beyond ASCII, line breaks and empty values come back as they were", async () => {
    const at = await workspace();
    await at.ok("put", "grüße/日本", "ein\nzwei\t😀");
    expect(await at.ok("get", "grüße/日本")).toBe("ein\nzwei\t😀");
    expect(await at.ok("list")).toBe('KEY         REVISION  VALUE\ngrüße/日本         2  "ein\\nzwei\\t😀"');
    await at.ok("put", "empty", "");
    expect(await at.ok("get", "empty")).toBe("");
    expect((await at.run(["get", "empty", "--raw"])).stdoutBytes).toHaveLength(0);
  });

  test("characters that would move the cursor or hide text are not sent to a terminal", async () => {
    const at = await workspace();
    await at.ok("put", "evil", "\x1b[2Jtext\u202e");
    expect(await at.ok("get", "evil")).toBe('"\\x1b[2Jtext\\xe2\\x80\\xae"');
  });

  test("a value of many megabytes survives the way in and out", async () => {
    const at = await workspace();
    const big = Buffer.alloc(12 * 2 ** 20, "0123456789abcdef");
    expect(await at.run(["put", "big", "-"], { input: big })).toMatchObject({ code: 0 });
    expect((await at.run(["get", "big", "--raw"])).stdoutBytes.equals(big)).toBe(true);
  });

  test("put --previous says what was there before", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    expect(await at.ok("put", "a", "2", "--previous")).toBe("revision 3\nwas 1 (revision 2)");
    expect(await at.json("put", "new", "x", "--previous")).toEqual([
      { key: "new", succeeded: true, revision: 4, previous: null },
    ]);
  });
});

describe("conditions", () => {
  test("put --if-revision writes only if the last write was at that revision", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    expect(await at.ok("put", "a", "2", "--if-revision", "2")).toBe("revision 3");
    const refused = await at.run(["put", "a", "3", "--if-revision", "2"]);
    expect(refused).toMatchObject({
      code: 1,
      stdout: "",
      stderr: '"a" was not written: its last write was at revision 3\n',
    });
    const asJson = await at.run(["put", "a", "3", "--if-revision", "2", "--json"]);
    expect(asJson).toMatchObject({ code: 1, stderr: "" });
    expect(jsonLines(asJson.stdout)).toMatchObject([
      { key: "a", succeeded: false, revision: 3, current: { value: "2", revision: 3 } },
    ]);
    expect(await at.ok("get", "a")).toBe("2");
  });

  test("put --create writes only what is not there", async () => {
    const at = await workspace();
    expect(await at.ok("put", "a", "1", "--create")).toBe("revision 2");
    expect(await at.run(["put", "a", "2", "--create"])).toMatchObject({ code: 1 });
    expect(await at.run(["put", "a", "2", "--if-revision", "0"])).toMatchObject({ code: 1 });
    expect(await at.ok("get", "a")).toBe("1");
  });

  test("del --if-revision deletes only if the last write was at that revision", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    const refused = await at.run(["del", "a", "--if-revision", "7"]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: '"a" was not deleted: its last write was at revision 2\n',
    });
    expect(await at.ok("del", "a", "--if-revision", "2")).toBe("deleted 1 key at revision 3");
    expect(jsonLines((await at.run(["del", "a", "--if-revision", "2", "--json"])).stdout)).toEqual([
      { key: "a", succeeded: false, deleted: 0, revision: 3, current: null },
    ]);
  });
});

describe("del", () => {
  test("deletes a key; nothing to delete is exit code 1", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    expect(await at.json("del", "a")).toEqual([{ key: "a", deleted: 1, revision: 3 }]);
    expect(await at.run(["del", "a"])).toMatchObject({ code: 1, stdout: "", stderr: '"a" is not there\n' });
  });

  test("del --prefix deletes all keys that start with it, at one revision", async () => {
    const at = await workspace();
    await at.ok("txn", "put /t/1 x; put /t/2 x; put /u x");
    expect(await at.ok("del", "--prefix", "/t/")).toBe("deleted 2 keys at revision 3");
    expect(await at.run(["del", "/t/", "--prefix"])).toMatchObject({ code: 1 });
    expect(await at.ok("list", "--keys-only")).toBe("/u");
    expect(await at.ok("del", "--prefix", "")).toBe("deleted 1 key at revision 4");
  });
});

describe("list", () => {
  test("prints keys with a prefix in the order of their bytes, as a table", async () => {
    const at = await workspace();
    await at.ok("txn", "put /a/1 one; put /a/10 ten; put /a/2 two; put /b x");
    expect(await at.ok("list", "/a/")).toBe(
      ["KEY    REVISION  VALUE", "/a/1          2  one", "/a/10         2  ten", "/a/2          2  two"].join(
        "\n",
      ),
    );
  });

  test("--limit, --reverse, --keys-only and --count do what they say", async () => {
    const at = await workspace();
    await at.ok("txn", "put a 1; put b 2; put c 3");
    expect(await at.ok("list", "--keys-only", "--reverse")).toBe("c\nb\na");
    const cut = await at.run(["list", "--limit", "2", "--keys-only"]);
    expect(cut).toMatchObject({ code: 0, stdout: "a\nb\n", stderr: "holdfast: note: 2 of 3 keys\n" });
    expect((await at.run(["list", "--limit", "3", "--keys-only"])).stderr).toBe("");
    expect(await at.ok("list", "--count")).toBe("3");
    expect(await at.json("list", "--count")).toEqual([{ count: 3, revision: 2 }]);
    expect(await at.json("list", "--keys-only", "--limit", "1")).toEqual([
      { key: "a", revision: 2, createRevision: 2, version: 1 },
    ]);
  });

  test("--revision shows what was there then", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    await at.ok("put", "a", "2");
    await at.ok("put", "b", "3");
    expect(await at.json("list", "--revision", "2")).toMatchObject([{ key: "a", value: "1" }]);
    expect(await at.json("list", "--revision", "2", "--count")).toEqual([{ count: 1, revision: 2 }]);
    expect(await at.run(["list", "--revision", "9"])).toMatchObject({ code: 1 });
  });

  test("an empty store and an unknown prefix list nothing and succeed", async () => {
    const at = await workspace();
    await at.ok("put", "a", "1");
    expect(await at.ok("list", "/none/")).toBe("KEY  REVISION  VALUE");
    expect(await at.ok("list", "/none/", "--json")).toBe("");
  });

  test("thousands of keys are listed without one missing", async () => {
    const at = await workspace();
    const keys = Array.from({ length: 2_500 }, (_, number) => `/n/${String(number).padStart(5, "0")}`);
    expect(await at.run(["txn"], { input: keys.map((key) => `put ${key} x`).join("\n") })).toMatchObject({
      code: 0,
    });
    expect((await at.ok("list", "/n/", "--keys-only")).split("\n")).toEqual(keys);
    expect((await at.ok("list", "/n/", "--keys-only", "--reverse")).split("\n")).toEqual([...keys].reverse());
    expect((await at.ok("list", "/n/")).split("\n")).toHaveLength(2_501);
    expect((await at.ok("list", "/n/", "--limit", "1500", "--keys-only")).split("\n")).toEqual(
      keys.slice(0, 1_500),
    );
  });
});
