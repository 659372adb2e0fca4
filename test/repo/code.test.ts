import { describe, expect, test } from "vitest";
import { bannedCalls, headless, leftovers, longFiles, longFunctions, oddCharacters } from "./code-checks.ts";
import { repository, treeOf } from "./source-tree.ts";

/** Exceptions by name. These lists may only shrink. */
const LONG_FUNCTIONS: string[] = [];

describe("this repository", () => {
  test("keeps its files short", () => {
    expect(longFiles(repository, [])).toEqual([]);
  });

  test("keeps its functions short", () => {
    expect(longFunctions(repository, LONG_FUNCTIONS)).toEqual([]);
  });

  test("says at the top of each source what lives there", () => {
    expect(headless(repository)).toEqual([]);
  });

  test("reaches time, randomness and output through ports, and reads no error by its message", () => {
    expect(bannedCalls(repository)).toEqual([]);
  });

  test("has no leftovers", () => {
    expect(leftovers(repository)).toEqual([]);
  });

  test("holds no character that a reader cannot see or would mistake", () => {
    expect(oddCharacters(repository)).toEqual([]);
  });
});

const row = "  step();\n";

describe("a planted fault is found", () => {
  test("in the length of a file, and in a list of exceptions that is out of date", () => {
    const tree = treeOf({
      "src/mvcc/a.ts": row.repeat(301),
      "src/mvcc/b.ts": row.repeat(501),
      "src/mvcc/c.ts": row.repeat(300),
      "src/mvcc/a.test.ts": row.repeat(600),
      "test/x.test.ts": row.repeat(601),
    });
    expect(longFiles(tree, ["src/mvcc/b.ts", "src/mvcc/c.ts"])).toEqual([
      "src/mvcc/b.ts has 501 lines, more than 500",
      "test/x.test.ts has 601 lines, more than 600",
      "src/mvcc/a.ts has 301 lines, more than 300",
      "src/mvcc/c.ts is short enough now: take it off the list",
    ]);
  });

  test("in the length of a function, a method and an arrow, but not of a class or a block in one", () => {
    const long = row.repeat(69);
    const tree = treeOf({
      "src/mvcc/a.ts": `export function apply(x: number): void {\n${long}}\n`,
      "src/mvcc/b.ts": `class B {\n${row.repeat(80)}  #run(\n    a: string,\n  ): Promise<void> {\n${row.repeat(69)}  }\n}\n`,
      "src/mvcc/c.ts": `const go = async () => {\n${long}};\n`,
      "src/mvcc/d.ts": `function short(): { a: number } {\n${row.repeat(68)}}\nif (x) {\n${long}}\n`,
    });
    expect(longFunctions(tree, ["src/mvcc/c.ts go", "src/mvcc/d.ts short"])).toEqual([
      "src/mvcc/a.ts:1 apply has 71 lines",
      "src/mvcc/b.ts:84 #run has 71 lines",
      "src/mvcc/d.ts short is short enough now: take it off the list",
    ]);
  });

  test("in a missing head comment", () => {
    const tree = treeOf({
      "src/mvcc/a.ts": "/** What lives here and why. */\n",
      "src/mvcc/b.ts": "/**\n * What lives here and why. */\n",
      "src/cli/c.ts": "#!/usr/bin/env node\n// What lives here and why.\n",
      "src/mvcc/d.ts": 'import "./a.ts";\n/** Too late to be a head. */\n',
      "src/mvcc/e.ts": "/** e */\n",
    });
    expect(headless(tree)).toEqual([
      "src/mvcc/d.ts has no head comment",
      "src/mvcc/e.ts has no head comment",
    ]);
  });

  test("in a call that belongs behind a port", () => {
    const tree = treeOf({
      "src/base/clock.ts": "Date.now(); setTimeout(f, 1);",
      "src/mvcc/a.ts": "// Date.now()\nconst at = Date.now();\nconst said = 'Math.random()';",
      "src/disk/b.ts":
        "setImmediate(f);\nMath.random();\nconsole.log(1);\nif (error.message.includes('x')) f();",
    });
    expect(bannedCalls(tree)).toEqual([
      "src/mvcc/a.ts:2 uses Date.now: use the Clock port",
      "src/disk/b.ts:1 uses setImmediate: use the Clock or Defer port",
      "src/disk/b.ts:2 uses Math.random: use the Random port",
      "src/disk/b.ts:3 uses console.: use an error, or the output port of the command line",
      "src/disk/b.ts:4 uses .message.includes(: use the error's code",
    ]);
  });

  test("in a leftover", () => {
    const note = `${"TO"}DO`;
    const tree = treeOf({
      "src/mvcc/a.ts": `const ${note} = 1;\n// ${note}: later\nexport default a;`,
      "test/a.test.ts": "test.only('x', f);\ntest.skipIf(root)('y', f);",
    });
    expect(leftovers(tree)).toEqual([
      `src/mvcc/a.ts:2 has ${note}`,
      "src/mvcc/a.ts:3 has export default",
      "test/a.test.ts:1 has test.only",
    ]);
  });

  test("in a character that is not what it looks like", () => {
    const tree = treeOf({
      "src/a.ts": "// fine — “quoted” …",
      "src/b.ts": "one\nconst \u0430 = 1;",
      "docs/c.md": "no\u00a0break",
      "src/a.test.ts": "'\u{1f600}'",
    });
    expect(oddCharacters(tree)).toEqual(["src/b.ts:2 holds U+0430", "docs/c.md:1 holds U+00A0"]);
  });
});
