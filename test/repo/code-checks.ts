/** How the sources are written: sizes, head comments, ports instead of globals, no leftovers. */
import { cutCode } from "./code-text.ts";
import { isTest, lineAt, type SourceTree, shippedSources, typeScriptFiles } from "./source-tree.ts";

export const FILE_LINES_SOFT = 300;
export const FILE_LINES_HARD = 500;
export const TEST_LINES_HARD = 600;
export const FUNCTION_LINES = 70;

const lines = (text: string): number => text.split("\n").length - 1;

/**
 * Files over the hard limit, and shipped files over the soft one that are not on the list (which may only shrink).
 */
export function longFiles(tree: SourceTree, known: readonly string[]): string[] {
  const complaints: string[] = [];
  for (const [path, text] of typeScriptFiles(tree)) {
    const hard = path.startsWith("src/") && !isTest(path) ? FILE_LINES_HARD : TEST_LINES_HARD;
    if (lines(text) > hard) complaints.push(`${path} has ${lines(text)} lines, more than ${hard}`);
  }
  const long = shippedSources(tree).filter(([, text]) => lines(text) > FILE_LINES_SOFT);
  for (const [path, text] of long) {
    if (known.includes(path)) continue;
    complaints.push(`${path} has ${lines(text)} lines, more than ${FILE_LINES_SOFT}`);
  }
  for (const path of known) {
    if (!long.some(([name]) => name === path))
      complaints.push(`${path} is short enough now: take it off the list`);
  }
  return complaints;
}

const FUNCTION_HEAD = /(?:=>|\)(?::\s.*[^=])?)\s\{$/;
const NO_FUNCTION = /^\s*(?:\}\s*)?(?:if|for|while|switch|catch|else|with|class|interface|type)\b/;

/** Functions there hold tests, one below the other, and are as long as there are tests. */
const SUITES = "src/testing/conformance/";

/**
 * Functions over the limit, by the indentation that the formatter gives them. A long parameter list is not counted.
 */
export function longFunctions(tree: SourceTree, known: readonly string[]): string[] {
  const sources = shippedSources(tree).filter(([path]) => !path.startsWith(SUITES));
  const found = sources.flatMap(([path, text]) => functionsOver(path, text));
  const names = found.map(({ path, name }) => `${path} ${name}`);
  return [
    ...found
      .filter(({ path, name }) => !known.includes(`${path} ${name}`))
      .map(({ path, line, name, length }) => `${path}:${line} ${name} has ${length} lines`),
    ...known
      .filter((name) => !names.includes(name))
      .map((name) => `${name} is short enough now: take it off the list`),
  ];
}

function functionsOver(path: string, text: string) {
  const rows = cutCode(text).bare.split("\n");
  const found: { path: string; line: number; name: string; length: number }[] = [];
  for (const [start, row] of rows.entries()) {
    if (!FUNCTION_HEAD.test(row.trimEnd()) || NO_FUNCTION.test(row)) continue;
    const indent = row.search(/\S/);
    const end = rows.findIndex(
      (other, at) => at > start && other.search(/\S/) === indent && other[indent] === "}",
    );
    const length = end - start + 1;
    if (length > FUNCTION_LINES)
      found.push({ path, line: start + 1, name: nameAbove(rows, start, indent), length });
  }
  return found;
}

