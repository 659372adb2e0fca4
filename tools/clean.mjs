// Removes build output before a build, so that a deleted source never lives on in the package.
import { rmSync } from "node:fs";

for (const path of process.argv.slice(2)) rmSync(path, { recursive: true, force: true });
