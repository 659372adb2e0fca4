/**
 * Transactions as JSON, both ways. A request has the shape that `db.txn` takes, except for what JSON cannot carry:
 * lease ids may be strings, and every field of bytes has a twin with `Base64` behind its name.
 */
import { fromBytes, fromText, toBytes } from "../base/byte-string.ts";
import { HoldfastError } from "../contract/errors.ts";
import type { TxnRequest, TxnResponse, TxnResult } from "../database/txn-types.ts";
import { fromBase64, jsonField } from "./byte-text.ts";
import { kvJson, plain } from "./json-shapes.ts";
import type { JsonObject } from "./output.ts";

const BYTES_FIELDS: ReadonlySet<string> = new Set([
  ...["key", "prefix", "start", "end", "value", "to", "sequence", "operand"],
]);
const BRANCHES: ReadonlySet<string> = new Set(["conditions", "success", "failure"]);
const OTHER_FIELDS: ReadonlySet<string> = new Set([
  ...["type", "target", "is", "previous", "ignoreLease", "revision", "limit", "keysOnly", "reverse"],
  ...["fn", "width", "offset"],
]);

function invalid(message: string): HoldfastError {
  const hint = "`holdfast txn --help` shows both forms";
  return new HoldfastError("INVALID_ARGUMENT", `transaction: ${message}`, { details: { hint } });
}

/** The values are checked by the database; here is only what the JSON form adds. @throws {HoldfastError} INVALID_ARGUMENT */
export function parseTxnJson(text: string): TxnRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw invalid(`not valid JSON: ${(error as Error).message}`);
  }
  return fromJson(parsed, "") as TxnRequest;
}

function fromJson(value: unknown, path: string): object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${path === "" ? "the request" : path} must be an object`);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const { target } = fields;
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const where = path === "" ? name : `${path}.${name}`;
    if (BRANCHES.has(name)) result[name] = list(field, where);
    else if (name === "leaseId" || (name === "to" && target === "lease"))
      result[name] = leaseId(field, where);
    else if (BYTES_FIELDS.has(name) || OTHER_FIELDS.has(name)) result[name] = field;
    else if (isBase64Field(name)) result[name.slice(0, -"Base64".length)] = bytes(field, where);
    else throw invalid(`${where} is no known field`);
  }
  return result;
}

function isBase64Field(name: string): boolean {
  return name.endsWith("Base64") && BYTES_FIELDS.has(name.slice(0, -"Base64".length));
}

function list(value: unknown, path: string): object[] {
  if (!Array.isArray(value)) throw invalid(`${path} must be an array`);
  return value.map((item, at) => fromJson(item, `${path}[${at}]`));
}

function bytes(value: unknown, path: string): Uint8Array {
  if (typeof value !== "string") throw invalid(`${path} must be a string`);
  return toBytes(fromBase64(value, path));
}

function leaseId(value: unknown, path: string): bigint {
  if (typeof value === "string" && /^\d+$/.test(value)) return BigInt(value);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw invalid(`${path} must be a lease id: a string of digits, or a whole number`);
}

export function txnResultJson(result: TxnResult): JsonObject {
  const { succeeded, revision, responses } = result;
  return { succeeded, revision, responses: responses.map(responseJson) };
}

function responseJson(response: TxnResponse): JsonObject {
  const { type } = response;
  switch (type) {
    case "put": {
      const { revision, previous } = response;
      return { type, revision, ...(previous === undefined ? {} : { previous: kvJson(plain(previous)) }) };
    }
    case "delete": {
      const { revision, deleted, previous } = response;
      return {
        type,
        revision,
        deleted,
        ...(previous && { previous: previous.map((kv) => kvJson(plain(kv))) }),
      };
    }
    case "get":
      return { type, kv: response.kv === undefined ? null : kvJson(plain(response.kv)) };
    case "range": {
      const { kvs, count, more } = response;
      return { type, kvs: kvs.map((kv) => kvJson(plain(kv))), count, more };
    }
    case "merge": {
      const { revision, after, numbers } = response;
      return {
        type,
        revision,
        ...(numbers === undefined ? jsonField("after", fromBytes(after)) : { numbers }),
      };
    }
    case "append": {
      const { revision, key, number } = response;
      return { type, revision, ...jsonField("key", fromText(key)), number };
    }
    case "txn":
      return { type, succeeded: response.succeeded, responses: response.responses.map(responseJson) };
  }
}
