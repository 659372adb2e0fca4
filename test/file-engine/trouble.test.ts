/** A disk that is full, or fails: what is refused, what goes on, and what is still there afterwards. */
import { describe, expect, test } from "vitest";
import { openFileStore } from "../../src/engines/file/index.ts";
import {
  BUSY,
  churn,
  contents,
  newDirectory,
  opened,
  put,
  QUIET,
  run,
  systemError,
  troubled,
} from "./kit.ts";

const isLog = (path: string): boolean => path.endsWith(".log");

describe("a full disk", () => {
  test("full-disk-changes-nothing: writes are refused, reads go on, and it works again once there is room", async () => {
    const directory = await newDirectory();
    let isFull = false;
    const fileSystem = troubled((call, path) => {
      if (isFull && isLog(path) && call.startsWith("write")) throw systemError("ENOSPC");
    });
    const store = await openFileStore(directory, { ...QUIET, fileSystem });
    await run(store, put("a", "1"));
    const lease = await store.grantLease({ ttlMs: 60_000 });
    isFull = true;
    const refused = await Promise.allSettled([
      run(store, put("a", "2")),
      run(store, put("b", "2")),
      store.grantLease({ ttlMs: 60_000, id: 77n }),
      store.revokeLease(lease.id),
    ]);
    for (const { reason } of refused as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: "NO_SPACE", outcome: "not-applied", retryable: true });
    }
    expect((await contents(store)).map(({ key, value }) => [key, value])).toEqual([["a", "1"]]);
    expect((await store.leases()).map(({ id }) => id)).toEqual([lease.id]);
    isFull = false;
    expect(await run(store, put("b", "3"))).toBe(store.revision);
    const after = await contents(store);
    await store.close();
    const again = await opened(directory);
    expect(await contents(again)).toEqual(after);
    expect(after.map(({ key, value }) => [key, value])).toEqual([
      ["a", "1"],
      ["b", "3"],
    ]);
  });

  test("a write made while another is being refused is refused with it, not written later", async () => {
    const directory = await newDirectory();
    let isFull = false;
    const fileSystem = troubled((call, path) => {
      if (isFull && isLog(path) && call === "writeNow") throw systemError("ENOSPC");
    });
    const store = await openFileStore(directory, { ...QUIET, fileSystem });
    await run(store, put("a", "1"));
    isFull = true;
    const outcomes: string[] = [];
    const note = (name: string) => (error: { code: string }) => void outcomes.push(`${name} ${error.code}`);
    const first = run(store, put("first", "x")).catch((error) => {
      note("first")(error);
      // In the same turn in which the refusal is told.
      return run(store, put("second", "x")).catch(note("second"));
    });
    await first;
    isFull = false;
    await run(store, put("third", "x"));
    await store.close();
    const again = await opened(directory);
    expect(outcomes).toEqual(["first NO_SPACE", "second NO_SPACE"]);
    expect((await contents(again)).map(({ key }) => key)).toEqual(["a", "third"]);
    expect(again.revision).toBe(3);
  });

  test("zeros that find no room are done without", async () => {
    const directory = await newDirectory();
    const fileSystem = troubled((call, path) => {
      if (call === "writeNow" && isLog(path) && ++writes % 2 === 0) throw systemError("ENOSPC");
    });
    let writes = 0;
    const store = await openFileStore(directory, { ...QUIET, fileSystem, extentBytes: 512 });
    await run(store, put("a", "1"));
    expect(writes).toBe(2);
    await store.close();
  });

  test("a merge and a checkpoint that find no room leave everything as it was", async () => {
    const directory = await newDirectory();
    const warnings: string[] = [];
    const fileSystem = troubled((call, path) => {
      if (call.startsWith("write") && !isLog(path) && !path.includes("STORE")) throw systemError("ENOSPC");
    });
    const logger = { warn: (message: string) => void warnings.push(message) };
    const store = await openFileStore(directory, { ...BUSY, fileSystem, logger });
    await churn(store, 60);
    const before = await contents(store);
    await store.close();
    expect(warnings.length).toBeGreaterThan(0);
    const again = await opened(directory, BUSY);
    expect(await contents(again)).toEqual(before);
  });
});

