/** Documents against code, and the package against its manifest: what one says the other must have. */
import { posix } from "node:path";
import { cutCode } from "./code-text.ts";
import { lineAt, type SourceTree, typeScriptFiles } from "./source-tree.ts";

export interface ErrorFacts {
  readonly kind: string;
  readonly retryable: boolean;
  readonly meaning: string;
}

const headings = (text: string, level: number): string[] =>
  [...text.matchAll(new RegExp(`^#{${level}} (.+)$`, "gm"))].map((match) => match[1]!.trim());

/** docs/ERRORS.md has one row with the code's own facts, and one section, for every code, and none for others. */
export function errorDocs(tree: SourceTree, codes: Readonly<Record<string, ErrorFacts>>): string[] {
  const text = tree.get("docs/ERRORS.md") ?? "";
  const rows = new Map(
    [...text.matchAll(/^\| \[?`([A-Z_]+)`.*$/gm)].map((match) => [match[1]!, match[0]] as const),
  );
  const sections = headings(text, 3).filter((title) => /^[A-Z_]+$/.test(title));
  const complaints: string[] = [];
  for (const [code, { kind, retryable, meaning }] of Object.entries(codes)) {
    const row = `| [\`${code}\`](#${code.toLowerCase()}) | ${kind} | ${retryable ? "yes" : "no"} | ${meaning} |`;
    if (rows.get(code) !== row) complaints.push(`docs/ERRORS.md lacks the row: ${row}`);
    if (!sections.includes(code)) complaints.push(`docs/ERRORS.md lacks a section ${code}`);
  }
  for (const code of new Set([...rows.keys(), ...sections])) {
    if (!(code in codes)) complaints.push(`docs/ERRORS.md speaks of ${code}, which is no code`);
  }
  return complaints;
}

/** Codes that nothing shipped ever names. */
export function unusedCodes(tree: SourceTree, codes: readonly string[]): string[] {
  const used = new Set<string>();
  for (const [path, text] of typeScriptFiles(tree)) {
    if (!path.startsWith("src/") || path === "src/contract/errors.ts" || path.endsWith(".test.ts")) continue;
    for (const match of cutCode(text).code.matchAll(/["']([A-Z_]{2,})["']/g)) used.add(match[1]!);
  }
  return codes.filter((code) => !used.has(code));
}

const TEST_TITLE =
  /\b(?:test|it|describe)(?:\.\w+(?:\([^)]*\))?)*\(\s*["'`]([^"'`\n]+)|\btitle:\s*["'`]([^"'`\n]+)/g;

/** What tests are called, in the test files and in the published suites. */
export function testTitles(tree: SourceTree): string[] {
  return typeScriptFiles(tree)
    .filter(([path]) => path.startsWith("test/") || path.startsWith("src/"))
    .filter(
      ([path]) => path.endsWith(".test.ts") || path.startsWith("src/testing/") || path.startsWith("test/"),
    )
    .flatMap(([, text]) => {
      const { code, bare } = cutCode(text);
      // A title inside a string, as this file's own tests have them, is none.
      const matches = [...code.matchAll(TEST_TITLE)].filter(({ index }) => /\w/.test(bare[index]!));
      return matches.map((match) => match[1] ?? match[2]!);
    });
}

/** Every guarantee has a test whose title starts with its name and a colon; every such title names a guarantee. */
export function guaranteeDocs(tree: SourceTree): string[] {
  const names = headings(tree.get("docs/GUARANTEES.md") ?? "", 3);
  const claimed = new Set(
    testTitles(tree).flatMap((title) => /^([a-z]+(?:-[a-z]+)*): /.exec(title)?.[1] ?? []),
  );
  return [
    ...names.filter((name) => !claimed.has(name)).map((name) => `the guarantee ${name} has no test`),
    ...[...claimed]
      .filter((name) => name.includes("-") && !names.includes(name))
      .map((name) => `a test claims ${name}, which docs/GUARANTEES.md does not have`),
  ];
}

/** A heading's anchor, as the usual renderers make it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

/** Links between documents that lead nowhere, their anchors included. */
export function brokenLinks(tree: SourceTree): string[] {
  const paths = [...tree.keys()];
  return [...tree].flatMap(([path, text]) => {
    if (!path.endsWith(".md")) return [];
    const prose = text.replace(/```[\s\S]*?```/g, (block) => block.replace(/[^\n]/g, " "));
    return [...prose.matchAll(LINK)].flatMap((match) => {
      const target = match[1]!;
      if (/^[a-z]+:/.test(target)) return [];
      const [file, anchor] = target.split("#") as [string, string | undefined];
      const to = file === "" ? path : posix.join(posix.dirname(path), file).replace(/\/$/, "");
      const where = `${path}:${lineAt(text, match.index)}`;
      const there = tree.has(to) || paths.some((name) => name.startsWith(`${to}/`));
      if (!there) return [`${where} links to ${target}, which is not there`];
      const anchors = headingsOf(tree.get(to) ?? "").map(anchorOf);
      return anchor === undefined || anchors.includes(anchor)
        ? []
        : [`${where} links to ${target}: no such heading`];
    });
  });
}

function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!.trim());
}

const NAMED_FILE = /`((?:[a-z]+\/)+[\w.-]+\.(?:ts|mjs|sh))`/g;

/** Source files that documents name, from the top or from `src/`, and that are not there. */
export function danglingFileNames(tree: SourceTree): string[] {
  return [...tree].flatMap(([path, text]) =>
    !path.endsWith(".md") || path === "CHANGELOG.md"
      ? []
      : [...text.matchAll(NAMED_FILE)]
          .filter((match) => !tree.has(match[1]!) && !tree.has(`src/${match[1]}`))
          .map((match) => `${path}:${lineAt(text, match.index)} names ${match[1]}, which is not there`),
  );
}

/** Paths of one machine and hosts of package registries. Spelt so that this file does not find itself. */
const FOREIGN = new RegExp(
  ["/(?:work|root|home|Users)/[\\w.]", "registry\\.[\\w-]+\\.[a-z]{2}", '"resolved"\\s*:'].join("|"),
  "g",
);
const MAY_NAME_THEM = /^test\/repo\//;

export function foreignPlaces(tree: SourceTree): string[] {
  return [...tree].flatMap(([path, text]) =>
    MAY_NAME_THEM.test(path)
      ? []
      : [...text.matchAll(FOREIGN)].map((match) => `${path}:${lineAt(text, match.index)} holds ${match[0]}`),
  );
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
}

/** What package.json says the package holds, by `has`: whether a path is there after a build. */
export function missingFromPackage(manifest: Manifest, has: (path: string) => boolean): string[] {
  const named = [
    ...Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === "string" ? entry : Object.values(entry),
    ),
    ...Object.values(manifest.bin),
    ...manifest.files,
  ];
  return [...new Set(named)].filter((path) => !has(path)).map((path) => `package.json names ${path}`);
}

/** Examples that no test names. */
export function untestedExamples(tree: SourceTree): string[] {
  const tests = [...tree].filter(([path]) => path.startsWith("test/examples/")).map(([, text]) => text);
  return [...tree.keys()].filter(
    (path) =>
      path.startsWith("examples/") &&
      path.endsWith(".ts") &&
      !tests.some((text) => text.includes(`/${path}"`)),
  );
}

/** TypeScript shown in the README that is not, word for word, part of an example that the tests run. */
export function untestedReadmeCode(tree: SourceTree): string[] {
  const examples = [...tree].filter(([path]) => path.startsWith("examples/")).map(([, text]) => text);
  return [...(tree.get("README.md") ?? "").matchAll(/```ts\n([\s\S]*?)```/g)]
    .map((match) => match[1]!)
    .filter((code) => !examples.some((text) => text.includes(code.trim())))
    .map((code) => `README.md shows code that no example holds: ${code.split("\n")[0]}`);
}
