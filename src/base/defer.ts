/**
 * "Soon, after everything that is ready has run": a macrotask without delay. Group commit waits one of these,
 * so that all writers who were answered together can write together again.
 */
export type Defer = (callback: () => void) => void;

const immediate = (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate;

export const systemDefer: Defer =
  immediate !== undefined
    ? (callback) => void immediate(callback)
    : (callback) => void setTimeout(callback, 0);
