/** How long a store with a million keys takes to open in a fresh process, and what memory it then keeps. */
import { closeSync, openSync, readSync } from "node:fs";
import { Child } from "../harness/child.ts";
import { fill, KEY_BYTES, VALUE_BYTES } from "../harness/data.ts";
import { directorySize } from "../harness/directory-size.ts";
import { atMost, type Figure } from "../harness/figure.ts";
import { ratios } from "../harness/statistics.ts";
import type { OpenAnswer, OpenQuestion } from "../processes/open-store.ts";

const KEYS = 1_000_000;
const ROUNDS = 5;
const READ_BYTES = 2 ** 20;

export const openStore: Figure = {
  name: "open",
  asks: "seconds to open 1 000 000 checkpointed keys of 256 bytes, and the memory per key, beside reading the files",
  run: async (bench) => {
    if (bench.settings.engine === "memory") return [];
    const keys = bench.count(KEYS);
    const directory = await bench.directory("open");
    const db = await bench.openAt(directory);
    await fill(db, keys);
    await db.close();
    const { rounds } = bench.rounds(ROUNDS, 0);
    const opened: OpenAnswer[] = [];
    const readSeconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      readSeconds.push(readAll(directory));
      opened.push(await openOnce({ directory, keys }));
    }
    const seconds = opened.map((answer) => answer.seconds);
    const perKey = opened.map(({ usedBytes }) => usedBytes / keys - KEY_BYTES - VALUE_BYTES);
    const resident = opened.map(({ residentBytes }) => residentBytes / 2 ** 20);
    const sizeMiB = directorySize(directory).lengthBytes / 2 ** 20;
    return [
      {
        id: "open",
        title: `open with ${keys.toLocaleString("en").replaceAll(",", " ")} keys`,
        value: { unit: "s", samples: seconds },
        beside: { title: "reading the files", unit: "s", samples: readSeconds },
        ratio: ratios(seconds, readSeconds),
        required: atMost(2.5, "value"),
        notes: [`${sizeMiB.toFixed(0)} MiB on disk, in the page cache`],
      },
      {
        id: "open-memory",
        title: "memory per key beyond key and value",
        value: { unit: "bytes/key", samples: perKey },
        required: atMost(350, "value"),
        notes: [`heap and buffers after a full collection; resident ${Math.max(...resident).toFixed(0)} MiB`],
      },
    ];
  },
};

/** Seconds to read every file of the directory, one after the other. */
function readAll(directory: string): number {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const { files } = directorySize(directory);
  const startedMs = performance.now();
  for (const path of files) {
    const descriptor = openSync(path, "r");
    while (readSync(descriptor, buffer) > 0);
    closeSync(descriptor);
  }
  return (performance.now() - startedMs) / 1000;
}

async function openOnce(question: OpenQuestion): Promise<OpenAnswer> {
  const child = Child.start(new URL("../processes/open-store.js", import.meta.url));
  try {
    return await child.ask<OpenAnswer>(question);
  } finally {
    await child.stop();
  }
}
