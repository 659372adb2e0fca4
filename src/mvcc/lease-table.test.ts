import { describe, expect, test } from "vitest";
import type { ByteString } from "../base/byte-string.ts";
import { below, seededRandom } from "../base/random.ts";
import { LeaseTable } from "./lease-table.ts";

describe("lease table", () => {
  test("names what is due, earliest first, and never before its deadline", () => {
    const table = new LeaseTable();
    table.add(1n, 50, 150);
    table.add(2n, 20, 120);
    table.add(3n, 99, 199);
    expect(table.due(119, 10)).toEqual([]);
    expect(table.due(150, 10).map((lease) => lease.id)).toEqual([2n, 1n]);
    expect(table.due(150, 1).map((lease) => lease.id)).toEqual([2n]);
  });

  test("a renewed lease is due at its new deadline only", () => {
    const table = new LeaseTable();
    const lease = table.add(1n, 50, 150);
    lease.deadlineMs = 400;
    expect(table.due(399, 10)).toEqual([]);
    expect(table.nextDeadlineMs()).toBe(400);
    expect(table.due(400, 10)).toEqual([lease]);
  });

  test("agrees with a sorted list through random grants, renewals and ends", () => {
    const random = seededRandom(3);
    const table = new LeaseTable();
    const deadlines = new Map<bigint, number>();
    let now = 0;
    for (let step = 0; step < 5_000; step++) {
      const id = BigInt(1 + below(random, 60));
      const lease = table.get(id);
      if (lease === undefined) table.add(id, 10, now + below(random, 1_000));
      else if (below(random, 2) === 0) lease.deadlineMs += below(random, 1_000);
      else table.remove(id);
      const current = table.get(id);
      if (current === undefined) deadlines.delete(id);
      else deadlines.set(id, current.deadlineMs);
      now += below(random, 3);
      const due = [...deadlines].filter(([, at]) => at <= now).length;
      expect(table.due(now, 1_000)).toHaveLength(due);
      expect(table.nextDeadlineMs()).toBe(deadlines.size === 0 ? undefined : Math.min(...deadlines.values()));
    }
  });

  test("leases that end long before their deadline leave nothing behind", () => {
    const table = new LeaseTable();

    for (let id = 1n; id <= 50_000n; id++) {
      table.add(id, 86_400_000, 86_400_000);
      table.remove(id);
    }
    expect(table.size).toBe(0);
    expect(table.heapSize).toBeLessThan(2_000);
  });

  test("keys of a lease come in byte order", () => {
    const table = new LeaseTable();
    const lease = table.add(1n, 50, 150);
    for (const key of ["b", "\xff", "a"]) table.attach(1n, key as ByteString);
    table.detach(1n, "b" as ByteString);
    expect(table.keysOf(lease)).toEqual(["a", "\xff"]);
  });
});
