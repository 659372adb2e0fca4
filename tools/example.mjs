// Runs one built example: `npm run example -- recipes/lock-with-watch [URL]`. Without a name, lists them all.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const built = fileURLToPath(new URL("../examples/dist/", import.meta.url));
const [name, ...rest] = process.argv.slice(2);
const path = join(built, `${(name ?? "").replace(/^examples\//, "").replace(/\.(ts|js)$/, "")}.js`);

if (name === undefined || !path.startsWith(built) || !existsSync(path)) {
  if (name !== undefined) console.error(`There is no example ${name}.\n`);
  console.error("Usage: npm run example -- NAME [URL]\n\nThe examples:");
  const files = readdirSync(built, { recursive: true }).map(String);
  for (const file of files.filter((file) => file.endsWith(".js")).sort()) {
    console.error(`  ${file.replace(/\.js$/, "").replaceAll("\\", "/")}`);
  }
  process.exitCode = name === undefined ? 0 : 2;
} else {
  const example = await import(pathToFileURL(path).href);
  await example.main?.(...rest);
}
