import { describe, expect, test } from "vitest";
import type { ByteString } from "../../base/byte-string.ts";
import type { Store } from "../../contract/store.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createMemoryStore } from "../memory/index.ts";
import type { HistoryRetention } from "./history-keeper.ts";

async function put(store: Store, times: number, value = "v"): Promise<void> {
  for (let at = 0; at < times; at++) {
    await store.txn({
      conditions: [],
      success: [{ type: "put", key: "k" as ByteString, value: value as ByteString }],
      failure: [],
    });
  }
}

function open(history: HistoryRetention | undefined): {
  store: Store;
  clock: ReturnType<typeof createFakeClock>;
} {
  const clock = createFakeClock();
  return { store: createMemoryStore({ clock, history }), clock };
}

/** How many revisions can still be read. */
function retained(store: Store): number {
  return store.revision - Math.max(1, store.compactRevision - 1);
}

describe("history", () => {
  test("of the newest 10 000 revisions and of the last hour is kept by default", async () => {
    const { store, clock } = open(undefined);
    await put(store, 15_000);
    await clock.advance(3_500_000);
    expect(store.compactRevision).toBe(0);
    await clock.advance(200_000);
    expect(retained(store)).toBeGreaterThanOrEqual(10_000);
    expect(retained(store)).toBeLessThan(10_600);
  });

  test("younger than its age bound stays even where there is more than the least", async () => {
    const { store, clock } = open({ ageMs: 60_000, revisionsMin: 10 });
    await put(store, 500);
    await clock.advance(30_000);
    await put(store, 500);
    await clock.advance(45_000);
    expect(retained(store)).toBeGreaterThanOrEqual(500);
    expect(retained(store)).toBeLessThan(1_000);
  });

  test("gives way to its memory bound before its age, never below the least number of revisions", async () => {
    const { store } = open({ revisionsMin: 100, bytesMax: 1_000_000 });
    await put(store, 3_000, "x".repeat(10_000));
    expect(retained(store)).toBeGreaterThanOrEqual(100);
    expect(retained(store)).toBeLessThan(700);
  });

  test("is kept forever where asked", async () => {
    const { store, clock } = open("forever");
    await put(store, 12_000);
    await clock.advance(86_400_000);
    expect(store.compactRevision).toBe(0);
  });

  test("bounds that are no numbers are refused by name", () => {
    const history = { ageMs: "1h" } as unknown as HistoryRetention;
    expect(() => createMemoryStore({ history })).toThrow(/history\.ageMs is 1h/);
  });
});
