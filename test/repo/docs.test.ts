import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ERROR_CODES } from "../../src/contract/errors.ts";
import {
  brokenLinks,
  danglingFileNames,
  errorDocs,
  foreignPlaces,
  guaranteeDocs,
  missingFromPackage,
  untestedExamples,
  untestedReadmeCode,
  unusedCodes,
} from "./docs-checks.ts";
import { REPO_ROOT, repository, treeOf } from "./source-tree.ts";

/** Codes of engines that are still to come. This list may only shrink. */
const NOT_THROWN_YET = ["UNAVAILABLE"];

describe("this repository", () => {
  test("documents every error code, with its own facts, and no other", () => {
    expect(errorDocs(repository, ERROR_CODES)).toEqual([]);
  });

  test("has no error code that nothing throws", () => {
    expect(unusedCodes(repository, Object.keys(ERROR_CODES))).toEqual(NOT_THROWN_YET);
  });

  test("has a test by name for every guarantee, and a guarantee for every such name", () => {
    expect(guaranteeDocs(repository)).toEqual([]);
  });

  test("links to, and names, only files that are there", () => {
    expect(brokenLinks(repository)).toEqual([]);
    expect(danglingFileNames(repository)).toEqual([]);
  });

  test("names no machine's paths and no package registry", () => {
    expect(foreignPlaces(repository)).toEqual([]);
  });

  test("has built everything that package.json promises (npm run build)", () => {
    const manifest = JSON.parse(repository.get("package.json")!);
    expect(missingFromPackage(manifest, (path) => existsSync(join(REPO_ROOT, path)))).toEqual([]);
  });

  test("tests every example", () => {
    expect(untestedExamples(repository)).toEqual([]);
  });

  test("shows in the README only code that the examples hold", () => {
    expect(untestedReadmeCode(repository)).toEqual([]);
  });
});

describe("a planted fault is found", () => {
  test("in the error documents", () => {
    const codes = {
      LOCKED: { kind: "server", retryable: true, meaning: "Owned." },
      IO: { kind: "server", retryable: false, meaning: "Refused." },
    };
    const tree = treeOf({
      "docs/ERRORS.md": [
        "| [`LOCKED`](#locked) | server | yes | Owned. |",
        "| [`IO`](#io) | server | yes | Refused. |",
        "### LOCKED",
        "### GONE",
      ].join("\n"),
      "src/disk/a.ts": 'fail("LOCKED");',
      "src/contract/errors.ts": 'const all = ["IO"];',
    });
    expect(errorDocs(tree, codes)).toEqual([
      "docs/ERRORS.md lacks the row: | [`IO`](#io) | server | no | Refused. |",
      "docs/ERRORS.md lacks a section IO",
      "docs/ERRORS.md speaks of GONE, which is no code",
    ]);
    expect(unusedCodes(tree, Object.keys(codes))).toEqual(["IO"]);
  });

  test("between guarantees and test titles", () => {
    const tree = treeOf({
      "docs/GUARANTEES.md": "### watch-ordered\n### linearizable\n### one-owner\n### pinned-read\n",
      "src/testing/conformance/watch.ts": 'test("watch-ordered: events come in order", run);',
      "test/a.test.ts":
        'test.skipIf(root)("linearizable: reads see writes", run);\n// test("one-owner: in a comment")\n' +
        'describe("watch-odd: no such name", run);\ntest("note: one word is free to use", run);',
      "src/mvcc/a.test.ts": 'test.each(rows)("pinned-read: at %s", run);',
    });
    expect(guaranteeDocs(tree)).toEqual([
      "the guarantee one-owner has no test",
      "a test claims watch-odd, which docs/GUARANTEES.md does not have",
    ]);
  });

  test("in a link", () => {
    const tree = treeOf({
      "README.md": "[a](docs/A.md#two-words) [b](docs/B.md) [c](#none) [d](https://example.org) [e](docs/)\n",
      "docs/A.md": "# Two words!\n```\n[x](nowhere)\n```\n[r](../README.md)",
    });
    expect(brokenLinks(tree)).toEqual([
      "README.md:1 links to docs/B.md, which is not there",
      "README.md:1 links to #none: no such heading",
    ]);
    const named = { "docs/A.md": "see `disk/a.ts`,\n`src/disk/a.ts`, `disk/b.ts`", "src/disk/a.ts": "" };
    expect(danglingFileNames(treeOf(named))).toEqual(["docs/A.md:2 names disk/b.ts, which is not there"]);
  });

  test("in a place that only one machine has", () => {
    const tree = treeOf({
      "docs/a.md": "run it\nin /home/me/x",
      "package-lock.json": '"resolved": "https://registry.example.org/x.tgz"',
      "src/a.ts": "// see /working/ and homes/ and service-registry.ts and https://nodejs.org/",
    });
    expect(foreignPlaces(tree)).toEqual([
      "docs/a.md:2 holds /home/m",
      'package-lock.json:1 holds "resolved":',
      "package-lock.json:1 holds registry.example.or",
    ]);
  });

  test("in the manifest, the examples and the README", () => {
    const manifest = {
      exports: {
        ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
        "./package.json": "./package.json",
      },
      bin: { holdfast: "./dist/cli/main.js" },
      files: ["dist", "docs"],
    };
    expect(missingFromPackage(manifest, (path) => !path.includes("cli"))).toEqual([
      "package.json names ./dist/cli/main.js",
    ]);
    const tree = treeOf({
      "examples/a.ts": "const a = 1;\nuse(a);",
      "examples/b.ts": "",
      "test/examples/a.test.ts": 'import "../../examples/a.ts";',
      "README.md": "```ts\nconst a = 1;\nuse(a);\n```\n```ts\nconst b = 2;\n```\n",
    });
    expect(untestedExamples(tree)).toEqual(["examples/b.ts"]);
    expect(untestedReadmeCode(tree)).toEqual(["README.md shows code that no example holds: const b = 2;"]);
  });
});
