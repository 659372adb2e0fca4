/**
 * Many writers on one store, until killed. Each line on standard output is a promise: `WRITER NUMBER REVISION`
 * was acknowledged. Each transaction counts up its writer's number in two keys, adds one to a counter and appends
 * to a log, so that half a transaction would show.
 */
import { writeSync } from "node:fs";

const [sources, directory, writers] = process.argv.slice(2);
const { openFileStore } = await import(`${sources}/engines/file/index.js`);
const say = (line) => writeSync(1, `${line}\n`);

say("opening");
const store = await openFileStore(directory, {
  ...{ segmentBytes: 256 * 1024, checkpointBytes: 512 * 1024, mergeAboveBytes: 256 * 1024 },
  ...{ inlineValueBytesMax: 200, mergeAboveRatio: 1.2 },
});
say("open");

async function stored(key) {
  const { kvs } = await store.range({ key });
  return kvs[0];
}

async function write(writer) {
  const [a, b] = [`w/${writer}/a`, `w/${writer}/b`];
  const before = await stored(a);
  let revision = before?.revision ?? 0;
  for (let number = Number.parseInt(before?.value ?? "0", 10) + 1; ; number++) {
    const value = `${number} ${"x".repeat((writer * 37 + number * 11) % 400)}`;
    const result = await store.txn({
      conditions: [{ key: a, target: "revision", is: "=", to: revision }],
      success: [
        { type: "put", key: a, value },
        { type: "put", key: b, value },
        { type: "merge", key: "count", fn: "add", width: 8, offset: 0, operand: "\x01\0\0\0\0\0\0\0" },
        { type: "append", prefix: "log/", sequence: "sequence", value: `${writer}:${number}` },
      ],
      failure: [],
    });
    if (!result.succeeded) throw new Error(`writer ${writer} lost its place`);
    revision = result.revision;
    say(`${writer} ${number} ${revision}`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
