/** What a program pays before its first call: loading the package, opening an empty store. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Figure, Row } from "../harness/figure.ts";
import { interleave } from "../harness/rounds.ts";
import { ratios } from "../harness/statistics.ts";

const ROUNDS = 11;
/** Inside the package, so that its own name leads to the build. */
const DIRECTORY = fileURLToPath(new URL(".", import.meta.url));

export const startUp: Figure = {
  name: "start-up",
  asks: "milliseconds to import the package, and to import it and open an empty store, beside starting Node",
  run: async (bench) => {
    const directory = await bench.directory("start-up");
    const url = bench.settings.engine === "memory" ? "mem:" : `file:${directory}`;
    const imported = { timed: 'const { open } = await import("holdfast");', after: "" };
    const opened = {
      timed: `${imported.timed} const db = await open(${JSON.stringify(url)});`,
      after: "await db.close();",
    };
    const samples = await interleave(
      [
        { name: "node", run: millisecondsOfNode },
        { name: "import", run: () => millisecondsOf(imported) },
        { name: "open", run: () => millisecondsOf(opened) },
      ],
      bench.rounds(ROUNDS, 0),
    );
    const node = samples.get("node")!;
    const row = (name: "import" | "open", title: string): Row => ({
      id: `start-${name}`,
      title,
      value: { unit: "ms", samples: samples.get(name)! },
      beside: { title: "start and end of an empty Node", unit: "ms", samples: node },
      ratio: ratios(samples.get(name)!, node),
    });
    return [row("import", 'import "holdfast"'), row("open", "import and open of an empty store")];
  },
};

async function millisecondsOfNode(): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
  await once(child, "exit");
  return performance.now() - startedMs;
}

interface Program {
  readonly timed: string;
  readonly after: string;
}

/** Milliseconds that the statements take, in a process of their own. */
async function millisecondsOf({ timed, after }: Program): Promise<number> {
  const source = `const startedMs = performance.now(); ${timed} console.log(performance.now() - startedMs); ${after}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    cwd: DIRECTORY,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  await once(child, "close");
  const milliseconds = Number.parseFloat(printed);
  if (Number.isNaN(milliseconds)) throw new Error("the program to be timed failed");
  return milliseconds;
}
