/**
 * An application that has a store open: says so in a line, and when its standard input ends puts what came there
 * under `/held` and closes.
 */
const [door, directory] = process.argv.slice(2);
const { open } = await import(door);

const db = await open(`file:${directory}`);
process.stdout.write("open\n");
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
await db.put("/held", Buffer.concat(chunks));
await db.close();
