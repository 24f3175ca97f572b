/** How stages tell the user what they are doing; stages know nothing of terminals. */
export interface Reporter {
  /** A stage begins. */
  stage(name: string, detail: string): void;
  /** One line of information. */
  info(line: string): void;
  /** One line the user should not miss. */
  warn(line: string): void;
  /** Starts a progress display; `unit` names what is counted ("pictures"); `before` of `total` were done in an earlier run. */
  progress(label: string, total: number, unit: string, before?: number): Progress;
}

export interface Progress {
  update(done: number, note?: string): void;
  end(): void;
}

/** For tests and `--quiet`. */
export const silentReporter: Reporter = {
  stage: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  progress: () => ({ update: () => undefined, end: () => undefined }),
};

/** What every stage gets from its caller. */
export interface StageContext {
  readonly reporter: Reporter;
  /** Aborted by Ctrl-C; stages check it between units of work and throw InterruptedError. */
  readonly signal: AbortSignal;
}
