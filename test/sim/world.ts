/** What an engine is opened in, so that the same schedules drive any durable engine. */
import type { Clock } from "../../src/base/clock.ts";
import type { Defer } from "../../src/base/defer.ts";
import type { Random } from "../../src/base/random.ts";
import type { Store } from "../../src/contract/store.ts";
import type { FileSystem } from "../../src/disk/fs-port.ts";

/** Where the store lies on the simulated disk. */
export const DIRECTORY = "/data";

export interface World {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly defer: Defer;
}

export interface EngineUnderTest {
  open(world: World): Promise<Store>;
  /** Opens what is there and changes nothing. Absent: it cannot. */
  readonly openReadOnly?: (world: World) => Promise<Store>;
  /** A crash may take what was answered last; what is left is always a state that the store has had. */
  readonly mayLoseRecent?: boolean;
  /** History is forgotten without being asked. */
  readonly forgetsHistory?: boolean;
}
