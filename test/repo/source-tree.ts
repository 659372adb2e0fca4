/**
 * The repository as text: every file that belongs to it, by its path from the top with forward slashes. The checks
 * are functions from such a tree to a list of complaints, so that each is proven on a small tree with a planted
 * fault.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export type SourceTree = ReadonlyMap<string, string>;

/** What is built, installed or written by running, and so no part of the source. */
const LEFT_OUT = new Set([".git", "node_modules", "dist", "coverage", "holdfast-data"]);
const TEXT = /\.(ts|mjs|cjs|js|json|md|sh|yml|yaml|html|svg|txt)$|(^|\/)(\.ci\/run|LICENSE|\.[a-z]+)$/;

export function readTree(root: string): SourceTree {
  const tree = new Map<string, string>();
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (LEFT_OUT.has(entry.name)) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) {
        const name = relative(root, path).split(sep).join("/");
        if (TEXT.test(name)) tree.set(name, readFileSync(path, "utf8"));
      }
    }
  };
  visit(root);
  return new Map([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const REPO_ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** This repository. Read once per test file. */
export const repository: SourceTree = readTree(REPO_ROOT);

/** A small tree made of literals, to plant faults in. */
export function treeOf(files: Record<string, string>): SourceTree {
  return new Map(Object.entries(files));
}

export function isTypeScript(path: string): boolean {
  return path.endsWith(".ts") && !path.endsWith(".d.ts");
}

/** Tests and benchmarks of one module lie beside it and are not shipped. */
export function isTest(path: string): boolean {
  return /\.(test|bench)\.ts$/.test(path);
}

/** The shipped sources: everything under `src/` but its tests. */
export function shippedSources(tree: SourceTree): [path: string, text: string][] {
  return [...tree].filter(([path]) => path.startsWith("src/") && isTypeScript(path) && !isTest(path));
}

export function typeScriptFiles(tree: SourceTree): [path: string, text: string][] {
  return [...tree].filter(([path]) => isTypeScript(path));
}

/** Where in a text an index lies, from 1. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < index; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
