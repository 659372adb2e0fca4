/** How many columns of a terminal a text takes, for aligned tables. */

/** First and last code points of the blocks that terminals draw two columns wide. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe4f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];
const COMBINING = /^\p{Mark}$/u;
const ASCII = /^[\x20-\x7e]*$/;
/** A change of colour, or one character. */
const PIECES = /\x1b\[\d*m|[\s\S]/gu;

export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const piece of text.match(PIECES) ?? []) width += pieceWidth(piece);
  return width;
}

function pieceWidth(char: string): number {
  if (COMBINING.test(char) || char.startsWith("\x1b[")) return 0;
  const code = char.codePointAt(0)!;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Cuts a text to a number of columns; a cut one ends in `…`. */
export function cutToWidth(text: string, columns: number): string {
  // No need to measure megabytes: every character that counts takes a column or more.
  const head = text.length > 4 * columns + 16 ? text.slice(0, 4 * columns + 16) : text;
  if (head.length === text.length && textWidth(text) <= columns) return text;
  let cut = "";
  let width = 0;
  for (const piece of head.match(PIECES) ?? []) {
    width += pieceWidth(piece);
    if (width > columns - 1) break;
    cut += piece;
  }
  return `${cut}…`;
}

export function padToWidth(text: string, columns: number, align: "left" | "right" = "left"): string {
  const padding = " ".repeat(Math.max(0, columns - textWidth(text)));
  return align === "left" ? text + padding : padding + text;
}
