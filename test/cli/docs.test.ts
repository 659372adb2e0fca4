/** docs/CLI.md against the commands themselves, in both directions. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { createProgram } from "../../src/cli/program.ts";

const text = await readFile(new URL("../../docs/CLI.md", import.meta.url), "utf8");
const program = await createProgram();

/** Every command and subcommand, with its words. */
function commands(command: Command, words: readonly string[] = []): [string, Command][] {
  return command.commands
    .filter((child) => child.name() !== "help")
    .flatMap((child) => {
      const path = [...words, child.name()];
      return [[path.join(" "), child] as [string, Command], ...commands(child, path)];
    });
}

/** What stands under the heading of a command. */
function sectionOf(name: string): string {
  const [, section] =
    new RegExp(`^### holdfast ${name}$([\\s\\S]*?)(?=^##|(?![\\s\\S]))`, "m").exec(text) ?? [];
  return section ?? "";
}

/** Options in the table of a section: `--limit <n>` and so on. */
function documentedOptions(section: string): string[] {
  return [...section.matchAll(/^\| `(--[^`]+)` \|/gm)].map((match) => match[1]!);
}

describe("docs/CLI.md", () => {
  test.each(commands(program))("documents holdfast %s: usage, and exactly its options", (name, command) => {
    const section = sectionOf(name);
    expect(section, `no section "### holdfast ${name}"`).not.toBe("");
    expect(section).toContain(`\nholdfast ${name} ${command.usage()}\n`);
    expect(documentedOptions(section)).toEqual(command.options.map(({ flags }) => flags));
  });

  test("has no section of a command that does not exist", () => {
    const known = commands(program).map(([name]) => name);
    const headings = [...text.matchAll(/^### holdfast (.+)$/gm)].map((match) => match[1]!);
    expect(headings.filter((name) => !known.includes(name))).toEqual([]);
  });

  test("documents the options of all commands", () => {
    const section = /^## For all commands$([\s\S]*?)^###/m.exec(text)![1]!;
    for (const { flags } of program.options.filter(({ long }) => long !== "--version")) {
      expect(section).toContain(`| \`${flags}\` |`);
    }
  });

  test("documents exactly the exit codes that there are", () => {
    const section = /^### Exit codes$([\s\S]*?)^###/m.exec(text)![1]!;
    const codes = [...section.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(codes).toEqual(Object.values(EXIT));
  });

  test("every command has a description, a summary and examples in its help", () => {
    for (const [name, command] of commands(program)) {
      expect(command.description(), name).not.toBe("");
      let help = "";
      command.configureOutput({
        writeOut: (written) => {
          help += written;
        },
      });
      command.outputHelp();
      expect(help, name).toContain(`$ holdfast ${name.split(" ")[0]}`);
    }
  });
});
