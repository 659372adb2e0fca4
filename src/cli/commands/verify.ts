/** `holdfast verify`: to come. */
import type { Command } from "commander";

export function define(command: Command): void {
  command.description("to come");
}
