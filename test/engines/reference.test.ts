import { describe, test } from "vitest";
import { conformance, createReferenceStore } from "../../src/testing/index.ts";

conformance(
  "reference store",
  {
    open: async ({ clock, random }) => createReferenceStore({ clock, random }),
    time: "controlled",
  },
  { describe, test },
);
