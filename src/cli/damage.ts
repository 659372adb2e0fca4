/** How damage is told: by `verify`, which finds it, and by `salvage`, which loses what it held. */
import type { Damage } from "../engines/file/frame-walk.ts";
import type { JsonObject, Output } from "./output.ts";

export async function damageTable(output: Output, damages: readonly Damage[]): Promise<void> {
  await output.table(
    [
      { title: "SEGMENT", align: "right" },
      { title: "OFFSET", align: "right" },
      { title: "BYTES", align: "right" },
      { title: "REVISIONS" },
      { title: "DAMAGE" },
    ],
    damages.map(({ file, segment, offset, bytes, revisions, what }) => [
      segment === undefined ? "-" : String(segment),
      String(offset),
      String(bytes),
      revisions === undefined ? "" : `${revisions.from}-${revisions.to ?? ""}`,
      `${file}: ${what}`,
    ]),
  );
}

export function damageJson({ file, segment, offset, bytes, what, revisions }: Damage): JsonObject {
  return { file, segment, offset, bytes, what, revisions: revisions && { ...revisions } };
}
