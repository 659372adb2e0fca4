import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HoldfastError } from "../contract/errors.ts";
import { open } from "../open.ts";
import type { Database } from "./database.ts";

let db: Database;

beforeAll(async () => {
  db = await open("mem:");
});
afterAll(() => db.close());

/** Calls a method with what TypeScript would not let through, but JavaScript and casts do. */
function call(method: string, ...parameters: unknown[]): unknown {
  const methods = db as unknown as Record<string, (...parameters: unknown[]) => unknown>;
  return methods[method]!(...parameters);
}

const NOT_BYTES: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 5],
  ["a boolean", true],
  ["an object", { text: "x" }],
  ["an array", ["x"]],
  ["an ArrayBuffer", new ArrayBuffer(1)],
];
const LONE_SURROGATE = "a\ud800b";

async function refusal(
  attempt: () => unknown,
): Promise<{ code: string; message: string; argument: unknown }> {
  try {
    await attempt();
  } catch (error) {
    const { code, message, details, outcome, kind } = error as HoldfastError;
    expect([kind, outcome]).toEqual(["invalid", "not-applied"]);
    const { argument } = details as { argument?: unknown };
    return { code, message, argument };
  }
  throw new Error("the call went through");
}

async function expectInvalid(attempt: () => unknown, argument: string): Promise<void> {
  expect(await refusal(attempt)).toMatchObject({ code: "INVALID_ARGUMENT", argument });
}

describe.each(NOT_BYTES)("%s", (name, bad) => {
  it.each(["get", "exists", "put", "create", "update", "delete", "deleteIfRevision", "linearizableGet"])(
    "is no key for %s",
    async (method) => {
      const { message, ...rest } = await refusal(() => call(method, bad, "value", 1));
      expect(rest).toEqual({ code: "INVALID_ARGUMENT", argument: "key" });
      expect(message).toContain(name === "an ArrayBuffer" ? "an object (ArrayBuffer)" : name.split(" (")[0]);
      expect(message).toContain("string or Uint8Array");
    },
  );

  it.each(["list", "count", "deletePrefix", "view", "scan"])("is no prefix for %s", async (method) => {
    const { code } = await refusal(() => call(method, bad));
    expect(code).toBe("INVALID_ARGUMENT");
  });

  it("is no value", async () => {
    await expectInvalid(() => call("put", "k", bad), "value");
    await expectInvalid(() => call("create", "k", bad), "value");
    await expectInvalid(() => call("update", "k", bad, 1), "value");
    await expectInvalid(() => call("txn", { success: [{ type: "put", key: "k", value: bad }] }), "value");
  });

  it("is no bound of a range", async () => {
    await expectInvalid(() => call("range", bad, "b"), "start");
    await expectInvalid(() => call("range", "a", bad), "end");
  });
});

describe("keys", () => {
  it("must not be empty", async () => {
    await expectInvalid(() => db.get(""), "key");
    await expectInvalid(() => db.put(new Uint8Array(), "v"), "key");
    await expectInvalid(() => db.watch({ key: "" }), "key");
    await expectInvalid(() => db.range("a", ""), "end");
  });

  it("and values must not hold a lone surrogate", async () => {
    await expectInvalid(() => db.get(LONE_SURROGATE), "key");
    await expectInvalid(() => db.list(LONE_SURROGATE), "prefix");
    await expectInvalid(() => db.put("k", LONE_SURROGATE), "value");
    await db.put("pair 😀", "😀");
    expect((await db.get("pair 😀"))?.text()).toBe("😀");
  });
});

describe("options", () => {
  it.each([5, "x", null])("must be an object, not %o", async (bad) => {
    await expectInvalid(() => call("get", "k", bad), "options");
    await expectInvalid(() => call("put", "k", "v", bad), "options");
    await expectInvalid(() => call("list", "k", bad), "options");
    await expectInvalid(() => call("delete", "k", bad), "options");
    await expectInvalid(() => call("transact", () => 1, bad), "options");
    await expectInvalid(() => call("status", bad), "options");
    await expectInvalid(() => call("scan", "k", bad), "options");
    await expectInvalid(() => call("watch", bad), "options");
    await expectInvalid(() => call("lease", bad), "options");
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53, "3"])("take no revision like %o", async (revision) => {
    await expectInvalid(() => call("get", "k", { revision }), "revision");
    await expectInvalid(() => call("update", "k", "v", revision), "expectedRevision");
    await expectInvalid(() => call("deleteIfRevision", "k", revision), "expectedRevision");
    await expectInvalid(() => call("compact", revision), "revision");
    await expectInvalid(() => call("waitForRevision", revision), "revision");
    await expectInvalid(() => call("watch", { key: "k", fromRevision: revision }), "fromRevision");
    await expectInvalid(() => call("list", "k", { limit: revision }), "limit");
  });

  it("take only known words", async () => {
    await expectInvalid(() => call("get", "k", { consistency: "eventual" }), "consistency");
    await expectInvalid(() => call("list", "k", { sortBy: "name" }), "sortBy");
    await expectInvalid(() => call("watch", { key: "k", only: "puts" }), "only");
  });

  it("do not contradict each other", async () => {
    await expectInvalid(
      () => db.get("k", { consistency: "linearizable", serializable: true }),
      "serializable",
    );
    await expectInvalid(() => db.put("k", "v", { ttlMs: 1_000, leaseId: 1n }), "ttlMs");
    await expectInvalid(() => db.put("k", "v", { ttlMs: 1_000, ignoreLease: true }), "ttlMs");
  });

  it("take a signal that is one, and a timeout from 0 on", async () => {
    await expectInvalid(() => call("get", "k", { signal: {} }), "signal");
    await expectInvalid(() => call("put", "k", "v", { timeoutMs: -1 }), "timeoutMs");
    await expectInvalid(() => call("put", "k", "v", { timeoutMs: "1s" }), "timeoutMs");
  });

  it("take lease ids as bigint alone", async () => {
    await expectInvalid(() => call("put", "k", "v", { leaseId: 5 }), "leaseId");
    await expectInvalid(() => call("lease", { ttlMs: 1_000, id: 5 }), "id");
    await expectInvalid(() => call("leaseStatus", 5), "id");
    await expectInvalid(() => call("revokeLease", undefined), "id");
  });

  it.each([0, -1, 0.5, "30s", undefined])("take no ttlMs like %o", async (ttlMs) => {
    await expectInvalid(() => call("lease", { ttlMs }), "ttlMs");
    if (ttlMs !== undefined) await expectInvalid(() => call("put", "k", "v", { ttlMs }), "ttlMs");
  });
});

