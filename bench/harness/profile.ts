/** Where the time of a load goes: samples of the processor's stack, counted by the room of the sources they fall into. */
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";

/** Between two samples. */
const INTERVAL_MICROS = 250;

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[] | undefined;
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples?: readonly number[] | undefined;
  readonly timeDeltas?: readonly number[] | undefined;
}

/** What V8 calls by these names is no function. */
const STATES: Readonly<Record<string, string>> = {
  "(idle)": "waiting",
  "(garbage collector)": "collecting garbage",
  "(program)": "Node and V8",
  "(root)": "Node and V8",
};

/** Rooms as a reader knows them, the deeper before the shallower. `base` counts for whoever calls it. */
const ROOMS: readonly (readonly [path: string, what: string])[] = [
  ["/dist/database/", "facade"],
  ["/dist/contract/", "checking requests"],
  ["/dist/mvcc/", "evaluating"],
  ["/dist/engines/local/", "group commit and answers"],
  ["/dist/engines/file/", "encoding and log"],
  ["/dist/disk/", "encoding and log"],
];
const SYSTEM_CALLS = new Set(["fdatasync", "fsync", "writeBuffer", "ftruncate", "open", "close", "read"]);
/** The profiler at work on itself. */
const PROFILER = "dispatch";
const OTHER = "Node and V8";
const BENCH = "the benchmark itself";

export class Profiler {
  readonly #session = new Session();
  readonly #shares = new Map<string, number>();
  readonly #directory: string;
  readonly #name: string;
  #runs = 0;

  /** @param directory for the profiles themselves, which Chrome's developer tools open */
  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
    this.#session.connect();
  }

  async during<T>(run: () => Promise<T>): Promise<T> {
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.setSamplingInterval", { interval: INTERVAL_MICROS });
    await this.#session.post("Profiler.start");
    try {
      return await run();
    } finally {
      const { profile } = await this.#session.post("Profiler.stop");
      this.#runs++;
      writeFileSync(join(this.#directory, `${this.#name}-${this.#runs}.cpuprofile`), JSON.stringify(profile));
      for (const [what, micros] of microsByRoom(profile)) {
        this.#shares.set(what, (this.#shares.get(what) ?? 0) + micros);
      }
    }
  }

  /** The largest share first. */
  get note(): string {
    const all = [...this.#shares].sort(([, a], [, b]) => b - a);
    const total = all.reduce((sum, [, micros]) => sum + micros, 0);
    const parts = all.map(([what, micros]) => `${what} ${((100 * micros) / total).toFixed(0)} %`);
    return `where the time goes: ${parts.join(", ")}`;
  }
}

export function microsByRoom({ nodes, samples = [], timeDeltas = [] }: CpuProfile): Map<string, number> {
  const rooms = roomsOf(nodes);
  const itself = new Set(nodes.filter(isProfiler).map(({ id }) => id));
  const micros = new Map<string, number>();
  for (const [at, id] of samples.entries()) {
    if (itself.has(id)) continue;
    const room = rooms.get(id) ?? OTHER;
    micros.set(room, (micros.get(room) ?? 0) + (timeDeltas[at] ?? 0));
  }
  return micros;
}

function isProfiler({ callFrame }: ProfileNode): boolean {
  return callFrame.url === "" && callFrame.functionName === PROFILER;
}

/** A function without a room of its own, native or of `base`, counts for the one that called it. */
function roomsOf(nodes: readonly ProfileNode[]): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const rooms = new Map<number, string>();
  const visit = (id: number, callers: string): void => {
    const { callFrame, children = [] } = byId.get(id)!;
    const room = roomOf(callFrame) ?? callers;
    rooms.set(id, room);
    for (const child of children) visit(child, room);
  };
  if (nodes[0] !== undefined) visit(nodes[0].id, OTHER);
  return rooms;
}

function roomOf({ functionName, url }: CallFrame): string | undefined {
  if (url === "")
    return STATES[functionName] ?? (SYSTEM_CALLS.has(functionName) ? "system calls" : undefined);
  if (url.includes("/bench/dist/")) return BENCH;
  return ROOMS.find(([path]) => url.includes(path))?.[1];
}
