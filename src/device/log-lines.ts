/** What the bot prints on its serial port, decoded: firmware/hal/esp32/esp32_report.c, ESP-IDF's log and panic output. */

import { FAULT_CODES } from "./faults.js";

export type LogEvent =
  | { readonly event: "ready"; readonly text: string; readonly ms: number }
  | {
      readonly event: "press";
      readonly press: number;
      readonly smile: boolean;
      /** Somebody was seen. */
      readonly found: boolean;
      readonly margin: number;
      readonly text: string;
      readonly ms: number;
      /** Those in which a face was found. */
      readonly frames: number;
      readonly sum: number;
      readonly threshold: number;
      readonly latencyUs: number;
    }
  | {
      readonly event: "failed";
      readonly press: number;
      readonly error: number;
      readonly text: string;
      readonly ms: number;
    }
  | {
      readonly event: "logged";
      readonly press: number;
      readonly heldMs: number;
      readonly logged: number;
      readonly frames: number;
      readonly error: number;
      readonly text: string;
      readonly ms: number;
    }
  | {
      readonly event: "faults";
      readonly faults: readonly Fault[];
      readonly error: number;
      readonly text: string;
      readonly ms: number;
    }
  | {
      readonly event: "log";
      readonly level: "error" | "warning" | "info" | "debug";
      readonly tag: string;
      readonly text: string;
      readonly ms: number;
    }
  | { readonly event: "panic"; readonly text: string }
  | { readonly event: "backtrace"; readonly addresses: readonly number[]; readonly text: string }
  | { readonly event: "reset"; readonly text: string }
  | { readonly event: "text"; readonly text: string };

export interface Fault {
  /** Flashes of the status LED. */
  readonly blinks: number;
  readonly meaning: string;
}

/** In words, by the bit of the fault set. */
export const FAULTS: readonly string[] = FAULT_CODES.map(({ meaning }) => meaning);

/** enum sm_error of firmware/core/sm_types.h. */
const ERRORS: Readonly<Record<number, string>> = {
  [-1]: "a value is out of its range",
  [-2]: "the camera gave no frame",
  [-3]: "the camera gave a frame of a wrong size",
  [-4]: "the network could not be run",
  [-5]: "the network's self-test gave another output than recorded",
  [-6]: "no card",
  [-7]: "the card is full",
  [-8]: "a read, write or sync failed",
  [-9]: "nothing to act on",
  [-10]: "the file is there already",
  [-11]: "the card has no FAT file system",
  [-12]: "stored data is damaged",
  [-13]: "too little memory",
  [-14]: "the segment is full and there is no next one yet",
};

/** "error -6: no card"; empty for 0. */
export function describeError(error: number): string {
  if (error === 0) return "";
  return `error ${error}${ERRORS[error] === undefined ? "" : `: ${ERRORS[error]}`}`;
}

