/** What every command gets: where, how loud, and how to stop. */
import type { Reporter, StageContext } from "../pipeline/reporter.js";

export interface GlobalOptions {
  /** Folder of the project; default the current one. */
  readonly project: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

export interface CommandContext extends StageContext, GlobalOptions {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Writes a result (not progress) to standard output, with a newline. */
  print(text: string): void;
  /** With --json prints `value` as one JSON document, otherwise the text. */
  result(value: unknown, text: () => string): void;
}
