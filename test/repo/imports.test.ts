import { describe, expect, test } from "vitest";
import { importCycles, importsOf } from "./imports.ts";
import { builtInsBehind, danglingImports, deadFiles, forbiddenImports, nodeGlobals } from "./rooms.ts";
import { repository, treeOf } from "./source-tree.ts";

const DOORS = ["src/index.ts", "src/testing/index.ts", "src/cli/main.ts"];

describe("this repository", () => {
  test("imports only along the arrows", () => {
    expect(forbiddenImports(repository)).toEqual([]);
  });

  test("uses Node's globals only where Node is at home", () => {
    expect(nodeGlobals(repository)).toEqual([]);
  });

  test("has no import cycle, type imports included", () => {
    expect(importCycles(repository)).toEqual([]);
  });

  test("loads no built-in module behind the doors that a browser may open", () => {
    expect(builtInsBehind(repository, "src/index.ts")).toEqual([]);
    expect(builtInsBehind(repository, "src/testing/index.ts")).toEqual([]);
  });

  test("imports no file that is not there", () => {
    expect(danglingImports(repository)).toEqual([]);
  });

  test("ships no file that no door leads to", () => {
    expect(deadFiles(repository, DOORS)).toEqual([]);
  });
});

describe("a planted fault is found", () => {
  test("in every form of import", () => {
    const text = [
      'import { a } from "./a.ts";',
      'import type { B } from "./b.ts";',
      "import {",
      "  c,",
      '} from "../c.ts";',
      'export * from "./d.ts";',
      'export type { E } from "./e.ts";',
      'import "./f.ts";',
      'const g = await import("./g.ts");',
      'type H = import("./h.ts").H;',
      '// import { no } from "./comment.ts";',
      'const text = "//"; /* import("./comment.ts") */',
      'const pattern = /["`//*]/; import("./i.ts");',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a nested template.
      "const t = `${`//`}`; // quote ' here",
      'import("./j.ts");',
      "const said = 'import(\"./said.ts\")';",
    ].join("\n");
    const found = importsOf("src/mvcc/x.ts", text).map(({ to, kind, line }) => `${line} ${kind} ${to}`);
    expect(found).toEqual([
      "1 static src/mvcc/a.ts",
      "2 type src/mvcc/b.ts",
      "3 static src/c.ts",
      "6 static src/mvcc/d.ts",
      "7 type src/mvcc/e.ts",
      "8 static src/mvcc/f.ts",
      "9 dynamic src/mvcc/g.ts",
      "10 dynamic src/mvcc/h.ts",
      "13 dynamic src/mvcc/i.ts",
      "15 dynamic src/mvcc/j.ts",
    ]);
  });

  test("against the arrows", () => {
    const tree = treeOf({
      "src/base/a.ts": 'import type { Store } from "../contract/store.ts";',
      "src/contract/store.ts": 'import { x } from "../base/a.ts";',
      "src/disk/log.ts": 'import "../contract/errors.ts";\nimport "../contract/store.ts";\nimport "node:fs";',
      "src/cli/main.ts": 'import { Command } from "commander";\nimport "../index.ts";',
      "src/mvcc/index.ts": '// Nothing to see.\nimport "commander";\nimport "node:fs";',
      "src/engines/memory/store.ts": 'import "../local/shell.ts";\nimport "../file/store.ts";',
      "src/index.ts": 'import "./engines/memory/store.ts";\nimport "./cli/main.ts";',
      "src/mvcc/index.test.ts": 'import "node:fs";\nimport "../disk/log.ts";',
      "src/attic/old.ts": "",
    });
    expect(forbiddenImports(tree)).toEqual([
      "src/attic/old.ts lies in no room",
      "src/base/a.ts:1 may not import src/contract/store.ts",
      "src/disk/log.ts:2 may not import src/contract/store.ts",
      "src/mvcc/index.ts:2 may not import the package commander",
      "src/mvcc/index.ts:3 may not import node:fs: no room for Node",
      "src/engines/memory/store.ts:2 may not import src/engines/file/store.ts",
      "src/index.ts:2 may not import src/cli/main.ts",
    ]);
  });

  test("as a global of Node", () => {
    const tree = treeOf({
      "src/base/a.ts": 'const ok = "process.exit"; // process.exit()\nprocess.nextTick(f);',
      "src/cli/a.ts": "process.exit();",
    });
    expect(nodeGlobals(tree)).toEqual(["src/base/a.ts:2 uses process"]);
  });

  test("as a cycle, also of types, told once", () => {
    const tree = treeOf({
      "src/mvcc/a.ts": 'import "./b.ts";',
      "src/mvcc/b.ts": 'import type { C } from "./c.ts";',
      "src/mvcc/c.ts": 'import "./a.ts";',
      "src/mvcc/d.ts": 'import "./a.ts";',
    });
    expect(importCycles(tree)).toEqual(["src/mvcc/a.ts → src/mvcc/b.ts → src/mvcc/c.ts → src/mvcc/a.ts"]);
  });

  test("as a built-in behind a door, unless loaded on demand or for its types", () => {
    const tree = treeOf({
      "src/index.ts": 'import "./open.ts";\nimport type { F } from "./engines/file/store.ts";',
      "src/open.ts": 'await import("./engines/file/store.ts");\nimport "./base/bad.ts";',
      "src/base/bad.ts": 'import { readFile } from "node:fs/promises";',
      "src/engines/file/store.ts": 'import "node:fs";',
    });
    expect(builtInsBehind(tree, "src/index.ts")).toEqual(["src/base/bad.ts:1 loads node:fs/promises"]);
  });

  test("as an import of nothing, and as a file that nothing imports", () => {
    const tree = treeOf({
      "src/index.ts": 'import "./gone.ts";\nawait import("./used.ts");',
      "src/used.ts": "",
      "src/unused.ts": "",
      "src/unused.test.ts": 'import "./unused.ts";',
    });
    expect(danglingImports(tree)).toEqual(["src/index.ts:1 imports src/gone.ts, which is not there"]);
    expect(deadFiles(tree, ["src/index.ts"])).toEqual(["src/unused.ts"]);
  });
});
