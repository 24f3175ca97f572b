/** Runs the host firmware over staged frames and reads its events, one JSON object a line. */
import { z } from "zod";
import { EnvironmentError, InterruptedError, ToolError, UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { type RunResult, run, runOnTerminal, toolError } from "../process/run.js";

const readySchema = z.looseObject({ event: z.literal("ready"), selfTest: z.boolean() });
const faultsSchema = z.object({ event: z.literal("faults"), faults: z.array(z.string()), error: z.int() });
const decisionSchema = z.object({
  event: z.literal("decision"),
  frame: z.string(),
  sequences: z.array(z.int()),
  outputs: z.array(z.array(z.int())),
  margins: z.array(z.int()),
  /** Frames in which a face was found. */
  faces: z.int(),
  sum: z.int(),
  threshold: z.int(),
  smile: z.boolean(),
  logged: z.boolean(),
});
/** SMILEC.CFG on the card; the values in force are in each capture. */
const settingsSchema = z.looseObject({ event: z.literal("settings") });
const endSchema = z.object({ event: z.literal("end"), presses: z.int(), captures: z.int() });
const failedSchema = z.object({ event: z.literal("failed"), error: z.int() });
const withdrawnSchema = z.object({ event: z.literal("withdrawn"), captures: z.int(), error: z.int() });
const eventSchema = z.discriminatedUnion("event", [
  readySchema,
  faultsSchema,
  settingsSchema,
  decisionSchema,
  failedSchema,
  withdrawnSchema,
  endSchema,
]);

/** One press of the nose. */
export type Decision = z.infer<typeof decisionSchema>;

/** What the bot sees. */
export type Camera =
  /** Text file with one PGM path per line. */
  | { readonly list: string }
  /** 8-bit grey frames without anything between, 25 a second; "-" is standard input. */
  | { readonly raw: string; readonly width: number; readonly height: number };

export interface HostRunRequest {
  readonly program: string;
  readonly camera: Camera;
  /** Presses to expect, for progress; absent when only a script or the end of a stream tells. */
  readonly presses?: number;
  /** Script of the button (firmware/hal/host/host_button.h); without one there is a press per picture. */
  readonly button?: string;
  /** Folder or image file that stands for the card. */
  readonly card: string;
  /** Use the whole picture instead of the configured part. */
  readonly whole: boolean;
  readonly context: StageContext;
}

export interface HostRun {
  readonly decisions: readonly Decision[];
  /** Captures that long presses took back. */
  readonly withdrawn: number;
  /** Presses without a decision. */
  readonly failed: number;
}

/** The program's bad input: the user's, where the user made it. */
const EXIT_INPUT = 2;

/** Presses in virtual time. Throws UserError for a bad script or stream, ToolError when the program fails or stops short. */
export async function runHost(request: HostRunRequest): Promise<HostRun> {
  const { program, camera, presses, context } = request;
  const decisions: Decision[] = [];
  const counts = { withdrawn: 0, failed: 0 };
  let ended = false;
  const progress = presses === undefined ? undefined : context.reporter.progress("presses", presses, "presses");
  const onLine = (line: string, stream: "stdout" | "stderr") => {
    if (stream !== "stdout" || line === "") return;
    const event = parseEvent(line, program);
    if (event.event === "end") ended = true;
    if (event.event === "withdrawn") counts.withdrawn += event.captures;
    if (event.event === "failed") counts.failed++;
    if (event.event !== "decision") return;
    decisions.push(event);
    progress?.update(decisions.length);
  };
  const result = await run(program, hostArguments(request), {
    signal: context.signal,
    inheritInput: "raw" in camera && camera.raw === "-",
    onLine,
  }).finally(() => progress?.end());
  if (context.signal.aborted) throw new InterruptedError();
  if (result.exitCode !== 0) throw hostError(result, request);
  if (!ended || (presses !== undefined && decisions.length !== presses)) {
    throw new ToolError(`the host firmware judged ${decisions.length} of ${presses ?? "all"} pictures and stopped`, {
      where: program,
      detail: result.stderr,
    });
  }
  return { decisions, ...counts };
}

/** The keyboard is the button, in real time, until its q. Throws InterruptedError on Ctrl-C. */
export async function runHostOnKeyboard(request: Omit<HostRunRequest, "presses" | "button">): Promise<void> {
  const { program, context } = request;
  const exitCode = await runOnTerminal(program, [...hostArguments(request), "--keyboard"], context.signal);
  if (context.signal.aborted) throw new InterruptedError("stopped by Ctrl-C");
  if (exitCode === EXIT_INPUT) throw new UserError("the host firmware could not go on", { remedy: KEYBOARD_REMEDY });
  if (exitCode !== 0) {
    throw new ToolError("the host firmware failed", { where: program, remedy: "Run `smilec build --target host`." });
  }
}

const KEYBOARD_REMEDY = "It said above what is wrong. --keyboard wants a terminal.";

function hostArguments({ camera, button, card, whole }: HostRunRequest): string[] {
  const seen = "raw" in camera ? ["--raw", `${camera.width}x${camera.height}`, camera.raw] : ["--frames", camera.list];
  const felt = button === undefined ? [] : ["--button", button];
  return [...seen, "--card", card, "--box", whole ? "whole" : "locator", ...felt];
}

function hostError(result: RunResult, { program, camera, button, card }: HostRunRequest): Error {
  const complaint = result.stderr.trim().split("\n")[0];
  if (result.exitCode === EXIT_INPUT && complaint.startsWith(`${card}: `)) {
    return new EnvironmentError(complaint, { remedy: "End the other program, or give another card." });
  }
  if (result.exitCode !== EXIT_INPUT || ("list" in camera && button === undefined)) {
    return toolError(result, program, "the host firmware failed");
  }
  return new UserError(complaint, {
    remedy: "A script has lines of AT-MS down, AT-MS up; a stream has whole 8-bit grey frames (docs/simulation.md).",
  });
}

function parseEvent(line: string, program: string): z.infer<typeof eventSchema> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  const parsed = eventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ToolError("the host firmware printed something that is no event", {
    where: program,
    detail: line.slice(0, 500),
  });
}
