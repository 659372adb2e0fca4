/** Reads the words of the transaction language one after another, and says where in the text something is wrong. */
import { type ByteString, fromText } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";

/** Ends a word that is not quoted. */
const WORD_END = /[\s;(){}"']/;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };

export class TxnScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether nothing but blanks and comments is left. */
  get isAtEnd(): boolean {
    this.#skipBlank();
    return this.#at === this.#text.length;
  }

  /** Whether a line break comes before the next word. */
  get isAtLineEnd(): boolean {
    return /^[^\S\n]*(?:\n|#|$)/.test(this.#text.slice(this.#at));
  }

  /** Whether `word`, as a whole, is next. */
  isNextWord(word: string): boolean {
    return this.#isNext(word);
  }

  /** Takes `text` if it is next: a sign, or a whole word. */
  takes(text: string): boolean {
    if (!this.#isNext(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** The same, but only if it stands on the same line. */
  takesOnLine(text: string): boolean {
    return !this.isAtLineEnd && this.takes(text);
  }

  /** @throws {HoldfastError} INVALID_ARGUMENT where something else is next */
  expect(text: string): void {
    if (!this.takes(text)) throw this.expected(`"${text}"`);
  }

  /** Takes whichever of these is next; undefined where none is. Longer ones that start with shorter ones go first. */
  takesOneOf<T extends string>(texts: readonly T[]): T | undefined {
    return texts.find((text) => this.takes(text));
  }

  /** A key, value or number: one word, or something in quotes. */
  operand(what: string): ByteString {
    this.#skipBlank();
    const quote = this.#text[this.#at];
    if (quote === "'") return this.#singleQuoted();
    if (quote === '"') return this.#doubleQuoted();
    const word = this.#wordAt(this.#at);
    if (word === "") throw this.expected(what);
    this.#at += word.length;
    const next = this.#text[this.#at];
    if (next === '"' || next === "'") throw this.error(`quote the whole of ${what}`);
    return fromText(word);
  }

  /** What should be here is not. */
  expected(what: string): HoldfastError {
    this.#skipBlank();
    const word = this.#wordAt(this.#at) || this.#text[this.#at];
    return this.error(`expected ${what}, found ${word === undefined ? "the end" : JSON.stringify(word)}`);
  }

  /** Something is wrong at the next word. */
  error(message: string): HoldfastError {
    const before = this.#text.slice(0, this.#at).split("\n");
    const line = before.length;
    const column = before.at(-1)!.length + 1;
    return new HoldfastError("INVALID_ARGUMENT", `transaction, line ${line}, column ${column}: ${message}`, {
      details: { line, column, hint: "`holdfast txn --help` shows the language" },
    });
  }

  #isNext(text: string): boolean {
    this.#skipBlank();
    return /^\w/.test(text) ? this.#wordAt(this.#at) === text : this.#text.startsWith(text, this.#at);
  }

  #skipBlank(): void {
    const blank = /(?:\s|(?<=^|\s)#[^\n]*)*/y;
    blank.lastIndex = this.#at;
    this.#at += blank.exec(this.#text)![0].length;
  }

  #wordAt(start: number): string {
    let end = start;
    while (end < this.#text.length && !WORD_END.test(this.#text[end]!)) end++;
    return this.#text.slice(start, end);
  }

  #singleQuoted(): ByteString {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw this.error("this quote has no end");
    const inside = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return fromText(inside);
  }

  #doubleQuoted(): ByteString {
    const start = this.#at;
    let bytes = "";
    for (this.#at++; this.#text[this.#at] !== '"'; ) {
      if (this.#at >= this.#text.length) {
        this.#at = start;
        throw this.error("this quote has no end");
      }
      bytes += this.#text[this.#at] === "\\" ? this.#escape() : this.#plainRun();
    }
    this.#at++;
    return bytes as ByteString;
  }

  #plainRun(): ByteString {
    const start = this.#at;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"' && this.#text[this.#at] !== "\\")
      this.#at++;
    return fromText(this.#text.slice(start, this.#at));
  }

  #escape(): string {
    const next = this.#text[this.#at + 1] ?? "";
    const hex = /^x([0-9a-f]{2})/i.exec(this.#text.slice(this.#at + 1, this.#at + 4));
    if (hex !== null) {
      this.#at += 4;
      return String.fromCharCode(Number.parseInt(hex[1]!, 16));
    }
    const char = ESCAPES[next];
    if (char === undefined) throw this.error('after \\ only n, r, t, ", \\ and xNN have a meaning');
    this.#at += 2;
    return char;
  }
}
