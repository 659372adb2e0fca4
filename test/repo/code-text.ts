/**
 * TypeScript cut into code, comments and strings, well enough for checks by pattern: a word in a comment is not a
 * call, and `//` inside a string is not a comment. Not a parser; formatted code in, positions kept.
 */

export interface CodeText {
  /** Comments blanked; strings as they stand. */
  readonly code: string;
  /** Comments and the insides of strings, templates and patterns blanked. */
  readonly bare: string;
  /** Everything but comments blanked. */
  readonly comments: string;
}

/** After one of these (or at the start) a slash begins a pattern, not a division. */
const BEFORE_PATTERN = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|await|yield))\s*$/;

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

class Cutter {
  #at = 0;
  #code = "";
  #bare = "";
  #comments = "";
  /** Braces open inside each `${` that we are in. */
  readonly #holes: number[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  cut(): CodeText {
    while (this.#at < this.#text.length) this.#step();
    return { code: this.#code, bare: this.#bare, comments: this.#comments };
  }

  #step(): void {
    const text = this.#text;
    const char = text[this.#at]!;
    if (text.startsWith("//", this.#at)) this.#comment(/\n|$/g, 0);
    else if (text.startsWith("/*", this.#at)) this.#comment(/\*\//g, 2);
    else if (char === '"' || char === "'") this.#quoted(char);
    else if (char === "`") this.#template();
    else if (char === "/" && BEFORE_PATTERN.test(this.#bare.slice(-40))) this.#pattern();
    else if (char === "}" && this.#holes.at(-1) === 0) {
      this.#holes.pop();
      this.#template();
    } else {
      if (this.#holes.length > 0 && char === "{") this.#holes[this.#holes.length - 1]!++;
      if (this.#holes.length > 0 && char === "}") this.#holes[this.#holes.length - 1]!--;
      this.#take(this.#at + 1, "code");
    }
  }

  #comment(end: RegExp, endLength: number): void {
    end.lastIndex = this.#at + 2;
    const found = end.exec(this.#text);
    this.#take(found === null ? this.#text.length : found.index + endLength, "comment");
  }

  #quoted(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== "\n") {
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    this.#take(end + 1, "string");
  }

  /** From a backtick, or from the brace that ends a hole, to the closing backtick or the next hole. */
  #template(): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== "`" && !this.#text.startsWith("${", end)) {
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    const hole = this.#text.startsWith("${", end);
    if (hole) this.#holes.push(0);
    this.#take(end + (hole ? 2 : 1), "string");
  }

  #pattern(): void {
    let end = this.#at + 1;
    let inClass = false;
    while (end < this.#text.length && this.#text[end] !== "\n" && (inClass || this.#text[end] !== "/")) {
      if (this.#text[end] === "[") inClass = true;
      else if (this.#text[end] === "]") inClass = false;
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    this.#take(end + 1, "string");
  }

  #take(end: number, kind: "code" | "comment" | "string"): void {
    const piece = this.#text.slice(this.#at, end);
    const blanked = blank(piece);
    this.#code += kind === "comment" ? blanked : piece;
    this.#comments += kind === "comment" ? piece : blanked;
    this.#bare += kind === "code" ? piece : kind === "comment" ? blanked : hollow(piece);
    this.#at = end;
  }
}

/** Keeps the first and last character, so that a string still reads as one. */
function hollow(piece: string): string {
  return piece.length < 2 ? piece : piece[0] + blank(piece.slice(1, -1)) + piece.at(-1);
}

const cache = new Map<string, CodeText>();

export function cutCode(text: string): CodeText {
  let result = cache.get(text);
  if (result === undefined) {
    result = new Cutter(text).cut();
    cache.set(text, result);
  }
  return result;
}
