/** An application that puts values of 5 MiB, one after another, until they fill several segments; then a small one. */
import { readdir } from "node:fs/promises";

const [door, directory] = process.argv.slice(2);
const { open } = await import(door);

const db = await open(`file:${directory}`);
for (const name of ["one", "two", "three", "four", "five"])
  await db.put(name, Buffer.alloc(5 * 2 ** 20, name));
while ((await readdir(`${directory}/segments`)).length < 2);
// The next segment is there: what comes now goes into it, or what comes after that.
for (let time = 0; time < 3; time++) await db.put("last", "small");
await db.close();
