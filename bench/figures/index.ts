/** The figures of the suite `embedded`, in the order of the table. */
import type { Figure } from "../harness/figure.ts";
import { durablePut } from "./durable-put.ts";
import { growth } from "./growth.ts";
import { install } from "./install.ts";
import { openStore } from "./open.ts";
import { overwrite } from "./overwrite.ts";
import { reads } from "./reads.ts";
import { startUp } from "./start-up.ts";
import { txn } from "./txn.ts";
import { watchDelivery } from "./watch-delivery.ts";
import { watchOthers } from "./watch-others.ts";

export const FIGURES: readonly Figure[] = [
  durablePut,
  txn,
  reads,
  watchDelivery,
  watchOthers,
  openStore,
  overwrite,
  growth,
  startUp,
  install,
];
