/** A model for linearizability: keys that are independent registers with compare-and-swap. */
import type { Model } from "./linearizability.ts";

/** Values are whatever the test writes; writing each value once makes every lost or stale one visible. */
export type RegisterInput =
  | { readonly type: "read"; readonly key: string }
  | { readonly type: "write"; readonly key: string; readonly value: string | undefined }
  | {
      readonly type: "swap";
      readonly key: string;
      /** What must stand there; undefined: nothing. */
      readonly expected: string | undefined;
      readonly value: string | undefined;
    };

export type RegisterOutput =
  | { readonly type: "read"; readonly value: string | undefined }
  | { readonly type: "write" }
  | { readonly type: "swap"; readonly succeeded: boolean };

/** The content of one register; no other can tell. */
export interface RegisterState {
  readonly value: string | undefined;
}

export const registerModel: Model<RegisterState, RegisterInput, RegisterOutput> = {
  initial: { value: undefined },
  partition: ({ key }) => key,
  fingerprint: ({ value }) => (value === undefined ? "" : `=${value}`),
  step(state, input, output) {
    switch (input.type) {
      case "read":
        return output?.type === "read" && output.value !== state.value ? undefined : state;
      case "write":
        return { value: input.value };
      case "swap": {
        const succeeds = state.value === input.expected;
        if (output?.type === "swap" && output.succeeded !== succeeds) return undefined;
        return succeeds ? { value: input.value } : state;
      }
    }
  },
};
