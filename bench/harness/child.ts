/** Fresh Node processes for what must not share a heap, and the questions and answers that cross to them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export class Child {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** @param module URL of a module that answers each message with one message */
  static start(module: URL): Child {
    return new Child(fork(fileURLToPath(module), [], { execArgv: ["--expose-gc"] }));
  }

  /** One question at a time. @throws {Error} where the process ends instead of answering */
  async ask<Answer>(question: unknown): Promise<Answer> {
    const settled = new AbortController();
    const { signal } = settled;
    try {
      const answer = once(this.#process, "message", { signal });
      const end = once(this.#process, "exit", { signal }).then(([code]) => {
        throw new Error(`a benchmark process ended with ${String(code)} before it answered`);
      });
      this.#process.send(question as object);
      const [message] = await Promise.race([answer, end]);
      return message as Answer;
    } finally {
      settled.abort();
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    else this.#process.kill();
    await ended;
  }
}

/** The other side: answers every message until the parent lets go. An error ends the process. */
export function answer<Question>(reply: (question: Question) => Promise<unknown>): void {
  process.on("message", (question) => {
    reply(question as Question).then(
      (message) => process.send!(message as object),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
