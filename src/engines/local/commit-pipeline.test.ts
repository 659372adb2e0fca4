import { describe, expect, test } from "vitest";
import type { ByteString } from "../../base/byte-string.ts";
import { type Deferred, deferred } from "../../base/deferred.ts";
import { HoldfastError } from "../../contract/errors.ts";
import type { Commit } from "../../mvcc/commit.ts";
import { MvccState } from "../../mvcc/mvcc-state.ts";
import { CommitPipeline } from "./commit-pipeline.ts";
import type { Journal } from "./journal.ts";

/** A journal whose flushes end when the test says so. */
class HeldJournal implements Journal {
  readonly flushes: Deferred<void>[] = [];
  appended = 0;
  readonly diskBytes = 0;

  append(_commit: Commit): void {
    this.appended++;
  }

  flush(): Promise<void> {
    const flush = deferred<void>();
    this.flushes.push(flush);
    return flush.promise;
  }

  load(): Promise<ByteString> {
    throw new Error("nothing is spilled here");
  }

  dropped(): void {}

  async close(): Promise<void> {}
}

class Bench {
  readonly state = new MvccState();
  readonly journal = new HeldJournal();
  readonly published: number[] = [];
  readonly pipeline = new CommitPipeline({
    state: this.state,
    journal: this.journal,
    defer: (callback) => setImmediate(callback),
    onPublished: (_from, to) => this.published.push(to),
  });

  put(key: string): Promise<number> {
    const operation = { type: "put" as const, key: key as ByteString, value: "v" as ByteString };
    const { result, commit } = this.state.evaluate({ conditions: [], success: [operation], failure: [] }, 0);
    return this.pipeline.submit(commit, result.revision);
  }

  read(): Promise<string> {
    return this.pipeline.submit(undefined, "read");
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("group commit", () => {
  test("everything evaluated in one turn shares one flush", async () => {
    const bench = new Bench();
    const puts = ["a", "b", "c"].map((key) => bench.put(key));
    await turn();
    expect(bench.journal.flushes).toHaveLength(1);
    bench.journal.flushes[0]!.resolve();
    expect(await Promise.all(puts)).toEqual([2, 3, 4]);
    expect(bench.published).toEqual([4]);
  });

  test("what comes during a flush waits for the next one, and is not published before", async () => {
    const bench = new Bench();
    const first = bench.put("a");
    await turn();
    const second = bench.put("b");
    await turn();
    expect(bench.journal.flushes).toHaveLength(1);
    bench.journal.flushes[0]!.resolve();
    await first;
    expect(bench.state.durableRevision).toBe(2);
    await turn();
    bench.journal.flushes[1]!.resolve();
    expect(await second).toBe(3);
  });

  test("a large group does not wait for the turn to end, and what comes after it shares the next one", async () => {
    const bench = new Bench();
    const puts = Array.from({ length: 300 }, (_, at) => bench.put(`key${at}`));
    expect(bench.journal.flushes).toHaveLength(1);
    bench.journal.flushes[0]!.resolve();
    expect(await puts[255]).toBe(257);
    expect(bench.published).toEqual([257]);
    await turn();
    bench.journal.flushes[1]!.resolve();
    expect(await puts[299]).toBe(301);
    await turn();
    expect(bench.journal.flushes).toHaveLength(2);
  });

  test("an answer that rests on a pending write waits for it", async () => {
    const bench = new Bench();
    const write = bench.put("a");
    let answered = false;
    const read = bench.read().then(() => {
      answered = true;
    });
    await turn();
    await turn();
    expect(answered).toBe(false);
    bench.journal.flushes[0]!.resolve();
    await Promise.all([write, read]);
    expect(await bench.read()).toBe("read");
  });
});

describe("a flush that fails", () => {
  test("for lack of space leaves nothing of the group or of what was evaluated on top of it, and the store goes on", async () => {
    const bench = new Bench();
    const first = bench.put("a");
    await turn();
    const second = bench.put("b");
    bench.journal.flushes[0]!.reject(new HoldfastError("NO_SPACE", "the disk is full"));
    for (const put of [first, second]) {
      await expect(put).rejects.toMatchObject({ code: "NO_SPACE", outcome: "not-applied" });
    }
    expect(bench.state.revision).toBe(1);
    bench.state.assertValid();
    const third = bench.put("c");
    await turn();
    bench.journal.flushes[1]!.resolve();
    expect(await third).toBe(2);
  });

  test("for any other reason stops the store for good: outcome unknown, later writes refused, readers untouched", async () => {
    const bench = new Bench();
    const durable = bench.put("a");
    await turn();
    bench.journal.flushes[0]!.resolve();
    await durable;
    const lost = bench.put("b");
    await turn();
    bench.journal.flushes[1]!.reject(new Error("EIO"));
    await expect(lost).rejects.toMatchObject({ code: "STORE_FAILED", outcome: "unknown" });
    expect(() => bench.pipeline.checkWritable()).toThrow(/open the store again/);
    expect(bench.state.durableRevision).toBe(2);
    await turn();
    expect(bench.journal.flushes).toHaveLength(2);
    await bench.pipeline.idle();
  });
});
