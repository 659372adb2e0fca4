import { describe, test } from "vitest";
import { createMemoryStore, restoreMemoryStore } from "../../src/engines/memory/index.ts";
import { conformance } from "../../src/testing/index.ts";

conformance(
  "memory engine",
  {
    open: async ({ clock, random }) => createMemoryStore({ clock, random }),
    restore: (snapshot, { clock, random }) => restoreMemoryStore(snapshot, { clock, random }),
    time: "controlled",
  },
  { describe, test },
);