/** The name on the row, or on the row that opened the parameter list which it closes. */
function nameAbove(rows: readonly string[], start: number, indent: number): string {
  for (let at = start; at >= 0; at--) {
    const row = rows[at]!;
    if (row.search(/\S/) !== indent || row[indent] === ")") continue;
    const words = row.match(/[\w#$]+(?=\s*(?:[(<]|=[^>=]))/g) ?? row.match(/[\w#$]+/g);
    return words?.find((word) => !/^(?:async|function|if|for|while)$/.test(word)) ?? "?";
  }
  return "?";
}

/** Shipped files that do not say at their top what lives there. */
export function headless(tree: SourceTree): string[] {
  return shippedSources(tree)
    .filter(([, text]) => !/^(?:#!.*\n)?(?:\/\*\*?|\/\/)\s*\*?\s*\S.{15,}/.test(text))
    .map(([path]) => `${path} has no head comment`);
}

interface Ban {
  readonly what: RegExp;
  readonly instead: string;
  /** Files and folders under `src/` where it is at home. */
  readonly except: readonly string[];
}

const BANS: readonly Ban[] = [
  {
    what: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/g,
    instead: "the Clock port",
    except: ["base/clock.ts"],
  },
  {
    what: /\bset(?:Timeout|Interval|Immediate)\b|\bAbortSignal\.timeout\b/g,
    instead: "the Clock or Defer port",
    except: ["base/clock.ts", "base/defer.ts"],
  },
  {
    what: /\bMath\.random\b|\bcrypto\.(?:getRandomValues|random\w+)\b|\brandomUUID\b|\brandomBytes\b/g,
    instead: "the Random port",
    except: ["base/random.ts"],
  },
  { what: /\bconsole\./g, instead: "an error, or the output port of the command line", except: [] },
  { what: /\bdebugger\b/g, instead: "nothing", except: [] },
  {
    what: /\.message\s*(?:[!=]==|\.(?:includes|startsWith|endsWith|match|search)\()/g,
    instead: "the error's code",
    except: [],
  },
];

/** Calls that belong behind a port. */
export function bannedCalls(tree: SourceTree): string[] {
  return shippedSources(tree).flatMap(([path, text]) => {
    const { bare } = cutCode(text);
    const bans = BANS.filter(({ except }) => !except.some((place) => `${path}/`.startsWith(`src/${place}/`)));
    return bans.flatMap(({ what, instead }) =>
      [...bare.matchAll(what)].map(
        (match) => `${path}:${lineAt(bare, match.index)} uses ${match[0].trim()}: use ${instead}`,
      ),
    );
  });
}

const LEFTOVER_COMMENT = /\b(?:TODO|FIXME|XXX|HACK)\b/g;
const LEFTOVER_CODE = /\b(?:describe|test|it|suite|bench)\.(?:only|skip|todo|fails)\b/g;
const DEFAULT_EXPORT = /^export default\b|\bas default\b/gm;

/** Notes to self, narrowed or switched-off tests, default exports. */
export function leftovers(tree: SourceTree): string[] {
  return typeScriptFiles(tree).flatMap(([path, text]) => {
    const { bare, comments } = cutCode(text);
    const found = [...comments.matchAll(LEFTOVER_COMMENT)];
    if (isTest(path)) found.push(...bare.matchAll(LEFTOVER_CODE));
    if (path !== "vitest.config.ts") found.push(...bare.matchAll(DEFAULT_EXPORT));
    return found.map((match) => `${path}:${lineAt(text, match.index)} has ${match[0]}`);
  });
}

/** Letters and typographic marks that sources may use beyond ASCII. Anything invisible or look-alike is not in it. */
const PLAIN =
  /[\x20-\x7e\n\u00a7\u00b0-\u00b5\u00b7\u00b9\u00bc-\u00be\u00c0-\u00ff\u2013\u2014\u2018-\u201d\u2026\u2070-\u2079\u207b\u2080-\u2089\u2190-\u2195\u21d2\u2200-\u22ff\u2500-\u259f\u2713\u2717]/;

/** Characters in sources and documents that a reader cannot see or would mistake for others. */
export function oddCharacters(tree: SourceTree): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (isTest(path) || path === "LICENSE") return [];
    const odd = [...text].find((char) => !PLAIN.test(char));
    if (odd === undefined) return [];
    const code = odd.codePointAt(0)!.toString(16).padStart(4, "0");
    return [`${path}:${lineAt(text, text.indexOf(odd))} holds U+${code.toUpperCase()}`];
  });
}
