/** One owner for a directory, between real processes; test/crash has the races. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openFileStore } from "../../src/engines/file/index.ts";
import { type CompiledSources, compileSources } from "../crash/compiled-sources.ts";
import { dump, put, write } from "./requests.ts";

let sources: CompiledSources;
let directory: string;

beforeAll(async () => {
  sources = await compileSources();
});
afterAll(() => sources.remove());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-owner-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Another process that has opened the store and written a key. */
async function startOwner() {
  const script = `
    const { openFileStore } = await import(${JSON.stringify(sources.url("engines/file/index.ts"))});
    const store = await openFileStore(${JSON.stringify(directory)});
    await store.txn({ conditions: [], success: [{ type: "put", key: "a", value: "theirs" }], failure: [] });
    console.log("open");
    setInterval(() => {}, 1_000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

test("one-owner: while a process lives no other opens its directory for writing, and none waits for a dead one", async () => {
  const owner = await startOwner();
  await expect(openFileStore(directory)).rejects.toMatchObject({
    code: "LOCKED",
    details: { pid: owner.pid },
  });
  const reader = await openFileStore(directory, { readOnly: true });
  expect(await dump(reader)).toEqual(["a=theirs"]);
  await expect(write(reader, put("b"))).rejects.toMatchObject({ code: "READ_ONLY" });
  await reader.close();

  owner.kill("SIGKILL");
  await once(owner, "exit");
  const successor = await openFileStore(directory);
  await write(successor, put("b", "ours"));
  expect(await dump(successor)).toEqual(["a=theirs", "b=ours"]);
  await successor.close();
});

test("one-owner: the same process is refused a second time, and may open again after closing", async () => {
  const store = await openFileStore(directory);
  await expect(openFileStore(directory)).rejects.toMatchObject({
    code: "LOCKED",
    details: { pid: process.pid },
  });
  await store.close();
  await (await openFileStore(directory)).close();
});
