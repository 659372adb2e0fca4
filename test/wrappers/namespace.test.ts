import { describe, test } from "vitest";
import type { ByteString } from "../../src/base/byte-string.ts";
import { createMemoryStore } from "../../src/engines/memory/index.ts";
import { conformance } from "../../src/testing/index.ts";
import { namespaceStore } from "../../src/wrappers/namespace.ts";

const reason = "bytes are counted with the prefix, so a list may be cut earlier";

/** The second one has no successor of its own length, the third none at all. */
for (const prefix of ["team/", "team\xff", "\xff\xff"] as ByteString[]) {
  conformance(
    `namespace ${JSON.stringify(prefix)} of the memory engine`,
    {
      open: async ({ clock, random }) =>
        namespaceStore(createMemoryStore({ clock, random }), prefix, { ownsStore: true }),
      time: "controlled",
      skip: [
        { test: "range-limits-and-paging > a byte limit stops after the pair that reaches it", reason },
        {
          test: "range-limits-and-paging > a limit and a byte limit together: whichever comes first",
          reason,
        },
      ],
    },
    { describe, test },
  );
}
