/** The few pieces of SVG that the chart is made of, in colours that follow the reader's light or dark scheme. */

const STYLE = `
  :root { --ground: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0;
    --own: #1f6feb; --redis: #d1663b; --lmdb: #2e8b6f; --raw: #8b949e; --miss: #cf222e; }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #3d444d;
      --own: #4a94ff; --redis: #e08a5f; --lmdb: #4bb592; --raw: #7d8590; --miss: #f85149; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 15px; font-weight: 600; }
  .soft { fill: var(--soft); }
  .line { stroke: var(--line); stroke-width: 1; }
  .bound { stroke: var(--ink); stroke-width: 1.5; }
`;

export type Colour = "own" | "redis" | "lmdb" | "raw" | "miss";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function bar({ x, y, width, height }: Box, colour: Colour): string {
  const at = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
  return `<rect ${at} rx="2" fill="var(--${colour})"/>`;
}

export function line(from: readonly [number, number], to: readonly [number, number], style = "line"): string {
  return `<line class="${style}" x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}"/>`;
}

export interface TextStyle {
  readonly anchor?: "start" | "middle" | "end";
  readonly style?: "title" | "soft";
}

export function text(x: number, y: number, words: string, { anchor, style }: TextStyle = {}): string {
  const anchored = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  const styled = style === undefined ? "" : ` class="${style}"`;
  return `<text x="${round(x)}" y="${round(y)}"${anchored}${styled}>${escaped(words)}</text>`;
}

export function document(width: number, height: number, parts: readonly string[], label: string): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(label)}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" rx="6" fill="var(--ground)"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
