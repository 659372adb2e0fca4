/** Randomness as a port: the system's for real use, a seeded one wherever a run must replay. */

export interface Random {
  /** A whole number from 0 to 2^32 − 1. */
  uint32(): number;
}

const pool = new Uint32Array(64);
let used = pool.length;

export const systemRandom: Random = {
  uint32() {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    return pool[used++]!;
  },
};

/** sfc32: small, fast, and the same on every machine. Not for secrets. */
export function seededRandom(seed: number): Random {
  let a = seed >>> 0;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 15; round++) next();
  return { uint32: next };
}

/** A whole number from 0 to `bound` − 1. */
export function below(random: Random, bound: number): number {
  return Math.floor((random.uint32() / 2 ** 32) * bound);
}

/** Sixteen random bytes in hexadecimal: names a history, a process, a file. */
export function randomHex128(random: Random): string {
  let text = "";
  for (let word = 0; word < 4; word++) text += random.uint32().toString(16).padStart(8, "0");
  return text;
}
