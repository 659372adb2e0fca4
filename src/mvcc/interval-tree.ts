/**
 * Which of many key ranges hold a key? A treap ordered by start, each node knowing the greatest end below it:
 * adding, removing and asking cost logarithmic time, so ranges elsewhere cost a write next to nothing.
 */
import type { ByteString } from "../base/byte-string.ts";
import { type KeyRange, NO_END } from "../contract/key-range.ts";

interface Node<T> {
  readonly start: ByteString;
  /** Exclusive; undefined = no upper bound. */
  readonly end: ByteString | undefined;
  readonly item: T;
  readonly serial: number;
  readonly priority: number;
  maxEnd: ByteString | undefined;
  left: Node<T> | undefined;
  right: Node<T> | undefined;
}

/** A handle to take a range out again. */
export type IntervalHandle = { readonly start: ByteString; readonly serial: number };

export class IntervalTree<T> {
  #root: Node<T> | undefined;
  #serial = 0;
  size = 0;

  add(range: KeyRange & { readonly end: ByteString }, item: T): IntervalHandle {
    const serial = this.#serial++;
    const end = range.end === NO_END ? undefined : range.end;
    const node: Node<T> = {
      start: range.key,
      end,
      item,
      serial,
      priority: scramble(serial),
      maxEnd: end,
      left: undefined,
      right: undefined,
    };
    this.#root = insert(this.#root, node);
    this.size++;
    return { start: range.key, serial };
  }

  remove(handle: IntervalHandle): void {
    this.#root = remove(this.#root, handle);
    this.size--;
  }

  /** Calls back for every range that holds `key`. */
  visit(key: ByteString, found: (item: T) => void): void {
    if (this.#root !== undefined) visit(this.#root, key, found);
  }

  /** Order, heap property and greatest ends are right. */
  assertValid(): void {
    let count = 0;
    const walk = (node: Node<T> | undefined): void => {
      if (node === undefined) return;
      count++;
      for (const child of [node.left, node.right]) {
        if (child !== undefined && child.priority > node.priority)
          throw new Error("interval tree: heap order");
      }
      if (node.left !== undefined && !before(node.left, node)) throw new Error("interval tree: order");
      if (node.right !== undefined && before(node.right, node)) throw new Error("interval tree: order");
      if (node.maxEnd !== greatestEnd(node)) throw new Error("interval tree: greatest end");
      walk(node.left);
      walk(node.right);
    };
    walk(this.#root);
    if (count !== this.size) throw new Error(`interval tree: ${count} nodes, size ${this.size}`);
  }
}

/** Spreads serial numbers evenly: the tree is balanced as if priorities were random, and the same in every run. */
function scramble(serial: number): number {
  let hash = Math.imul(serial + 1, 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function before(a: IntervalHandle, b: IntervalHandle): boolean {
  return a.start < b.start || (a.start === b.start && a.serial < b.serial);
}

function laterEnd(a: ByteString | undefined, b: ByteString | undefined): ByteString | undefined {
  return a === undefined || b === undefined ? undefined : a > b ? a : b;
}

function greatestEnd<T>(node: Node<T>): ByteString | undefined {
  let end = node.end;
  if (node.left !== undefined) end = laterEnd(end, node.left.maxEnd);
  if (node.right !== undefined) end = laterEnd(end, node.right.maxEnd);
  return end;
}

function insert<T>(root: Node<T> | undefined, node: Node<T>): Node<T> {
  if (root === undefined) return node;
  if (before(node, root)) {
    root.left = insert(root.left, node);
    if (root.left.priority > root.priority) return rotateRight(root);
  } else {
    root.right = insert(root.right, node);
    if (root.right.priority > root.priority) return rotateLeft(root);
  }
  root.maxEnd = greatestEnd(root);
  return root;
}

function remove<T>(root: Node<T> | undefined, handle: IntervalHandle): Node<T> | undefined {
  if (root === undefined) return undefined;
  if (root.serial === handle.serial) return join(root.left, root.right);
  if (before(handle, root)) root.left = remove(root.left, handle);
  else root.right = remove(root.right, handle);
  root.maxEnd = greatestEnd(root);
  return root;
}

function join<T>(left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.priority > right.priority) {
    left.right = join(left.right, right);
    left.maxEnd = greatestEnd(left);
    return left;
  }
  right.left = join(left, right.left);
  right.maxEnd = greatestEnd(right);
  return right;
}

function rotateRight<T>(root: Node<T>): Node<T> {
  const top = root.left!;
  root.left = top.right;
  root.maxEnd = greatestEnd(root);
  top.right = root;
  top.maxEnd = greatestEnd(top);
  return top;
}

function rotateLeft<T>(root: Node<T>): Node<T> {
  const top = root.right!;
  root.right = top.left;
  root.maxEnd = greatestEnd(root);
  top.left = root;
  top.maxEnd = greatestEnd(top);
  return top;
}

function visit<T>(node: Node<T>, key: ByteString, found: (item: T) => void): void {
  if (node.maxEnd !== undefined && node.maxEnd <= key) return;
  if (node.left !== undefined) visit(node.left, key, found);
  if (node.start > key) return;
  if (node.end === undefined || node.end > key) found(node.item);
  if (node.right !== undefined) visit(node.right, key, found);
}
