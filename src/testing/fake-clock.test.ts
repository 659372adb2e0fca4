import { describe, expect, test } from "vitest";
import { createFakeClock } from "./fake-clock.ts";

describe("fake clock", () => {
  test("stands still until it is advanced", async () => {
    const clock = createFakeClock({ nowMs: 1_000, monotonicMs: 5 });
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_000, 5]);
    await clock.advance(250);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_250, 255]);
  });

  test("fires due timers by deadline, equal ones in the order they were set", async () => {
    const clock = createFakeClock();
    const fired: string[] = [];
    const at = (name: string) => () => void fired.push(`${name}@${clock.monotonicMs()}`);
    clock.setTimer(30, at("late"));
    clock.setTimer(10, at("early"));
    clock.setTimer(10, at("early too"));
    clock.setTimer(31, at("beyond"));
    await clock.advance(30);
    expect(fired).toEqual(["early@10", "early too@10", "late@30"]);
    expect(clock.pendingTimers).toBe(1);
  });

  test("fires timers that are set on the way, after the consequences of earlier ones have settled", async () => {
    const clock = createFakeClock();
    const fired: string[] = [];
    const consequence = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      fired.push(`consequence@${clock.monotonicMs()}`);
      clock.setTimer(5, () => void fired.push(`chained@${clock.monotonicMs()}`));
    };
    clock.setTimer(10, () => void consequence());
    clock.setTimer(20, () => void fired.push("second"));
    await clock.advance(20);
    expect(fired).toEqual(["consequence@10", "chained@15", "second"]);
  });

  test("forgets a cancelled timer", async () => {
    const clock = createFakeClock();
    const timer = clock.setTimer(1, () => expect.unreachable());
    timer.cancel();
    timer.cancel();
    await clock.advance(10);
    expect(clock.pendingTimers).toBe(0);
  });

  test("wall time jumps alone", async () => {
    const clock = createFakeClock({ nowMs: 100 });
    clock.setTimer(50, () => expect.unreachable());
    clock.setWall(1_000_000);
    await clock.advance(0);
    expect([clock.nowMs(), clock.monotonicMs(), clock.pendingTimers]).toEqual([1_000_000, 0, 1]);
  });

  test("advances that overlap run one after the other", async () => {
    const clock = createFakeClock();
    await Promise.all([clock.advance(10), clock.advance(20)]);
    expect(clock.monotonicMs()).toBe(30);
  });

  test("rejects a step back and passes on what a callback throws", async () => {
    const clock = createFakeClock();
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
    clock.setTimer(1, () => {
      throw new Error("planted");
    });
    await expect(clock.advance(1)).rejects.toThrow("planted");
    await clock.advance(1);
    expect(clock.monotonicMs()).toBe(2);
  });
});