describe("a failed sync", () => {
  test("fail-stop-on-failed-sync: the store takes nothing more, reads go on, and what was acknowledged is there", async () => {
    const directory = await newDirectory();
    let isFailing = false;
    let syncs = 0;
    const fileSystem = troubled((call, path) => {
      if (call !== "sync" || !isLog(path)) return;
      if (isFailing) syncs++;
      if (isFailing) throw systemError("EIO");
    });
    const store = await openFileStore(directory, { ...QUIET, fileSystem });
    await run(store, put("a", "1"));
    isFailing = true;
    const refusal = { code: "STORE_FAILED", outcome: "unknown" };
    await expect(run(store, put("b", "2"))).rejects.toMatchObject(refusal);
    isFailing = false;
    await expect(run(store, put("c", "3"))).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(syncs).toBe(1);
    expect((await contents(store)).map(({ key }) => key)).toEqual(["a"]);
    expect((await store.status()).failure).toContain("EIO");
    await store.close();
    const again = await opened(directory);
    expect((await contents(again)).map(({ key }) => key)).toContain("a");
  });

  test("of the segments' directory is the end, too: names may be lost", async () => {
    const directory = await newDirectory();
    let isOpen = false;
    const fileSystem = troubled((call, path) => {
      if (isOpen && call === "syncDirectory" && path.endsWith("segments")) throw systemError("EIO");
    });
    const store = await openFileStore(directory, { ...QUIET, segmentBytes: 4_096, fileSystem });
    isOpen = true;
    await expect(churn(store, 100)).rejects.toMatchObject({ code: "STORE_FAILED" });
    await store.close();
  });

  test("a write that fails otherwise is the end, with an unknown outcome", async () => {
    const directory = await newDirectory();
    let isFailing = false;
    const fileSystem = troubled((call, path) => {
      if (isFailing && call === "writeNow" && isLog(path)) throw systemError("EIO");
    });
    const store = await openFileStore(directory, { ...QUIET, fileSystem });
    isFailing = true;
    const refusal = { code: "STORE_FAILED", outcome: "unknown" };
    await expect(run(store, put("b", "2"))).rejects.toMatchObject(refusal);
    await store.close();
  });

  test("a full disk whose writes cannot be taken back is the end", async () => {
    const directory = await newDirectory();
    let isFull = false;
    const fileSystem = troubled((call, path) => {
      if (!isFull || !isLog(path)) return;
      if (call === "writeNow") throw systemError("ENOSPC");
      if (call === "truncate") throw systemError("EIO");
    });
    const store = await openFileStore(directory, { ...QUIET, fileSystem });
    isFull = true;
    await expect(run(store, put("b", "2"))).rejects.toMatchObject({
      code: "STORE_FAILED",
      outcome: "unknown",
    });
    await store.close();
  });

  test("with durability buffered, one in the background ends the store as well", async () => {
    const directory = await newDirectory();
    let isFailing = false;
    const fileSystem = troubled((call, path) => {
      if (isFailing && call === "sync" && isLog(path)) throw systemError("EIO");
    });
    const timers: (() => void)[] = [];
    const clock = {
      nowMs: () => 1_700_000_000_000,
      monotonicMs: () => 0,
      setTimer: (_delayMs: number, callback: () => void) => {
        timers.push(callback);
        return { cancel() {} };
      },
    };
    const options = { ...QUIET, fileSystem, clock, durability: "buffered", history: "forever" } as const;
    const store = await openFileStore(directory, options);
    isFailing = true;
    await run(store, put("a", "1"));
    expect((await contents(store)).map(({ key }) => key)).toEqual(["a"]);
    for (const ring of timers.splice(0)) ring();
    await expect
      .poll(() =>
        run(store, put("b", "2")).then(
          () => "taken",
          (error) => (error as { code: string }).code,
        ),
      )
      .toBe("STORE_FAILED");
    await store.close();
  });
});
