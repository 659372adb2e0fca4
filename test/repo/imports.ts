/** Who imports whom: read from the text of the sources, type imports and dynamic imports included. */
import { posix } from "node:path";
import { cutCode } from "./code-text.ts";
import { lineAt, type SourceTree, typeScriptFiles } from "./source-tree.ts";

export interface Import {
  readonly from: string;
  readonly line: number;
  /** A path in the tree, or the name of a package or built-in module. */
  readonly to: string;
  readonly isLocal: boolean;
  /** `static` loads with the importing file, `type` is erased, `dynamic` is loaded when the code asks for it. */
  readonly kind: "static" | "type" | "dynamic";
}

const IMPORT =
  /^(?:import|export)\s+(type\s)?[^"'`;]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

export function importsOf(path: string, text: string): Import[] {
  const { code, bare } = cutCode(text);
  const matches = [...code.matchAll(IMPORT)].filter(({ index }) => /\w/.test(bare[index]!));
  return matches.map((match) => {
    const specifier = (match[2] ?? match[3] ?? match[4])!;
    const isLocal = specifier.startsWith(".");
    return {
      from: path,
      line: lineAt(code, match.index),
      to: isLocal ? posix.join(posix.dirname(path), specifier) : specifier,
      isLocal,
      kind: match[4] !== undefined ? "dynamic" : match[1] !== undefined ? "type" : "static",
    };
  });
}

export function allImports(tree: SourceTree): Import[] {
  return typeScriptFiles(tree).flatMap(([path, text]) => importsOf(path, text));
}

function graphOf(imports: readonly Import[]): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { from, to, isLocal } of imports) {
    if (!isLocal) continue;
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets.add(to));
  }
  return graph;
}

/** What can be reached from `start` along the imports, `start` included. */
export function reachable(imports: readonly Import[], start: string): Set<string> {
  const graph = graphOf(imports);
  const seen = new Set([start]);
  for (const path of seen) for (const next of graph.get(path) ?? []) seen.add(next);
  return seen;
}

/**
 * One complaint per file that imports itself by way of others, type imports included, with the shortest way round.
 */
export function importCycles(tree: SourceTree): string[] {
  const graph = graphOf(allImports(tree));
  const cycles = new Set<string>();
  for (const start of graph.keys()) {
    const way = wayBack(graph, start);
    if (way !== undefined) cycles.add(fromSmallest(way));
  }
  return [...cycles];
}

function wayBack(graph: ReadonlyMap<string, ReadonlySet<string>>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue) {
    for (const next of graph.get(path) ?? []) {
      if (next === start) {
        const way = [path];
        while (way[0] !== start) way.unshift(cameFrom.get(way[0]!)!);
        return way;
      }
      if (!cameFrom.has(next)) {
        cameFrom.set(next, path);
        queue.push(next);
      }
    }
  }
  return undefined;
}

/** The same cycle reads the same, wherever it was found. */
function fromSmallest(way: readonly string[]): string {
  const first = way.indexOf([...way].sort()[0]!);
  const turned = [...way.slice(first), ...way.slice(0, first)];
  return [...turned, turned[0]].join(" → ");
}
