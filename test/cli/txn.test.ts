import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { jsonLines, workspace } from "./kit.ts";

describe("txn in its language", () => {
  test("runs the first branch where the conditions hold, the other where not, with exit code 1", async () => {
    const at = await workspace();
    await at.ok("put", "/a", "1");
    const request = "if revision(/a) = 2 then put /b x else get /a";
    expect(await at.ok("txn", request)).toBe("put\nrevision 3");
    await at.ok("put", "/a", "2");
    const refused = await at.run(["txn", request]);
    expect(refused).toMatchObject({
      code: 1,
      stdout: "get /a = 2 (revision 4)\nrevision 4\n",
      stderr: "the conditions did not hold\n",
    });
  });

  test("does all kinds of operations at one revision", async () => {
    const at = await workspace();
    await at.ok("txn", "put /old/1 x; put /old/2 y; put /keep z");
    const text = [
      "put /new 'two words' previous   # a comment",
      "delete prefix /old/",
      "get /keep",
      "list /keep limit 1",
      "add /count 5",
      "append /log/ entry",
    ].join("\n");
    expect(await at.ok("txn", text)).toBe(
      [
        "put",
        "deleted 2 keys",
        "  /old/1 = x (revision 2)",
        "  /old/2 = y (revision 2)",
        "get /keep = z (revision 2)",
        "list: 1 key",
        "  /keep = z (revision 2)",
        "add: now 5",
        "appended /log/0000000000000001 (number 1)",
        "revision 3",
      ].join("\n"),
    );
    expect(await at.ok("get", "/new")).toBe("two words");
  });

  test("comes from standard input, or from a file", async () => {
    const at = await workspace();
    expect(await at.run(["txn"], { input: "put /a 1\nput /b 2\n" })).toMatchObject({ code: 0 });
    await writeFile(at.path("request.txt"), "put /c 3");
    expect(await at.ok("txn", "--file", "request.txt")).toBe("put\nrevision 3");
    expect(await at.ok("list", "--keys-only")).toBe("/a\n/b\n/c");
  });

  test("says where in the text a mistake is", async () => {
    const at = await workspace();
    const { code, stderr } = await at.run(["txn"], { input: "if revision(/a) = 2\nthen put /b\n" });
    expect(code).toBe(2);
    expect(stderr).toBe(
      "holdfast: INVALID_ARGUMENT: transaction, line 3, column 1: expected a value, found the end\n" +
        "  `holdfast txn --help` shows the language\n",
    );
    expect(await at.run(["list"])).toMatchObject({ code: 3 });
  });
});

describe("txn in JSON", () => {
  test("takes the shape of db.txn and gives all responses", async () => {
    const at = await workspace();
    const { leaseId } = (await at.json<{ leaseId: string }>("lease", "grant", "5m"))[0]!;
    const request = {
      conditions: [
        { key: "/a", target: "version", is: "=", to: 0 },
        { key: "/a", target: "lease", is: "=", to: "0" },
      ],
      success: [
        { type: "put", key: "/a", value: "1", leaseId },
        { type: "put", keyBase64: "/w==", valueBase64: "AAE=" },
        { type: "merge", key: "/n", fn: "add", operand: 7 },
        { type: "append", prefix: "/q/", value: "x" },
        {
          type: "txn",
          conditions: [{ key: "/z", target: "version", is: ">", to: 0 }],
          failure: [{ type: "get", key: "/a" }],
        },
        { type: "range", prefix: "/a", keysOnly: true },
        { type: "delete", key: "/nothing" },
      ],
    };
    const { code, stdout } = await at.run(["txn", "--json"], { input: JSON.stringify(request) });
    expect(code).toBe(0);
    const state = { key: "/a", revision: 2, createRevision: 2, version: 1, leaseId };
    expect(jsonLines(stdout)).toEqual([
      {
        succeeded: true,
        revision: 2,
        responses: [
          { type: "put", revision: 2 },
          { type: "put", revision: 2 },
          { type: "merge", revision: 2, numbers: [7] },
          { type: "append", revision: 2, key: "/q/0000000000000001", number: 1 },
          { type: "txn", succeeded: false, responses: [{ type: "get", kv: { ...state, value: "1" } }] },
          { type: "range", kvs: [{ ...state, value: "" }], count: 1, more: false },
          { type: "delete", revision: 2, deleted: 0 },
        ],
      },
    ]);
    expect(await at.run(["txn", "--json"], { input: JSON.stringify(request) })).toMatchObject({
      code: 1,
      stderr: "",
    });
  });

  test.each([
    ["{", "not valid JSON"],
    ['{"succes": []}', "succes is no known field"],
    ['{"success": {}}', "success must be an array"],
    [
      '{"success": [{"type": "put", "key": "/a", "value": "1", "ttl": 3}]}',
      "success[0].ttl is no known field",
    ],
    ['{"success": [{"type": "put", "key": "/a", "value": 1}]}', "value must be"],
    ['{"success": [{"type": "pt", "key": "/a", "value": "1"}]}', "type must be one of"],
    ['{"success": [{"type": "put", "keyBase64": "?", "value": "1"}]}', "success[0].keyBase64 is not base64"],
    [
      '{"conditions": [{"key": "/a", "target": "lease", "is": "=", "to": "x"}]}',
      "conditions[0].to must be a lease id",
    ],
    ['{"success": [{"type": "put", "key": "", "value": "1"}]}', "key must not be empty"],
  ])("refuses %s", async (input, said) => {
    const at = await workspace();
    const { code, stderr } = await at.run(["txn"], { input });
    expect(code).toBe(2);
    expect(stderr).toContain("holdfast: INVALID_ARGUMENT: ");
    expect(stderr).toContain(said);
  });

  test("one key written twice is refused, and nothing is written", async () => {
    const at = await workspace();
    await at.ok("put", "/a", "1");
    const { code, stderr } = await at.run(["txn", "put /a 2; put /b 3; put /a 4"]);
    expect(code).toBe(2);
    expect(stderr).toContain("holdfast: DUPLICATE_KEY: ");
    expect(await at.ok("list", "--keys-only")).toBe("/a");
  });
});