const LEVELS = { E: "error", W: "warning", I: "info", D: "debug", V: "debug" } as const;
/** Terminal colours: a control character (ESC), then "[0;32m". */
const COLOURS = /\p{Cc}\[[0-9;]*m/gu;
/** Noise on the line must not steer the terminal. */
const CONTROLS = /(?!\t)\p{Cc}/gu;

/** Decodes one line (without its end). Lines in no known form are given back as text, with control characters taken out. */
export function decodeLine(line: string): LogEvent {
  const text = line.replaceAll(COLOURS, "").replaceAll(CONTROLS, "").trimEnd();
  const log = /^([EWIDV]) \((\d+)\) ([^:]+): (.*)$/.exec(text);
  if (log !== null) return logEvent(LEVELS[log[1] as keyof typeof LEVELS], Number(log[2]), log[3], log[4]);
  const addresses = /^Backtrace:\s*((?:0x[0-9a-f]+:0x[0-9a-f]+\s*)+)/i.exec(text);
  if (addresses !== null) {
    const list = addresses[1]
      .trim()
      .split(/\s+/)
      .map((pair) => Number(pair.split(":")[0]));
    return { event: "backtrace", addresses: list, text };
  }
  if (
    /^Guru Meditation Error|^abort\(\) was called|Brownout detector|^assert failed|^Task watchdog got triggered/.test(
      text,
    )
  ) {
    return { event: "panic", text };
  }
  if (/^rst:0x[0-9a-f]+/i.test(text)) return { event: "reset", text };
  return { event: "text", text };
}

function logEvent(level: "error" | "warning" | "info" | "debug", ms: number, tag: string, text: string): LogEvent {
  return (tag === "smilec" ? botEvent(ms, text) : undefined) ?? { event: "log", level, tag, text, ms };
}

/** The lines of esp32_report.c. */
function botEvent(ms: number, text: string): LogEvent | undefined {
  const press = /^press (\d+): (smile|no smile|nobody), sum (-?\d+) of (\d+) frames, threshold (-?\d+), (\d+) us$/.exec(
    text,
  );
  if (press !== null) {
    const [number, sum, frames, threshold, latencyUs] = [1, 3, 4, 5, 6].map((index) => Number(press[index]));
    const margin = frames === 0 ? 0 : sum / frames;
    return {
      event: "press",
      press: number,
      smile: press[2] === "smile",
      found: press[2] !== "nobody",
      margin,
      sum,
      frames,
      threshold,
      latencyUs,
      text,
      ms,
    };
  }
  const logged = /^press (\d+): held (\d+) ms, (\d+) of (\d+) frames logged, error (-?\d+)$/.exec(text);
  if (logged !== null) {
    const [number, heldMs, count, frames, error] = logged.slice(1).map(Number);
    return { event: "logged", press: number, heldMs, logged: count, frames, error, text, ms };
  }
  const failed = /^press (\d+): no decision, error (-?\d+)$/.exec(text);
  if (failed !== null) return { event: "failed", press: Number(failed[1]), error: Number(failed[2]), text, ms };
  const faults = /^faults 0x([0-9a-f]+), error (-?\d+)$/i.exec(text);
  if (faults !== null) {
    return { event: "faults", faults: faultsOf(Number.parseInt(faults[1], 16)), error: Number(faults[2]), text, ms };
  }
  return / is ready: model /.test(text) ? { event: "ready", text, ms } : undefined;
}

/** The faults of a set of bits. */
export function faultsOf(set: number): Fault[] {
  return FAULTS.flatMap((meaning, bit) => ((set >> bit) & 1 ? [{ blinks: bit + 1, meaning }] : []));
}

/** One line (for faults, several) for people. */
export function describeEvent(event: LogEvent): string {
  switch (event.event) {
    case "press": {
      const { press, smile, found, margin, frames, threshold, latencyUs } = event;
      const time = `${(latencyUs / 1000).toFixed(0)} ms`;
      if (!found) return `press ${press}: nobody there, ${time}`;
      const limit = (threshold / (frames === 0 ? 1 : frames)).toFixed(1);
      return `press ${press}: ${smile ? "SMILE" : "no smile"}, margin ${margin.toFixed(1)} (green from ${limit}), ${frames} frames, ${time}`;
    }
    case "logged": {
      const { press, heldMs, logged, frames, error } = event;
      const why = error === 0 ? "" : ` (${describeError(error)})`;
      const how = heldMs === 0 ? "taken without a press" : `held ${heldMs} ms`;
      return `press ${press}: ${how}, ${logged} of ${frames} frames on the card${why}`;
    }
    case "failed":
      return `press ${event.press}: no decision (${describeError(event.error)})`;
    case "faults": {
      if (event.faults.length === 0) return "all faults are gone";
      const why = event.error === 0 ? "" : ` (${describeError(event.error)})`;
      return event.faults.map(({ blinks, meaning }) => `FAULT, blink code ${blinks}: ${meaning}${why}`).join("\n");
    }
    case "log":
      return `${event.level === "info" ? "" : `${event.level}: `}${event.tag}: ${event.text}`;
    default:
      return event.text;
  }
}
