import { describe, expect, test } from "vitest";
import { parseTxnText } from "./txn-language.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

test("conditions and both branches are read", () => {
  expect(parseTxnText("if revision(/a) = 3 then put /b x else get /b")).toEqual({
    conditions: [{ key: bytes("/a"), target: "revision", is: "=", to: 3 }],
    success: [{ type: "put", key: bytes("/b"), value: bytes("x") }],
    failure: [{ type: "get", key: bytes("/b") }],
  });
});

test("every kind of condition is read", () => {
  const text = `if createRevision(a)>1 and version(a) < 2 and value(a) != "x y" and lease(a) = 0x10
    and exists(b) and absent(c) and revision(prefix /p/) < 9 and value(range a b) = v then get a`;
  const { conditions } = parseTxnText(text);
  const a = bytes("a");
  expect(conditions).toEqual([
    { key: a, target: "createRevision", is: ">", to: 1 },
    { key: a, target: "version", is: "<", to: 2 },
    { key: a, target: "value", is: "!=", to: bytes("x y") },
    { key: a, target: "lease", is: "=", to: 16n },
    { key: bytes("b"), target: "version", is: ">", to: 0 },
    { key: bytes("c"), target: "version", is: "=", to: 0 },
    { prefix: bytes("/p/"), target: "revision", is: "<", to: 9 },
    { start: a, end: bytes("b"), target: "value", is: "=", to: bytes("v") },
  ]);
});

test("every kind of operation is read, with its options", () => {
  const text = `
    put a 1 lease 77 previous; put b 2 ignore-lease
    delete a; delete prefix /p/ previous; delete range a b
    get a revision 3
    list /p/ limit 5 revision 3 keys-only reverse
    add n -5; append /q/ x lease 77`;
  const { success } = parseTxnText(text);
  expect(success).toEqual([
    { type: "put", key: bytes("a"), value: bytes("1"), leaseId: 77n, previous: true },
    { type: "put", key: bytes("b"), value: bytes("2"), ignoreLease: true },
    { type: "delete", key: bytes("a"), previous: false },
    { type: "delete", prefix: bytes("/p/"), previous: true },
    { type: "delete", start: bytes("a"), end: bytes("b"), previous: false },
    { type: "get", key: bytes("a"), revision: 3 },
    { type: "range", prefix: bytes("/p/"), limit: 5, revision: 3, keysOnly: true, reverse: true },
    { type: "merge", fn: "add", key: bytes("n"), operand: -5 },
    { type: "append", prefix: bytes("/q/"), value: bytes("x"), leaseId: 77n },
  ]);
});

describe("operands", () => {
  const valueIn = (text: string) => {
    const operation = parseTxnText(`put k ${text}`).success?.[0];
    return operation?.type === "put"
      ? Buffer.from(operation.value as Uint8Array).toString("latin1")
      : undefined;
  };

  test("are words, text in single quotes as it is, or text with escapes in double quotes", () => {
    expect(valueIn("a=b<c>")).toBe("a=b<c>");
    expect(valueIn("a#b")).toBe("a#b");
    expect(valueIn(`'{"a": "b\\n"}'`)).toBe('{"a": "b\\n"}');
    expect(valueIn('"a\\n\\t\\"\\\\\\x00\\xfF"')).toBe('a\n\t"\\\x00\xff');
    expect(valueIn("''")).toBe("");
    expect(valueIn('"two\nlines"')).toBe("two\nlines");
    expect(valueIn("grün")).toBe(Buffer.from("grün").toString("latin1"));
  });

  test("may be words of the language", () => {
    expect(parseTxnText("put put put; get else").success).toEqual([
      { type: "put", key: bytes("put"), value: bytes("put") },
      { type: "get", key: bytes("else") },
    ]);
  });
});

test("blanks, line breaks, comments and spare separators do not matter", () => {
  const text =
    "# first\nif exists(a) # why\n  and exists(b)\nthen\n  ;;get a # one\n\n  get b;\nelse # nothing\n";
  expect(parseTxnText(text)).toMatchObject({
    conditions: [{ key: bytes("a") }, { key: bytes("b") }],
    success: [{ key: bytes("a") }, { key: bytes("b") }],
    failure: [],
  });
});

test("an option belongs to its operation only on the same line", () => {
  expect(parseTxnText("get a\nlist b").success).toHaveLength(2);
  expect(() => parseTxnText("put a 1\nlease 5")).toThrow("expected an operation");
});

test.each([
  ["", "line 1, column 1: the transaction is empty"],
  ["put a", "line 1, column 6: expected a value, found the end"],
  ["put a 1 put b 2", 'line 1, column 9: expected ";" or a new line, found "put"'],
  ["if revision(a) then put a 1", 'line 1, column 16: expected =, !=, < or >, found "then"'],
  ["if revision(a = 3 then put a 1", 'line 1, column 15: expected ")", found "="'],
  ["if rev(a) = 3 then put a 1", "column 4: expected a condition"],
  ["if exists(a) put a 1", 'column 14: expected "and" or "then", found "put"'],
  ["if revision(a) = x then get a", 'a number must be a whole number, not "x"'],
  ["get a\nfrobnicate b", "line 2, column 1: expected an operation"],
  ["put a 'open", "line 1, column 7: this quote has no end"],
  ['put a "open', "line 1, column 7: this quote has no end"],
  ['put a "\\q"', "only n, r, t"],
  ['put a b"c"', "quote the whole of a value"],
  ["put a 1 else get b else get c", "expected an operation"],
  ["put a 1 lease x", "a lease id is a whole number"],
])("%j is refused", (text, said) => {
  expect(() => parseTxnText(text)).toThrow(said);
  expect(() => parseTxnText(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});
