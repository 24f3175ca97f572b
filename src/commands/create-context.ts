import { resolve } from "node:path";
import type { CommandContext, GlobalOptions } from "./context.js";
import { createReporter } from "./terminal.js";

export function createContext(options: GlobalOptions, signal: AbortSignal): CommandContext {
  const print = (text: string) => process.stdout.write(`${text}\n`);
  return {
    ...options,
    project: resolve(options.project),
    signal,
    reporter: createReporter(options.quiet),
    print,
    result: (value, text) => print(options.json ? JSON.stringify(value, null, 2) : text()),
  };
}
