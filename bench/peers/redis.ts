/**
 * Redis with `appendfsync always`: a server of our own on a free port of the loopback interface, ended with us. The
 * client below does nothing but pipeline: what is asked in one turn goes out in one write. That is several times
 * faster than the clients people use, so Redis appears here at its best.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

const HOST = "127.0.0.1";
const CONNECT_TRIES = 200;
const CONNECT_RETRY_MS = 25;
const LINE_FEED = 10;

/** One connection. Replies of one line each are all it understands. */
class RedisConnection {
  readonly #socket: Socket;
  #out = "";
  #waiting: ((reply: undefined) => void)[] = [];
  #answered = 0;

  constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
  }

  /** Resolves when Redis has answered, which it does after its sync. */
  set(key: string, value: string): Promise<undefined> {
    return new Promise((resolve) => {
      if (this.#out === "") process.nextTick(() => this.#send());
      this.#out += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n${value}\r\n`;
      this.#waiting.push(resolve);
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  #send(): void {
    const out = this.#out;
    this.#out = "";
    this.#socket.write(out, "latin1");
  }

  #onData(bytes: Buffer): void {
    if (bytes[0] === "-".charCodeAt(0)) throw new Error(`Redis refuses: ${bytes.toString("latin1")}`);
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) {
      this.#waiting[this.#answered++]!(undefined);
    }
    if (this.#answered < this.#waiting.length) return;
    this.#waiting = [];
    this.#answered = 0;
  }
}

export class RedisPeer {
  readonly #server: ChildProcess;
  readonly #connections: readonly RedisConnection[];

  private constructor(server: ChildProcess, connections: readonly RedisConnection[]) {
    this.#server = server;
    this.#connections = connections;
  }

  /** @param connections over which the callers are spread */
  static async open(directory: string, connections: number): Promise<RedisPeer> {
    const port = await freePort();
    const flags = ["--port", String(port), "--bind", HOST, "--dir", directory, "--save", ""];
    const durable = ["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"];
    const server = spawn("redis-server", [...flags, ...durable], { stdio: "ignore" });
    process.once("exit", () => server.kill());
    const opened: RedisConnection[] = [];
    while (opened.length < connections) opened.push(new RedisConnection(await connectTo(port)));
    return new RedisPeer(server, opened);
  }

  /** @param caller each one always uses the same connection */
  set(caller: number, key: string, value: string): Promise<undefined> {
    return this.#connections[caller % this.#connections.length]!.set(key, value);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    const ended = once(this.#server, "exit");
    this.#server.kill();
    await ended;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (typeof address !== "object" || address === null) throw new Error("no free port");
  return address.port;
}

/** Tries until the server, which has just been started, listens. */
async function connectTo(port: number): Promise<Socket> {
  for (let attempt = 1; ; attempt++) {
    const socket = connect({ port, host: HOST });
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      if (attempt === CONNECT_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS));
    }
  }
}
