/**
 * The rooms of `src/` and who may import whom (docs/ARCHITECTURE.md). The arrows hold for type imports and dynamic
 * imports too. Tests beside the sources are free to cross them.
 */
import { builtinModules } from "node:module";
import { cutCode } from "./code-text.ts";
import { allImports, type Import, reachable } from "./imports.ts";
import { isTest, lineAt, type SourceTree, shippedSources } from "./source-tree.ts";

interface Room {
  /** Rooms, or single files, that it may import beside itself. `"*"`: all. */
  readonly imports: readonly string[];
  /** Packages that it may import. */
  readonly packages?: readonly string[];
  /** May use what only Node has. */
  readonly node?: boolean;
}

/** The rooms by folder, the deeper before the shallower. */
const ROOMS: Readonly<Record<string, Room>> = {
  base: { imports: [] },
  contract: { imports: ["base"] },
  mvcc: { imports: ["base", "contract"] },
  disk: { imports: ["base", "contract/errors.ts"], node: true },
  "engines/local": { imports: ["base", "contract", "mvcc"] },
  "engines/memory": { imports: ["base", "contract", "mvcc", "engines/local"] },
  "engines/file": { imports: ["base", "contract", "mvcc", "disk", "engines/local"], node: true },
  database: { imports: ["base", "contract"] },
  wrappers: { imports: ["base", "contract"] },
  testing: { imports: ["base", "contract"] },
  cli: { imports: ["*"], packages: ["commander"], node: true },
};

/** The doors: files at the top of `src/`, which choose and assemble. They load in a browser. */
const DOORS: Room = { imports: ["*"] };

const BUILT_IN = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
/** Globals that a browser does not have. `globalThis.Buffer`, asked for before use, is fine. */
const NODE_GLOBAL = /(?<![.\w$])(?:process(?=\.)|__dirname\b|__filename\b|require(?=\("))/g;

function roomOf(path: string): string | undefined {
  if (!path.startsWith("src/")) return undefined;
  const inside = path.slice("src/".length);
  if (!inside.includes("/")) return "";
  return Object.keys(ROOMS).find((room) => inside.startsWith(`${room}/`));
}

function factsOf(room: string): Room {
  return room === "" ? DOORS : ROOMS[room]!;
}

function mayImport(from: string, to: string): boolean {
  const room = roomOf(from)!;
  if (roomOf(to) === room) return true;
  if (roomOf(to) === "cli") return false;
  return factsOf(room).imports.some(
    (allowed) => allowed === "*" || `src/${allowed}` === to || to.startsWith(`src/${allowed}/`),
  );
}

function complaintAbout(found: Import): string | undefined {
  const where = `${found.from}:${found.line}`;
  const room = roomOf(found.from)!;
  if (found.isLocal) {
    return mayImport(found.from, found.to) ? undefined : `${where} may not import ${found.to}`;
  }
  if (BUILT_IN.has(found.to)) {
    return factsOf(room).node === true ? undefined : `${where} may not import ${found.to}: no room for Node`;
  }
  const allowed = factsOf(room).packages?.some((name) => `${found.to}/`.startsWith(`${name}/`));
  return allowed === true ? undefined : `${where} may not import the package ${found.to}`;
}

/** Imports, of shipped sources, that go against the arrows. */
export function forbiddenImports(tree: SourceTree): string[] {
  const complaints: string[] = [];
  for (const [path] of shippedSources(tree)) {
    if (roomOf(path) === undefined) complaints.push(`${path} lies in no room`);
  }
  for (const found of allImports(tree)) {
    if (roomOf(found.from) === undefined || isTest(found.from)) continue;
    const complaint = complaintAbout(found);
    if (complaint !== undefined) complaints.push(complaint);
  }
  return complaints;
}

/** Node's own globals in rooms that run anywhere. */
export function nodeGlobals(tree: SourceTree): string[] {
  return shippedSources(tree).flatMap(([path, text]) => {
    const room = roomOf(path);
    if (room === undefined || factsOf(room).node === true) return [];
    const { bare } = cutCode(text);
    return [...bare.matchAll(NODE_GLOBAL)].map(
      (match) => `${path}:${lineAt(bare, match.index)} uses ${match[0]}`,
    );
  });
}

/** Built-in modules that loading a door would load with it. */
export function builtInsBehind(tree: SourceTree, door: string): string[] {
  const loading = allImports(tree).filter((found) => found.kind === "static");
  const files = reachable(loading, door);
  return loading
    .filter((found) => files.has(found.from) && BUILT_IN.has(found.to))
    .map((found) => `${found.from}:${found.line} loads ${found.to}`);
}

/** Local imports that name no file. */
export function danglingImports(tree: SourceTree): string[] {
  return allImports(tree)
    .filter((found) => found.isLocal && !tree.has(found.to))
    .map((found) => `${found.from}:${found.line} imports ${found.to}, which is not there`);
}

/** Shipped files that no door leads to. */
export function deadFiles(tree: SourceTree, doors: readonly string[]): string[] {
  const imports = allImports(tree).filter((found) => !isTest(found.from));
  const alive = new Set(doors.flatMap((door) => [...reachable(imports, door)]));
  return shippedSources(tree)
    .map(([path]) => path)
    .filter((path) => !alive.has(path));
}
