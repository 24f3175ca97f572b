/** Writes a built project through PlatformIO's upload, which runs Espressif's esptool. */
import type { Board } from "../board/types.js";
import { runPlatformio } from "../build/platformio.js";
import { ensurePythonEnv } from "../build/python-env.js";
import { InterruptedError, ToolError } from "../errors.js";
import type { Progress, StageContext } from "../pipeline/reporter.js";
import { openError } from "./port-error.js";
import { deviceError, vanishedWhileWriting } from "./programmer.js";

export interface UploadRequest {
  readonly projectDir: string;
  readonly board: Board;
  readonly port: string;
  readonly downloadMode: string;
  readonly context: StageContext;
}

/** Runs `pio run -t nobuild -t upload`; the build must be up to date. */
export async function uploadWithPlatformio(request: UploadRequest): Promise<void> {
  const { projectDir, board, port, context } = request;
  const env = await ensurePythonEnv(context);
  const view = new UploadView(context);
  const args = ["run", "--environment", board.id, "-t", "nobuild", "-t", "upload", "--upload-port", port];
  const result = await runPlatformio(env, { dir: projectDir, environment: board.id }, args, {
    signal: context.signal,
    onLine: (line) => view.line(line),
  }).finally(() => view.end());
  if (context.signal.aborted) {
    throw new InterruptedError("stopped while writing", {
      where: port,
      remedy: "The firmware on the board is incomplete: flash it again.",
    });
  }
  if (result.exitCode !== 0) throw uploadError(result.all, port, request.downloadMode);
}

/** esptool prints "Writing at 0x00010000... (12 %)" or, from version 5 on, a bar with "12.3%". */
export class UploadView {
  private progress: Progress | undefined;
  private last = 0;

  constructor(private readonly context: StageContext) {}

  line(text: string): void {
    const percent = /Writing at 0x[0-9a-f]+.*?(\d+(?:\.\d+)?) ?%/i.exec(text);
    if (percent === null) {
      if (/^(Chip is|Hash of data verified|Auto-detected|Wrote )/.test(text)) this.context.reporter.info(text);
      return;
    }
    const done = Math.round(Number(percent[1]));
    // Each file begins at 0 again.
    if (done < this.last) this.end();
    this.progress ??= this.context.reporter.progress("writing", 100, "%");
    this.progress.update(done);
    this.last = done;
  }

  end(): void {
    this.progress?.end();
    this.progress = undefined;
    this.last = 0;
  }
}

/** What esptool and PlatformIO say, as the same errors that --direct gives. */
export function uploadError(output: string, port: string, downloadMode: string): Error {
  const after = /Writing at 0x/.test(output) ? " The firmware on the board is incomplete until then." : "";
  // The system's own words come first: around them esptool writes that the port "is busy or doesn't exist", whichever it is.
  const open =
    /(?:Could not open [^\n]*\n)?[^\n]*\[Errno \d+\][^\n]*/i.exec(output) ??
    /could not (?:open|exclusively lock) [^\n]*/i.exec(output) ??
    /[^\n]*(?:returned no data|device disconnected)[^\n]*/i.exec(output);
  if (open !== null) {
    const error = openError(new Error(open[0].split("\n").at(-1)), port);
    return after === "" ? error : vanishedWhileWriting(error);
  }
  const wrongMode = /Wrong boot mode detected \((0x[0-9a-f]+)\)/i.exec(output);
  const noise = wrongMode === null ? output : `${output}\nboot:${wrongMode[1]}`;
  const fatal = /(?:A fatal error occurred|A serial exception error occurred): ([^\n]*)/i.exec(output)?.[1];
  if (fatal !== undefined) {
    return deviceError({ message: fatal, noise, where: port, after, downloadMode });
  }
  return new ToolError("PlatformIO's upload failed", {
    where: port,
    detail: output.split("\n").slice(-40).join("\n"),
    remedy: "Try `smilec flash --direct`, which needs no PlatformIO.",
  });
}
