import type { Reporter, StageContext } from "#smilec/pipeline/reporter.js";

/** A context whose reporter keeps what a user would see. */
export function recordingContext(
  signal: AbortSignal = new AbortController().signal,
): StageContext & { lines: string[] } {
  const lines: string[] = [];
  const reporter: Reporter = {
    stage: (name, detail) => lines.push(`${name}: ${detail}`),
    info: (line) => lines.push(line),
    warn: (line) => lines.push(line),
    progress: (label, total, unit) => ({
      update: (done) => lines.push(`${label} ${done}/${total} ${unit}`),
      end: () => undefined,
    }),
  };
  return { reporter, signal, lines };
}
