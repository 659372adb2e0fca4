/**
 * Comparing what two stores say. A property that is undefined counts as absent, and a pair is no more than what
 * the contract says of it, whatever else an engine keeps in the same object.
 */
const PAIR = ["key", "value", "revision", "createRevision", "version", "leaseId"];

function propertiesOf(value: object): readonly string[] {
  return "createRevision" in value && "key" in value ? PAIR : Object.keys(value);
}

export function isSame(given: unknown, wanted: unknown): boolean {
  return difference(given, wanted) === undefined;
}

/** The first difference, with its place; undefined where there is none. */
export function difference(given: unknown, wanted: unknown, place = ""): string | undefined {
  if (given === wanted) return undefined;
  const isLeaf = (value: unknown): boolean => typeof value !== "object" || value === null;
  if (isLeaf(given) || isLeaf(wanted) || Array.isArray(given) !== Array.isArray(wanted)) {
    return `${place || "."}: ${canonical(given)} instead of ${canonical(wanted)}`;
  }
  const [left, right] = [given as Record<string, unknown>, wanted as Record<string, unknown>];
  const names = new Set([...propertiesOf(left), ...propertiesOf(right)]);
  for (const name of names) {
    const found = difference(left[name], right[name], `${place}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** For messages: equal values give equal texts. */
export function canonical(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === "bigint") return `${inner}n`;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    const names = [...propertiesOf(inner)].sort();
    return Object.fromEntries(names.map((name) => [name, (inner as Record<string, unknown>)[name]]));
  });
  return text ?? "nothing";
}