describe("selectors", () => {
  it.each([
    ["nothing", {}],
    ["two choices", { key: "a", prefix: "b" }],
    ["a key with an end", { key: "a", end: "b" }],
    ["a prefix with an end", { prefix: "a", end: "b" }],
    ["an end alone", { end: "b" }],
    ["a start alone", { start: "a" }],
  ])("with %s are refused", async (_, selector) => {
    expect((await refusal(() => call("watch", selector))).code).toBe("INVALID_ARGUMENT");
    expect((await refusal(() => call("txn", { success: [{ type: "delete", ...selector }] }))).code).toBe(
      "INVALID_ARGUMENT",
    );
  });

  it("of a single key are no range to scan", async () => {
    await expectInvalid(() => call("scan", { key: "a" }), "key");
  });
});

describe("a transaction", () => {
  const put = { type: "put", key: "k", value: "v" };
  const condition = { key: "k", target: "version", is: "=", to: 0 };

  it.each([undefined, null, 5, "x"])("is an object, not %o", async (bad) => {
    await expectInvalid(() => call("txn", bad), "request");
  });

  it("has arrays of objects", async () => {
    await expectInvalid(() => call("txn", { success: put }), "success");
    await expectInvalid(() => call("txn", { conditions: condition }), "conditions");
    await expectInvalid(() => call("txn", { failure: [null] }), "failure");
  });

  it("has known operations", async () => {
    await expectInvalid(() => call("txn", { success: [{ ...put, type: "set" }] }), "type");
    await expectInvalid(() => call("txn", { success: [{ key: "k" }] }), "type");
  });

  it("has conditions of known targets and comparisons, with a bound of the target's type", async () => {
    const txn = (changed: object) => call("txn", { conditions: [{ ...condition, ...changed }] });
    await expectInvalid(() => txn({ target: "modRevision" }), "target");
    await expectInvalid(() => txn({ is: "==" }), "is");
    await expectInvalid(() => txn({ to: "0" }), "to");
    await expectInvalid(() => txn({ to: undefined }), "to");
    await expectInvalid(() => txn({ target: "lease", to: 0 }), "to");
    await expectInvalid(() => txn({ target: "lease", to: undefined }), "to");
    await expectInvalid(() => txn({ target: "value", to: 0 }), "to");
  });

  it("is checked in the branch that will not run, and as a nested one", async () => {
    await expectInvalid(() => call("txn", { failure: [{ ...put, value: 5 }] }), "value");
    await expectInvalid(
      () => call("txn", { success: [{ type: "txn", failure: [{ ...put, key: "" }] }] }),
      "key",
    );
  });

  it("has merges whose operand fits function and width", async () => {
    const merge = (changed: object) =>
      call("txn", { success: [{ type: "merge", key: "n", fn: "add", operand: 1, ...changed }] });
    await expectInvalid(() => merge({ fn: "sub" }), "fn");
    await expectInvalid(() => merge({ width: 3 }), "width");
    await expectInvalid(() => merge({ offset: -1 }), "offset");
    await expectInvalid(() => merge({ operand: 1.5 }), "operand");
    await expectInvalid(() => merge({ operand: "1" }), "operand");
    await expectInvalid(() => merge({ operand: [] }), "operand");
    await expectInvalid(() => merge({ operand: Uint8Array.of(1, 2, 3) }), "operand");
    await expectInvalid(() => merge({ fn: "or", operand: 1 }), "operand");
    expect((await refusal(() => merge({ width: 1, operand: 128 }))).code).toBe("OUT_OF_RANGE");
    expect((await refusal(() => merge({ fn: "max", operand: -1 }))).code).toBe("OUT_OF_RANGE");
    expect((await refusal(() => merge({ operand: 2 ** 53 }))).code).toBe("OUT_OF_RANGE");
  });

  it("writes a key once", async () => {
    expect((await refusal(() => call("txn", { success: [put, put] }))).code).toBe("DUPLICATE_KEY");
  });
});

describe("other arguments", () => {
  it("of transact are a function and a count", async () => {
    await expectInvalid(() => call("transact", "x"), "the transaction's function");
    await expectInvalid(() => call("transact", () => 1, { maxAttempts: 0 }), "maxAttempts");
  });

  it("of scope are a name", async () => {
    for (const bad of [undefined, 5, "", LONE_SURROGATE]) {
      await expectInvalid(() => call("scope", bad), "name");
    }
  });

  it("leave the store as it was", async () => {
    expect(await db.list("k")).toEqual([]);
    expect(await db.leases()).toEqual([]);
  });
});
