/**
 * Takes the lock of a directory and holds it until killed. One line on standard output says how it went.
 * With "wait", it first prints "ready" and goes on at the first byte on standard input, so that many start at once.
 */
const [sources, directory, mode] = process.argv.slice(2);
const { acquireDirectoryLock } = await import(`${sources}/disk/lock-file.js`);
const { systemClock } = await import(`${sources}/base/clock.js`);
const { systemRandom } = await import(`${sources}/base/random.js`);

if (mode === "wait") {
  process.stdout.write("ready\n");
  await new Promise((resolve) => process.stdin.once("data", resolve));
}
try {
  await acquireDirectoryLock(directory, { clock: systemClock, random: systemRandom });
  process.stdout.write("held\n");
} catch (error) {
  process.stdout.write(`${error.code} ${error.details?.pid}\n`);
}
process.stdin.resume();
