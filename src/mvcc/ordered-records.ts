/**
 * Key records in byte order: a B+tree with linked leaves, so that a range is one descent and then a walk along
 * arrays. Nodes are wide because one-byte strings compare quickly and shallow trees miss the cache less.
 *
 * An inner node's `keys[i]` is at most the smallest key below `children[i + 1]` and above every key below
 * `children[i]`. Deleting merges a node with a neighbour of the same parent when both have become small.
 */
import type { ByteString } from "../base/byte-string.ts";
import type { Version } from "./version.ts";

export interface KeyRecord {
  readonly key: ByteString;
  head: Version;
}

/** Told each record in turn; true stops the walk. */
export type RecordVisitor = (record: KeyRecord) => boolean | undefined;

interface Leaf {
  readonly keys: ByteString[];
  readonly records: KeyRecord[];
  next: Leaf | undefined;
  previous: Leaf | undefined;
  readonly children: undefined;
}

interface Inner {
  readonly keys: ByteString[];
  readonly children: Node[];
}

type Node = Leaf | Inner;

const WIDTH_MAX = 128;
/** Two neighbours are merged when together they are no larger than this. */
const MERGE_BELOW = WIDTH_MAX / 2;
/** Bulk loading leaves room for a few insertions. */
const BULK_WIDTH = 112;

function leaf(keys: ByteString[] = [], records: KeyRecord[] = []): Leaf {
  return { keys, records, next: undefined, previous: undefined, children: undefined };
}

/** How many of `keys` are less than `key`. */
function lowerBound(keys: readonly ByteString[], key: ByteString): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Which child of an inner node holds `key`. */
function childFor(node: Inner, key: ByteString): number {
  const at = lowerBound(node.keys, key);
  return at < node.keys.length && node.keys[at] === key ? at + 1 : at;
}

export class OrderedRecords {
  #root: Node = leaf();
  size = 0;

  /** @param records ascending by key, each key once */
  static from(records: readonly KeyRecord[]): OrderedRecords {
    const tree = new OrderedRecords();
    tree.size = records.length;
    if (records.length === 0) return tree;
    const leaves: Leaf[] = [];
    for (let at = 0; at < records.length; at += BULK_WIDTH) {
      const slice = records.slice(at, at + BULK_WIDTH);
      const made = leaf(
        slice.map((record) => record.key),
        slice,
      );
      made.previous = leaves.at(-1);
      if (made.previous !== undefined) made.previous.next = made;
      leaves.push(made);
    }
    let level: { first: ByteString; node: Node }[] = leaves.map((node) => ({ first: node.keys[0]!, node }));
    while (level.length > 1) {
      const above: typeof level = [];
      for (let at = 0; at < level.length; at += BULK_WIDTH) {
        const group = level.slice(at, at + BULK_WIDTH);
        const keys = group.slice(1).map((entry) => entry.first);
        above.push({ first: group[0]!.first, node: { keys, children: group.map((entry) => entry.node) } });
      }
      level = above;
    }
    tree.#root = level[0]!.node;
    return tree;
  }

  /** Adds a record whose key is not there yet. */
  add(record: KeyRecord): void {
    const split = this.#insert(this.#root, record);
    if (split !== undefined) this.#root = { keys: [split.key], children: [this.#root, split.right] };
    this.size++;
  }

  /** Removes a key that is there. */
  remove(key: ByteString): void {
    this.#delete(this.#root, key);
    const root = this.#root;
    if (root.children !== undefined && root.children.length === 1) this.#root = root.children[0]!;
    this.size--;
  }

  /** Visits records from `start` on, in order, as long as their keys are below `end` (undefined: to the last). */
  visit(start: ByteString, end: ByteString | undefined, visitor: RecordVisitor): void {
    let node: Leaf | undefined = this.#leafOf(start);
    let at = lowerBound(node.keys, start);
    for (; node !== undefined; node = node.next, at = 0) {
      const { keys, records } = node;
      for (; at < keys.length; at++) {
        if (end !== undefined && keys[at]! >= end) return;
        if (visitor(records[at]!) === true) return;
      }
    }
  }

  /** The same records from the greatest down. */
  visitReversed(start: ByteString, end: ByteString | undefined, visitor: RecordVisitor): void {
    let node: Leaf | undefined = end === undefined ? this.#lastLeaf() : this.#leafOf(end);
    let at = end === undefined ? node.keys.length - 1 : lowerBound(node.keys, end) - 1;
    while (node !== undefined) {
      const { keys, records } = node;
      for (; at >= 0; at--) {
        if (keys[at]! < start) return;
        if (visitor(records[at]!) === true) return;
      }
      node = node.previous;
      at = node === undefined ? -1 : node.keys.length - 1;
    }
  }

