/** What the heap and the buffers outside it hold, after a full collection. */

/** Bytes that are still in use. Needs `--expose-gc`. External memory includes array buffers. */
export function usedBytes(): number {
  for (let pass = 0; pass < 3; pass++) globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
