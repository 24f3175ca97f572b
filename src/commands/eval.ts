/** `smilec eval`: any float or int8 model on any labelled pictures. */

import { parseLabelMap } from "../data/labels.js";
import type { LayoutName } from "../data/layout.js";
import type { Split } from "../data/types.js";
import { UserError } from "../errors.js";
import { LEVELS, type Level } from "../evaluate/degrade/levels.js";
import type { InputRange } from "../evaluate/input.js";
import type { EvaluationResult } from "../evaluate/run.js";
import { type EvalRequest, obtainEvaluationOf } from "../pipeline/eval.js";
import type { CommandContext } from "./context.js";
import { evaluationText } from "./eval-text.js";
import { writeOutput } from "./output-file.js";

export interface EvalOptions {
  readonly data?: string;
  readonly model?: string;
  readonly split?: Split;
  readonly layout?: LayoutName;
  readonly map?: string;
  readonly prior?: string;
  readonly threshold?: string;
  readonly degrade?: Level | "all";
  readonly burst?: string;
  readonly conditions: boolean;
  readonly labels?: string;
  readonly positive?: string;
  readonly range?: InputRange;
  readonly html?: string;
}

export async function evalCommand(context: CommandContext, options: EvalOptions): Promise<void> {
  const request = requestFrom(context, options);
  const result = await obtainEvaluationOf(request);
  if (options.html !== undefined) await writePage(options.html, result);
  const { evaluation, rejected } = result;
  context.result({ ...evaluation, rejected }, () => evaluationText(result));
}

function requestFrom(context: CommandContext, options: EvalOptions): EvalRequest {
  const { data, model, split, layout, map, prior, threshold, degrade, burst, labels, positive, range } = options;
  if (data === undefined && (layout !== undefined || map !== undefined)) {
    throw new UserError("--layout and --map are for pictures given with --data", {
      remedy: "Give the pictures with --data; the project's own were mapped when they were imported.",
    });
  }
  if (burst !== undefined && degrade === undefined) {
    throw new UserError("the captures of a burst differ only in what a camera does to them", {
      where: "--burst",
      remedy: "Say how bad the camera is: `--burst 3 --degrade medium`.",
    });
  }
  return {
    project: context.project,
    context,
    conditions: options.conditions,
    levels: degrade === undefined ? [] : degrade === "all" ? LEVELS : [degrade],
    captures: burst === undefined ? 1 : captureCount(burst),
    ...given({
      data,
      model,
      split,
      layout,
      positive,
      range,
      labelMap: map === undefined ? undefined : parseLabelMap(map),
      prior: prior === undefined ? undefined : numberOf(prior, "--prior"),
      threshold: threshold === undefined ? undefined : numberOf(threshold, "--threshold"),
      labels: labels === undefined ? undefined : labelList(labels),
    }),
  };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys whose value is undefined. */
function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}

function numberOf(text: string, option: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new UserError(`${option} takes a number between 0 and 1, not "${text}"`, {
    remedy: `Write it like \`${option} 0.5\`.`,
  });
}

const MOST_CAPTURES = 8;

function captureCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= MOST_CAPTURES) return value;
  throw new UserError(`--burst takes a whole number from 1 to ${MOST_CAPTURES}, not "${text}"`, {
    remedy: "Write it like `--burst 3`.",
  });
}

function labelList(text: string): string[] {
  const labels = text.split(",").map((label) => label.trim());
  if (labels.every((label) => label !== "")) return labels;
  throw new UserError(`--labels has an empty name: "${text}"`, { remedy: "Write it like `--labels neutral,smile`." });
}

async function writePage(file: string, result: EvaluationResult): Promise<void> {
  const { evaluationPage } = await import("../pipeline/eval-page.js");
  await writeOutput(file, await evaluationPage(result));
}
