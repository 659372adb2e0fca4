import { expect, test } from "vitest";
import { deferred } from "../../base/deferred.ts";
import { DirectoryLayout } from "../../disk/directory-layout.ts";
import type { FileSystem, OpenFile } from "../../disk/fs-port.ts";
import { nodeFileSystem } from "../../disk/node-file-system.ts";
import { SegmentFiles } from "./segment-files.ts";

/** Counts what is open; opening waits for `gate`. */
function counting(gate = Promise.resolve()) {
  const counts = { opened: 0, open: 0 };
  const file = {
    async close() {
      counts.open--;
    },
  } as OpenFile;
  const fs: FileSystem = {
    ...nodeFileSystem,
    async open() {
      counts.opened++;
      await gate;
      counts.open++;
      return file;
    },
  };
  return { counts, files: new SegmentFiles(fs, new DirectoryLayout("/nowhere")) };
}

const segment = (id: number) => ({ id, kind: "log" }) as const;

test("a file is opened once for all who read it, also at the same time", async () => {
  const { counts, files } = counting();
  await Promise.all([1, 1, 2, 1].map((id) => files.use(segment(id), async () => {})));
  expect(counts).toEqual({ opened: 2, open: 2 });
  await files.close();
  expect(counts.open).toBe(0);
});

test("retiring a file waits for those who read it, and for one that is only being opened", async () => {
  const gate = deferred<void>();
  const { counts, files } = counting(gate.promise);
  const reading = deferred<void>();
  const events: string[] = [];
  const read = files.use(segment(1), () => reading.promise).then(() => events.push("read"));
  const retired = files.retire(1).then(() => events.push("retired"));
  gate.resolve();
  await new Promise(setImmediate);
  expect(events).toEqual([]);
  reading.resolve();
  await Promise.all([read, retired]);
  expect(events).toEqual(["read", "retired"]);
  expect(counts.open).toBe(0);
});

test("only so many files stay open that nobody reads", async () => {
  const { counts, files } = counting();
  for (let id = 1; id <= 500; id++) await files.use(segment(id), async () => {});
  expect(counts.open).toBeLessThan(200);
  await files.close();
  expect(counts.open).toBe(0);
});

test("a failed read lets go of the file", async () => {
  const { counts, files } = counting();
  const fails = files.use(segment(1), () => Promise.reject(new Error("broken")));
  await expect(fails).rejects.toThrow("broken");
  await files.retire(1);
  expect(counts.open).toBe(0);
});
