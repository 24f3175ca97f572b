/** What the declarations are given to run a command with. */
import type { CommandContext } from "../commands/context.js";

/** Wraps a command that is loaded when it runs: builds its context from the global options, passes arguments and options on. */
export type Action = <Args extends unknown[]>(
  load: () => Promise<(context: CommandContext, ...args: Args) => Promise<void>>,
) => (...all: unknown[]) => Promise<void>;
