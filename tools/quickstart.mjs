// `npm run quickstart`: runs the quick start, then reads the same data back with the command line, in another process,
// and fails where the two differ.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { main, readLockFile } from "../examples/dist/quickstart.js";

const root = fileURLToPath(new URL("../", import.meta.url));
process.chdir(root);
const store = process.argv[2] ?? "file:./holdfast-data";

function heading(text) {
  console.log(`\n# ${text}`);
}

/** Runs the command line as a user would, and gives what it printed. */
function holdfast(...words) {
  const line = ["dist/cli/main.js", ...words, "--store", store];
  const { status, stdout, stderr } = spawnSync(process.execPath, line, {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`holdfast ${words.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

function show(...words) {
  console.log(`$ npx holdfast ${words.join(" ")}`);
  process.stdout.write(holdfast(...words));
}

heading("the program: examples/quickstart.ts");
await main(store);

heading("the same data, by the command line");
show("get", "/packages/typescript");
show("list", "/packages/", "--limit", "5");

const packages = await readLockFile("package-lock.json");
const read = holdfast("list", "/packages/", "--json")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line));
const wrong = read.filter(
  ({ key, value }) => value !== JSON.stringify(packages.get(key.slice("/packages/".length))),
);
if (read.length !== packages.size || wrong.length > 0) {
  console.error(
    `the command line read ${read.length} packages, ${wrong.length} of them wrong; the program wrote ${packages.size}`,
  );
  process.exit(1);
}
console.log(
  `\nAll ${read.length} packages read back as the program wrote them. The store is ${store}; look around with`,
);
console.log("npx holdfast --help");