  /** Order, separators, widths, links and size are right. */
  assertValid(): void {
    const leaves: Leaf[] = [];
    let depthSeen: number | undefined;
    const walk = (
      node: Node,
      low: ByteString | undefined,
      high: ByteString | undefined,
      depth: number,
    ): void => {
      if (node.keys.length > WIDTH_MAX) throw new Error("ordered records: a node is too wide");
      for (const [at, key] of node.keys.entries()) {
        const ascends = at === 0 || node.keys[at - 1]! < key;
        if (!ascends || (low !== undefined && key < low) || (high !== undefined && key >= high)) {
          throw new Error(`ordered records: ${JSON.stringify(key)} is out of place`);
        }
      }
      if (node.children === undefined) {
        depthSeen ??= depth;
        if (depth !== depthSeen) throw new Error("ordered records: leaves at different depths");
        leaves.push(node);
        return;
      }
      if (node.children.length !== node.keys.length + 1)
        throw new Error("ordered records: separators missing");
      for (const [at, child] of node.children.entries()) {
        walk(
          child,
          at === 0 ? low : node.keys[at - 1],
          at === node.keys.length ? high : node.keys[at],
          depth + 1,
        );
      }
    };
    walk(this.#root, undefined, undefined, 0);
    let count = 0;
    for (const [at, node] of leaves.entries()) {
      count += node.keys.length;
      if (node.next !== leaves[at + 1] || node.previous !== leaves[at - 1]) {
        throw new Error("ordered records: leaves are not linked in order");
      }
      if (node.keys.some((key, slot) => node.records[slot]?.key !== key)) {
        throw new Error("ordered records: a record sits under another key");
      }
    }
    if (count !== this.size) throw new Error(`ordered records: ${count} held, size ${this.size}`);
  }

  #leafOf(key: ByteString): Leaf {
    let node = this.#root;
    while (node.children !== undefined) node = node.children[childFor(node, key)]!;
    return node;
  }

  #lastLeaf(): Leaf {
    let node = this.#root;
    while (node.children !== undefined) node = node.children.at(-1)!;
    return node;
  }

  #insert(node: Node, record: KeyRecord): Split | undefined {
    if (node.children === undefined) {
      const at = lowerBound(node.keys, record.key);
      node.keys.splice(at, 0, record.key);
      node.records.splice(at, 0, record);
      return node.keys.length > WIDTH_MAX ? splitLeaf(node) : undefined;
    }
    const at = childFor(node, record.key);
    const split = this.#insert(node.children[at]!, record);
    if (split === undefined) return undefined;
    node.keys.splice(at, 0, split.key);
    node.children.splice(at + 1, 0, split.right);
    return node.children.length > WIDTH_MAX ? splitInner(node) : undefined;
  }

  #delete(node: Node, key: ByteString): void {
    if (node.children === undefined) {
      const at = lowerBound(node.keys, key);
      node.keys.splice(at, 1);
      node.records.splice(at, 1);
      return;
    }
    const at = childFor(node, key);
    this.#delete(node.children[at]!, key);
    if (at > 0) mergeSmall(node, at - 1);
    else if (node.children.length > 1) mergeSmall(node, 0);
  }
}

interface Split {
  /** The smallest key of the right half. */
  readonly key: ByteString;
  readonly right: Node;
}

/** Halves a leaf; one that grew at its end keeps almost everything, so that ascending keys fill their leaves. */
function splitLeaf(left: Leaf): Split {
  const ascending = left.next === undefined;
  const at = ascending ? left.keys.length - 1 : left.keys.length >>> 1;
  const right = leaf(left.keys.splice(at), left.records.splice(at));
  right.next = left.next;
  right.previous = left;
  if (left.next !== undefined) left.next.previous = right;
  left.next = right;
  return { key: right.keys[0]!, right };
}

function splitInner(left: Inner): Split {
  const at = left.children.length >>> 1;
  const children = left.children.splice(at);
  const [key, ...keys] = left.keys.splice(at - 1) as [ByteString, ...ByteString[]];
  return { key, right: { keys, children } };
}

/** Joins `children[at]` and the one after it where they are small enough, or one of them is empty. */
function mergeSmall(parent: Inner, at: number): void {
  const left = parent.children[at]!;
  const right = parent.children[at + 1]!;
  if (left.children === undefined && right.children === undefined) {
    if (left.keys.length + right.keys.length > MERGE_BELOW && left.keys.length > 0 && right.keys.length > 0)
      return;
    left.keys.push(...right.keys);
    left.records.push(...right.records);
    left.next = right.next;
    if (right.next !== undefined) right.next.previous = left;
  } else if (left.children !== undefined && right.children !== undefined) {
    if (left.children.length + right.children.length > MERGE_BELOW) return;
    left.keys.push(parent.keys[at]!, ...right.keys);
    left.children.push(...right.children);
  }
  parent.keys.splice(at, 1);
  parent.children.splice(at + 1, 1);
}
