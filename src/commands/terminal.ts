/** Progress and messages on standard error: a live bar with rate and time left on a terminal, plain lines elsewhere. */
import { MultiBar, Presets, type SingleBar } from "cli-progress";
import pc from "picocolors";
import { InterruptedError } from "../errors.js";
import { type Progress, type Reporter, silentReporter } from "../pipeline/reporter.js";

/** Seconds between plain progress lines when standard error is not a terminal. */
const PLAIN_INTERVAL_S = 10;

/** Colours for a stream: none unless a person is looking at it. picocolors alone would also colour the logs of CI. */
export function coloursFor(stream: NodeJS.WriteStream): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY === true && pc.isColorSupported);
}

/** Whether a question would reach a person. */
export function asksOnTerminal({ json, quiet }: { readonly json: boolean; readonly quiet: boolean }): boolean {
  return !json && !quiet && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks a person; Enter alone is no. Throws InterruptedError with `onInterrupt` when they press Ctrl-C instead. */
export async function confirmed(message: string, onInterrupt: string): Promise<boolean> {
  const { confirm } = await import("@inquirer/prompts");
  try {
    return await confirm({ message, default: false }, { output: process.stderr });
  } catch {
    throw new InterruptedError(onInterrupt);
  }
}

export function createReporter(quiet: boolean, stream: NodeJS.WriteStream = process.stderr): Reporter {
  if (quiet)
    return { ...silentReporter, warn: (line) => stream.write(`${coloursFor(stream).yellow("warning:")} ${line}\n`) };
  return new TerminalReporter(stream);
}

class TerminalReporter implements Reporter {
  private bar: BarProgress | undefined;

  private readonly colours: ReturnType<typeof pc.createColors>;

  constructor(private readonly stream: NodeJS.WriteStream) {
    this.colours = coloursFor(stream);
  }

  stage(name: string, detail: string): void {
    this.line(`${this.colours.bold(this.colours.green(name.padEnd(10)))} ${detail}`);
  }

  info(line: string): void {
    this.line(`${" ".repeat(11)}${line.replaceAll("\n", `\n${" ".repeat(11)}`)}`);
  }

  warn(line: string): void {
    this.line(`${this.colours.yellow("warning:")} ${line}`);
  }

  progress(label: string, total: number, unit: string, before = 0): Progress {
    const pace = new Pace(total, before);
    if (!this.stream.isTTY) return new PlainProgress(label, total, unit, pace, (line) => this.info(line));
    this.bar = new BarProgress(label, total, unit, pace, this.stream, () => {
      this.bar = undefined;
    });
    return this.bar;
  }

  private line(text: string): void {
    if (this.bar === undefined) this.stream.write(`${text}\n`);
    else this.bar.above(text);
  }
}

class BarProgress implements Progress {
  // A MultiBar, because it can write lines above its bar.
  private readonly display: MultiBar;
  private readonly bar: SingleBar;

  constructor(
    label: string,
    total: number,
    unit: string,
    private readonly pace: Pace,
    stream: NodeJS.WriteStream,
    private readonly onEnd: () => void,
  ) {
    const format = `           ${label} {bar} {percentage}% · {value}/{total} ${unit} · {rate}/s · {left} left {note}`;
    const options = { format, stream, barsize: 24, hideCursor: true, clearOnComplete: true, gracefulExit: false };
    this.display = new MultiBar(options, Presets.shades_classic);
    this.bar = this.display.create(total, 0, { rate: "-", left: "-", note: "" });
  }

  update(done: number, note = ""): void {
    this.bar.update(done, { ...this.pace.at(done), note });
  }

  end(): void {
    // Lines wait for the next drawing; draw them before the bar goes away.
    this.display.update();
    this.display.stop();
    this.onEnd();
  }

  above(text: string): void {
    this.display.log(`${text}\n`);
  }
}

class PlainProgress implements Progress {
  private last = performance.now();

  constructor(
    private readonly label: string,
    private readonly total: number,
    private readonly unit: string,
    private readonly pace: Pace,
    private readonly write: (line: string) => void,
  ) {}

  update(done: number, note = ""): void {
    const now = performance.now();
    if (now - this.last < PLAIN_INTERVAL_S * 1000) return;
    this.last = now;
    const { rate, left } = this.pace.at(done);
    this.write(
      `${this.label}: ${done}/${this.total} ${this.unit}, ${rate}/s, ${left} left${note === "" ? "" : `, ${note}`}`,
    );
  }

  end(): void {}
}

/** Average rate since the start and the time left at that rate; what was done before the start took none of the time. */
class Pace {
  private readonly start = performance.now();

  constructor(
    private readonly total: number,
    private readonly before: number,
  ) {}

  at(done: number): { rate: string; left: string } {
    const seconds = (performance.now() - this.start) / 1000;
    const rate = (done - this.before) / seconds;
    if (!(rate > 0) || !Number.isFinite(rate)) return { rate: "-", left: "-" };
    return { rate: rate >= 10 ? rate.toFixed(0) : rate.toFixed(1), left: duration((this.total - done) / rate) };
  }
}

/** "1 h 02 min", "3 min 05 s", "12 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
