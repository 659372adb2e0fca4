import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../src/contract/store.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import { ENGINES } from "./engines.ts";
import { brief, bytes, dump, put, watchAll, write } from "./requests.ts";

const TTL_MS = 10_000;

describe.each(ENGINES)("on the $name engine", ({ open }) => {
  let store: Store;
  let clock: FakeClock;

  beforeEach(async () => {
    ({ store, clock } = await open());
  });

  afterEach(() => store.close());

  test("lease-never-early: it lives for its time from the grant, and again from each keep-alive", async () => {
    const lease = await store.grantLease({ ttlMs: TTL_MS });
    await write(store, put("a", "1", lease.id));
    for (let renewal = 0; renewal < 5; renewal++) {
      await clock.advance(TTL_MS - 1);
      expect(await dump(store)).toEqual(["a=1"]);
      await store.keepAliveLease(lease.id);
    }
    await clock.advance(TTL_MS - 1);
    expect(await store.leaseStatus(lease.id)).toMatchObject({ remainingMs: 1 });
    await clock.advance(1_000);
    expect(await dump(store)).toEqual([]);
    await expect(store.keepAliveLease(lease.id)).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
  });

  test("lease-never-early: setting the machine's clock forward ends no lease", async () => {
    const lease = await store.grantLease({ ttlMs: TTL_MS });
    await write(store, put("a", "1", lease.id));
    clock.setWall(clock.nowMs() + 365 * 86_400_000);
    await clock.advance(TTL_MS / 2);
    expect(await dump(store)).toEqual(["a=1"]);
  });

  for (const end of ["expiry", "revoke"] as const) {
    test(`lease-bound-delete: by ${end}, exactly the keys bound at that moment go, in one revision`, async () => {
      const lease = await store.grantLease({ ttlMs: TTL_MS });
      const other = await store.grantLease({ ttlMs: 100 * TTL_MS });
      await write(store, ...["a", "b", "c", "d", "e"].map((key) => put(key, "1", lease.id)));
      await write(store, put("b", "2"), put("c", "2", other.id), put("f", "2", lease.id));
      const watch = await watchAll(store);
      const before = store.revision;
      if (end === "revoke") await store.revokeLease(lease.id);
      else await clock.advance(TTL_MS + 1_000);
      expect(await dump(store)).toEqual(["b=2", "c=2"]);
      expect(store.revision).toBe(before + 1);
      const batch = await watch.next();
      const at = before + 1;
      expect(batch?.events.map(brief)).toEqual(["a", "d", "e", "f"].map((key) => `delete ${key}@${at}`));
      expect(await store.leaseStatus(other.id, { keys: true })).toMatchObject({ keys: [bytes("c")] });
    });
  }
});
