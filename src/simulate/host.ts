/** Runs the host firmware over staged frames and reads its events, one JSON object a line. */
import { z } from "zod";
import { InterruptedError, ToolError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { run, toolError } from "../process/run.js";

const readySchema = z.looseObject({ event: z.literal("ready"), selfTest: z.boolean() });
const faultsSchema = z.object({ event: z.literal("faults"), faults: z.array(z.string()), error: z.int() });
const decisionSchema = z.object({
  event: z.literal("decision"),
  frame: z.string(),
  sequences: z.array(z.int()),
  outputs: z.array(z.array(z.int())),
  margins: z.array(z.int()),
  sum: z.int(),
  threshold: z.int(),
  smile: z.boolean(),
  logged: z.boolean(),
});
/** SMILEC.CFG on the card; the values in force are in each capture. */
const settingsSchema = z.looseObject({ event: z.literal("settings") });
const endSchema = z.object({ event: z.literal("end"), presses: z.int(), captures: z.int() });
const eventSchema = z.discriminatedUnion("event", [
  readySchema,
  faultsSchema,
  settingsSchema,
  decisionSchema,
  endSchema,
]);

/** One press of the nose. */
export type Decision = z.infer<typeof decisionSchema>;

export interface HostRunRequest {
  readonly program: string;
  /** Text file with one PGM path per line. */
  readonly list: string;
  /** Presses to expect, for progress. */
  readonly presses: number;
  /** Folder that stands for the card. */
  readonly card: string;
  /** Use the whole picture instead of the configured part. */
  readonly whole: boolean;
  readonly context: StageContext;
}

/** Presses once per frame, in virtual time. Throws ToolError when the program fails or stops short. */
export async function runHost(request: HostRunRequest): Promise<Decision[]> {
  const { program, list, card, whole, presses, context } = request;
  const decisions: Decision[] = [];
  let ended = false;
  const progress = context.reporter.progress("presses", presses, "presses");
  const onLine = (line: string, stream: "stdout" | "stderr") => {
    if (stream !== "stdout" || line === "") return;
    const event = parseEvent(line, program);
    if (event.event === "end") ended = true;
    if (event.event !== "decision") return;
    decisions.push(event);
    progress.update(decisions.length);
  };
  const box = whole ? "whole" : "locator";
  const result = await run(program, ["--frames", list, "--card", card, "--box", box], {
    signal: context.signal,
    onLine,
  }).finally(() => progress.end());
  if (context.signal.aborted) throw new InterruptedError();
  if (result.exitCode !== 0) throw toolError(result, program, "the host firmware failed");
  if (!ended || decisions.length !== presses) {
    throw new ToolError(`the host firmware judged ${decisions.length} of ${presses} pictures and stopped`, {
      where: program,
      detail: result.stderr,
    });
  }
  return decisions;
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
