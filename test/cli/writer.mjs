/**
 * An application with a store of its own: writes without pause, several keys under way at a time, until its
 * standard input ends. Prints the revision of each hundredth acknowledged write, and at the end the last one.
 */
const [door, directory] = process.argv.slice(2);
const { open } = await import(door);

let isOver = false;
process.stdin.on("end", () => {
  isOver = true;
});
process.stdin.resume();

const db = await open(`file:${directory}`);
let written = 0;
async function write(writer) {
  while (!isOver) {
    const number = written++;
    const { revision } = await db.put(
      `/load/${writer}/${number % 50}`,
      `${number} `.repeat(1 + (number % 400)),
    );
    if (number % 100 === 0) process.stdout.write(`${revision}\n`);
  }
}
await Promise.all([0, 1, 2, 3].map(write));
process.stdout.write(`${db.currentRevision}\n`);
await db.close();
