/**
 * One state of one key, made by one write. Versions of a key form a chain from the newest back to the oldest
 * that history still holds:
 *
 *     put a=1 @2, put a=2 @3, delete a @4, put a=9 @5
 *     head → (5, create 5, version 1) → (4, tombstone) → (3, create 2, version 2) → (2, create 2, version 1)
 *
 * A version is the contract's KeyValue as it stands, so reads hand it out without a copy.
 */
import { type ByteString, EMPTY } from "../base/byte-string.ts";
import { type KeyValue, NO_LEASE } from "../contract/key-value.ts";

export interface VersionFields {
  readonly key: ByteString;
  readonly value: ByteString;
  readonly revision: number;
  /** Its place among the writes of its revision, from 0: events keep this order. */
  readonly order: number;
  readonly createRevision: number;
  /** 0 marks a tombstone. */
  readonly version: number;
  readonly leaseId: bigint;
}

export class Version implements KeyValue {
  readonly key: ByteString;
  /** Empty for a tombstone, and while `spilledBytes` says that the engine keeps the bytes elsewhere. */
  value: ByteString;
  readonly revision: number;
  readonly order: number;
  readonly createRevision: number;
  readonly version: number;
  readonly leaseId: bigint;
  /** The state before, as far back as history is retained. */
  previous: Version | undefined = undefined;

  /** Where the engine keeps the bytes: for its own use, meaningless to the state machine. 0: nowhere. */
  segment = 0;
  offset = 0;
  /** Length of a value that is not held in memory; 0 where `value` is the value. */
  spilledBytes = 0;

  constructor(
    key: ByteString,
    value: ByteString,
    revision: number,
    order: number,
    createRevision: number,
    version: number,
    leaseId: bigint,
  ) {
    this.key = key;
    this.value = value;
    this.revision = revision;
    this.order = order;
    this.createRevision = createRevision;
    this.version = version;
    this.leaseId = leaseId;
  }

  get isTombstone(): boolean {
    return this.version === 0;
  }

  /** Bytes of the value, wherever it is. */
  get valueBytes(): number {
    return this.spilledBytes === 0 ? this.value.length : this.spilledBytes;
  }
}

export function tombstone(key: ByteString, revision: number, order: number): Version {
  return new Version(key, EMPTY, revision, order, 0, 0, NO_LEASE);
}

/** The newest state at or before `revision`; undefined where the key did not exist then. */
export function versionAt(head: Version | undefined, revision: number): Version | undefined {
  let version = head;
  while (version !== undefined && version.revision > revision) version = version.previous;
  return version === undefined || version.version === 0 ? undefined : version;
}
