#!/usr/bin/env node
/** The program `holdfast`: hands its arguments to the commands. */
import { runProgram } from "./program.ts";

await runProgram(process.argv.slice(2));
