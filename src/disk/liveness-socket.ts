/**
 * A sign of life that the kernel gives, for processes that cannot see each other's pids: two containers on one
 * machine with a shared volume, or a container that was killed and started anew. The owner listens on a socket
 * that is a file in the directory; a connection is refused exactly when no thread of that process is left.
 * Nothing is ever said over it. Works on one kernel only: the caller compares boot ids first.
 */
import { open, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";

export interface LivenessSocket {
  /** Removes the file, too. */
  close(): Promise<void>;
}

/** `"missing"`: there is no such file, or it cannot be asked. */
export type SocketState = "listening" | "refused" | "missing";

/**
 * Runs `action` with a path to the same file that is short enough for a socket address (about 100 bytes), by way
 * of an open descriptor of its directory.
 */
async function withShortPath<T>(path: string, action: (path: string) => Promise<T>): Promise<T> {
  const directory = await open(dirname(path), "r");
  try {
    return await action(join(`/proc/self/fd/${directory.fd}`, basename(path)));
  } finally {
    await directory.close();
  }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      server.on("error", () => {});
      server.unref();
      resolve(server);
    });
  });
}

/** Undefined where the file system or the platform has no such sockets. */
export async function openLivenessSocket(path: string): Promise<LivenessSocket | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    const server = await withShortPath(path, listen);
    return {
      async close() {
        await new Promise<void>((resolve) => server.close(() => resolve()));
        await unlink(path).catch(() => {});
      },
    };
  } catch {
    return undefined;
  }
}

function ask(path: string): Promise<SocketState> {
  return new Promise((resolve) => {
    const connection = connect(path);
    connection.once("connect", () => {
      connection.destroy();
      resolve("listening");
    });
    connection.once("error", (error: NodeJS.ErrnoException) => {
      // A full backlog (EAGAIN) is a sign of life as well.
      resolve(error.code === "ECONNREFUSED" ? "refused" : error.code === "EAGAIN" ? "listening" : "missing");
    });
  });
}

export async function askLivenessSocket(path: string): Promise<SocketState> {
  try {
    return await withShortPath(path, ask);
  } catch {
    return "missing";
  }
}
