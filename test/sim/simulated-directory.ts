/**
 * A directory on the simulated disk: the names that the running system sees, those that would survive any crash,
 * and the changes between the two that no sync has covered yet. A crash decides on each change apart; a rename is
 * one change.
 */
import type { Random } from "../../src/base/random.ts";
import { drawChance, happens, type SimulatedFile } from "./simulated-file.ts";

export type SimulatedNode = SimulatedFile | SimulatedDirectory;

/** One change of names; a rename between two directories is pending in both, and durable with either. */
export interface NameChange {
  readonly sets: readonly {
    readonly in: SimulatedDirectory;
    readonly name: string;
    readonly node: SimulatedNode;
  }[];
  readonly deletes: readonly {
    readonly in: SimulatedDirectory;
    readonly name: string;
    readonly node: SimulatedNode;
  }[];
}

export class SimulatedDirectory {
  readonly kind = "directory";
  readonly entries = new Map<string, SimulatedNode>();
  readonly #durable = new Map<string, SimulatedNode>();
  #pending: NameChange[] = [];

  get changes(): readonly NameChange[] {
    return [...this.#pending];
  }

  /** Makes a change in every directory that it concerns; nothing of it is durable yet. */
  static change(change: NameChange): void {
    for (const { in: directory, name } of change.deletes) directory.entries.delete(name);
    for (const { in: directory, name, node } of change.sets) directory.entries.set(name, node);
    for (const directory of concerned(change)) directory.#pending.push(change);
  }

  /** Makes durable the changes that were pending when the call began. */
  sync(changes: readonly NameChange[]): void {
    for (const change of changes) if (this.#pending.includes(change)) settle(change, true);
  }

  /** As {@link SimulatedFile.failSync}. */
  failSync(random: Random): void {
    const chance = drawChance(random);
    for (const change of [...this.#pending]) settle(change, happens(random, chance));
  }

  /** Everything below, as a crash leaves it. */
  afterCrash(random: Random): SimulatedDirectory {
    const survives = new Map<NameChange, boolean>();
    const made = new Map<SimulatedNode, SimulatedNode>();
    const chance = drawChance(random);
    const make = (node: SimulatedNode): SimulatedNode => {
      const known = made.get(node);
      if (known !== undefined) return known;
      if (node.kind === "file") {
        const file = node.afterCrash(random);
        made.set(node, file);
        return file;
      }
      const directory = new SimulatedDirectory();
      made.set(node, directory);
      for (const [name, child] of survivingNames(node)) directory.#put(name, make(child));
      return directory;
    };
    const survivingNames = (directory: SimulatedDirectory): Map<string, SimulatedNode> => {
      const names = new Map(directory.#durable);
      for (const change of directory.#pending) {
        if (!survives.has(change)) survives.set(change, happens(random, chance));
        if (survives.get(change)) applyTo(names, directory, change);
      }
      return names;
    };
    return make(this) as SimulatedDirectory;
  }

  #put(name: string, node: SimulatedNode): void {
    this.entries.set(name, node);
    this.#durable.set(name, node);
    if (node.kind === "file") node.references++;
  }

  static settle(change: NameChange, isKept: boolean): void {
    for (const directory of concerned(change)) {
      directory.#pending = directory.#pending.filter((other) => other !== change);
      if (isKept) applyTo(directory.#durable, directory, change);
    }
  }
}

function settle(change: NameChange, isKept: boolean): void {
  SimulatedDirectory.settle(change, isKept);
}

function concerned(change: NameChange): Set<SimulatedDirectory> {
  return new Set([...change.deletes, ...change.sets].map((part) => part.in));
}

/** A delete takes only the file that it took when it was made: the name may have survived with another. */
function applyTo(names: Map<string, SimulatedNode>, directory: SimulatedDirectory, change: NameChange): void {
  for (const { in: where, name, node } of change.deletes) {
    if (where === directory && names.get(name) === node) names.delete(name);
  }
  for (const { in: where, name, node } of change.sets) if (where === directory) names.set(name, node);
}
