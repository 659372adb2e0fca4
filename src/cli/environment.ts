/** The environment variables that the command line knows. */
export interface Environment {
  /** The store where --store names none. */
  readonly HOLDFAST_STORE?: string | undefined;
  /** Set: errors come with their stack. */
  readonly HOLDFAST_DEBUG?: string | undefined;
  /** Set: no colours, also on a terminal (https://no-color.org). */
  readonly NO_COLOR?: string | undefined;
  /** Set: colours, also without a terminal; `0`: none. */
  readonly FORCE_COLOR?: string | undefined;
  /** `dumb`: no colours. */
  readonly TERM?: string | undefined;
}

export const environment: Environment = process.env;

export function isDebugging({ HOLDFAST_DEBUG = "" }: Environment = environment): boolean {
  return HOLDFAST_DEBUG !== "";
}
