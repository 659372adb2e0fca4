/** What a store takes at most. Data, known before a request is sent, so that callers split or page instead of failing. */
export interface Limits {
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  /** Conditions, success operations and failure operations of one transaction, nested ones included: each list at most this long. */
  readonly txnOperationsMax: number;
  /** Key and value bytes of one transaction, both branches together. */
  readonly txnBytesMax: number;
  /** How many transactions may lie inside one another below the outermost. */
  readonly txnDepthMax: number;
  readonly leaseTtlMinMs: number;
  readonly leaseTtlMaxMs: number;
}

export const EMBEDDED_LIMITS: Limits = {
  keyBytesMax: 8_192,
  valueBytesMax: 16 * 2 ** 20,
  txnOperationsMax: 65_535,
  txnBytesMax: 64 * 2 ** 20,
  txnDepthMax: 8,
  leaseTtlMinMs: 1,
  leaseTtlMaxMs: 9_000_000_000_000,
};
