import { describe, expect, it } from "vitest";
import { type ByteString, fromText } from "../base/byte-string.ts";
import { KeyValue } from "./key-value.ts";
import { type ViewChange, ViewFeed } from "./view-feed.ts";

const A = fromText("a");
const B = fromText("b");

function at(key: ByteString, revision: number): KeyValue {
  return new KeyValue({ key, value: key, revision, createRevision: revision, version: 1, leaseId: 0n });
}

function told(change: ViewChange): string {
  if (change.type === "synced" || change.type === "resync") return `${change.type} @${change.revision}`;
  const { type, kv, previous } = change;
  return `${type} ${kv.key} @${kv.revision}${previous === undefined ? "" : ` was @${previous.revision}`}`;
}

/** All that is waiting. */
async function drain(feed: ViewFeed): Promise<string[]> {
  feed.close = () => {};
  feed.fail("drained");
  const changes: string[] = [];
  for (;;) {
    try {
      const next = await feed.next();
      if (next.done === true) return changes;
      changes.push(told(next.value));
    } catch {
      return changes;
    }
  }
}

const feedOf = () => new ViewFeed(() => {});

describe("ViewFeed", () => {
  it("gives changes in the order in which they came", async () => {
    const feed = feedOf();
    feed.put(B, at(B, 2), undefined);
    feed.put(A, at(A, 3), undefined);
    feed.mark("synced", 3);
    expect(await drain(feed)).toEqual(["put b @2", "put a @3", "synced @3"]);
  });

  it("joins what its reader has not taken: the latest state wins, in the place of the latest change", async () => {
    const feed = feedOf();
    feed.put(A, at(A, 5), at(A, 4));
    feed.put(B, at(B, 6), undefined);
    feed.put(A, at(A, 7), at(A, 5));
    expect(await drain(feed)).toEqual(["put b @6", "put a @7 was @4"]);
  });

  it("never tells of a key that came and went meanwhile", async () => {
    const feed = feedOf();
    feed.put(B, at(B, 6), undefined);
    feed.put(A, at(A, 7), undefined);
    feed.delete(A, at(A, 8), at(A, 7));
    expect(await drain(feed)).toEqual(["put b @6"]);
  });

  it("tells of a key that went, with what was last seen of it, and of one that came back", async () => {
    const feed = feedOf();
    feed.put(A, at(A, 5), at(A, 4));
    feed.delete(A, at(A, 7), at(A, 5));
    feed.delete(B, at(B, 8), at(B, 3));
    feed.put(B, at(B, 9), undefined);
    expect(await drain(feed)).toEqual(["delete a @7 was @4", "put b @9 was @3"]);
  });

  it("holds one mark of each kind, the latest", async () => {
    const feed = feedOf();
    feed.mark("resync", 3);
    feed.put(A, at(A, 4), undefined);
    feed.mark("resync", 5);
    expect(await drain(feed)).toEqual(["put a @4", "resync @5"]);
  });

  it("wakes readers that wait, each with one change", async () => {
    const feed = feedOf();
    const both = Promise.all([feed.next(), feed.next()]);
    feed.put(A, at(A, 2), undefined);
    feed.put(B, at(B, 3), undefined);
    expect((await both).map((result) => told(result.value!))).toEqual(["put a @2", "put b @3"]);
  });

  it("gives out what is waiting before it fails, and fails again each time", async () => {
    const feed = feedOf();
    const error = new Error("over");
    feed.put(A, at(A, 2), undefined);
    feed.fail(error);
    expect((await feed.next()).done).toBe(false);
    await expect(feed.next()).rejects.toBe(error);
    await expect(feed.next()).rejects.toBe(error);
  });

  it("takes a long queue in little time", async () => {
    const feed = feedOf();
    const count = 50_000;
    for (let n = 0; n < count; n++) {
      const key = fromText(String(n));
      feed.put(key, at(key, n), undefined);
    }
    for (let n = 0; n < count; n++) expect((await feed.next()).value).toMatchObject({ kv: { revision: n } });
  });
});
