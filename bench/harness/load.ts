/** Closed loops: so many callers, each of which waits for its answer before it asks again. */

/** The clock is looked at once in so many operations. */
const CLOCK_EVERY = 16;

export type Operation = (caller: number) => Promise<unknown>;

/** Runs `inFlight` callers side by side for a while. Answers operations per second. */
export async function rateOf(inFlight: number, durationMs: number, operation: Operation): Promise<number> {
  const startedMs = performance.now();
  const deadlineMs = startedMs + durationMs;
  let done = 0;
  let isOver = false;
  const call = async (caller: number): Promise<void> => {
    while (!isOver) {
      await operation(caller);
      done++;
      if (done % CLOCK_EVERY === 0 || inFlight === 1) isOver ||= performance.now() >= deadlineMs;
    }
  };
  const callers: Promise<void>[] = [];
  for (let caller = 0; caller < inFlight; caller++) callers.push(call(caller));
  await Promise.all(callers);
  return (done / (performance.now() - startedMs)) * 1000;
}

/** For operations too short for a look at the clock each: `batch` runs so many of them, one after the other. */
export async function rateOfBatches(
  size: number,
  durationMs: number,
  batch: (size: number) => Promise<unknown>,
): Promise<number> {
  const startedMs = performance.now();
  let done = 0;
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    await batch(size);
    done += size;
    elapsedMs = performance.now() - startedMs;
  }
  return (done / elapsedMs) * 1000;
}
