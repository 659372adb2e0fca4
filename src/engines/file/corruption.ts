/** Damage, told so that an operator knows where it is and what helps. */
import { HoldfastError } from "../../contract/errors.ts";
import type { DirectoryLayout, SegmentName } from "../../disk/directory-layout.ts";

function advice(layout: DirectoryLayout): string {
  const { directory } = layout;
  return `\`holdfast verify ${directory}\` lists all damage, \`holdfast salvage ${directory} --to NEW\` saves what is whole`;
}

/** @param offset where in the segment's file the damage was met, in bytes */
export function corruptSegment(
  layout: DirectoryLayout,
  name: SegmentName,
  offset: number,
  what: string,
): HoldfastError {
  const file = layout.segment(name);
  return new HoldfastError("CORRUPT", `${file} is damaged at byte ${offset}: ${what}; ${advice(layout)}`, {
    details: { segment: name.id, file, offset },
  });
}

export function missingSegment(layout: DirectoryLayout, name: SegmentName): HoldfastError {
  const file = layout.segment(name);
  return new HoldfastError("CORRUPT", `${file} is missing; ${advice(layout)}`, {
    details: { segment: name.id, file, offset: 0, missing: true },
  });
}

export function corruptDirectory(layout: DirectoryLayout, what: string): HoldfastError {
  return new HoldfastError("CORRUPT", `${layout.directory}: ${what}; ${advice(layout)}`, {
    details: { file: layout.directory, offset: 0 },
  });
}
