/** A whole evaluation: a model, or a float and an int8 one side by side, on a set of pictures, clean and under everything asked for. */
import { tally } from "../data/import-folder.js";
import type { RejectedPicture } from "../data/types.js";
import { UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import type { Resampling } from "./bootstrap.js";
import {
  compareQuality,
  type Evaluation,
  type EvaluationOptions,
  evaluate,
  mainOf,
  type Quality,
  type Scored,
  type Summary,
  summarize,
} from "./evaluation.js";
import { logistic } from "./metrics.js";
import type { Mistake } from "./mistakes.js";
import type { LabelledSet } from "./pictures.js";
import { type Models, mainModel, scoreSet, type ViewScores } from "./score.js";
import { capturesOf, type View, viewMeaning, viewName } from "./views.js";

export interface EvaluationRequest {
  readonly models: Models;
  readonly set: LabelledSet;
  /** Besides the pictures as they are. */
  readonly views: readonly View[];
  /** Probability of the positive label from which on it is called; default: the model's own, else one half. */
  readonly threshold?: number;
  /** Share of positives to weigh all figures to; default: as the pictures come. */
  readonly prior?: number;
  readonly resampling?: Resampling;
  /** Worst mistakes of each kind (missed, false alarms) kept with their pictures. */
  readonly mistakes?: number;
  /** What else a reader must know. */
  readonly notes?: readonly string[];
  readonly threads?: number;
  readonly context: StageContext;
}

/** Figures of one view of all pictures. */
export interface ViewResult {
  /** `dark`, `medium`. */
  readonly name: string;
  readonly kind: View["kind"];
  readonly meaning: string;
  /** Captures combined per press. */
  readonly captures: number;
  readonly int8?: Summary;
  readonly float?: Summary;
  /** Main model against the same pictures as they are. */
  readonly change: Quality;
  /** Of a burst: the main model on its first capture alone. */
  readonly single?: Summary;
}

export interface ModelEvaluation {
  readonly formatVersion: 1;
  readonly model: {
    readonly name: string;
    readonly sha256: string;
    readonly labels: readonly string[];
    readonly positive: string;
    /** Side of the input in pixels. */
    readonly inputSize: number;
    readonly assumptions: readonly string[];
  };
  readonly data: {
    readonly name: string;
    /** Pictures per label that were evaluated. */
    readonly labels: Readonly<Record<string, number>>;
    readonly rejected: number;
    readonly reasons: Readonly<Record<string, number>>;
  };
  readonly threshold: {
    readonly probability: number;
    /** Where it comes from; never from the pictures of this evaluation. */
    readonly from: "model" | "given" | "default";
    /** The firmware's integer margin, of a model that has one. */
    readonly margin?: number;
  };
  /** The pictures as they are. */
  readonly int8?: Evaluation;
  readonly float?: Evaluation;
  /** int8 minus float on the same pictures, where both were evaluated. */
  readonly int8Change?: Quality;
  readonly views: readonly ViewResult[];
  /** What a reader must know to read the figures. */
  readonly notes: readonly string[];
}

export interface EvaluationResult {
  readonly evaluation: ModelEvaluation;
  readonly mistakes: readonly Mistake[];
  readonly rejected: readonly RejectedPicture[];
  /** Of the main model, per view, the pictures as they are first: to compare models on the same pictures. */
  readonly scored: readonly Scored[];
}

const DEFAULT_MISTAKES = 16;

/** Throws UserError for a threshold or prior out of range, labels that the model does not know, or pictures none of which can be used. */
export async function runEvaluation(request: EvaluationRequest): Promise<EvaluationResult> {
  const { models, set, context } = request;
  checkOpenUnit(request.prior, "the prior", "--prior 0.5");
  checkOpenUnit(request.threshold, "the threshold", "--threshold 0.5");
  const main = mainModel(models);
  checkLabels(set, main.readout.labels);
  const threshold = chooseThreshold(request);
  const scores = await scoreSet({
    models,
    set,
    views: [{ kind: "clean" }, ...request.views],
    threshold: threshold.logOdds,
    mistakes: request.mistakes ?? DEFAULT_MISTAKES,
    context,
    ...(request.threads === undefined ? {} : { threads: request.threads }),
  });
  const [clean, ...others] = scores.views;
  checkPrior(request, mainOf(clean));
  const options = { threshold: threshold.logOdds, ...pick(request) };
  const whole = {
    ...(clean.int8 && { int8: evaluate(clean.int8, options) }),
    ...(clean.float && { float: evaluate(clean.float, options) }),
    ...(clean.int8 && clean.float && { int8Change: compareQuality(clean.float, clean.int8, options) }),
  };
  const evaluation: ModelEvaluation = {
    formatVersion: 1,
    model: {
      name: main.name,
      sha256: main.sha256,
      labels: main.readout.labels,
      positive: main.readout.labels[main.readout.positive],
      inputSize: main.input.size,
      assumptions: main.assumptions,
    },
    data: {
      name: set.name,
      labels: set.labels,
      rejected: scores.rejected.length,
      reasons: tally(scores.rejected.map(({ reason }) => reason)),
    },
    threshold: threshold.shown,
    ...whole,
    views: others.map((view) => viewResult(view, mainOf(clean), options)),
    notes: [...(request.notes ?? []), ...notesOn(mainOf(whole), request, threshold.shown.from)],
  };
  const { mistakes, rejected } = scores;
  return { evaluation, mistakes, rejected, scored: scores.views.map(mainOf) };
}

function pick({ prior, resampling }: EvaluationRequest): Omit<EvaluationOptions, "threshold"> {
  return { ...(prior === undefined ? {} : { prior }), ...(resampling === undefined ? {} : { resampling }) };
}

function checkOpenUnit(value: number | undefined, what: string, example: string): void {
  if (value === undefined || (value > 0 && value < 1)) return;
  throw new UserError(`${what} must lie between 0 and 1, and is ${value}`, { remedy: `Write it like \`${example}\`.` });
}

/** One class cannot be weighed against another that is not there. */
function checkPrior({ prior, set }: EvaluationRequest, { truth }: Scored): void {
  const positives = truth.reduce((sum, value) => sum + value, 0);
  if (prior === undefined || (positives > 0 && positives < truth.length)) return;
  throw new UserError(
    `a prior needs pictures of both classes, and all of these are ${positives === 0 ? "negative" : "positive"}`,
    {
      where: set.name,
      remedy: "Leave out --prior, or add pictures of the other class.",
    },
  );
}

function checkLabels(set: LabelledSet, known: readonly string[]): void {
  const unknown = Object.entries(set.labels).filter(([label]) => !known.includes(label));
  if (unknown.length === 0) return;
  throw new UserError("the pictures have labels that the model does not know", {
    where: set.name,
    detail: [
      ...unknown.slice(0, 10).map(([label, count]) => `${label}: ${count} pictures`),
      `the model knows ${known.join(", ")}`,
    ].join("\n"),
    remedy: `Rename them (\`--map ${unknown[0][0]}=${known[0]}\`) or leave them out (\`--map ${unknown[0][0]}=,${known[0]}=${known[0]}\`).`,
  });
}

function chooseThreshold({ models, threshold }: EvaluationRequest) {
  const main = mainModel(models);
  const own = main.threshold;
  const from = threshold !== undefined ? "given" : own !== undefined ? "model" : "default";
  const logOdds = threshold !== undefined ? Math.log(threshold / (1 - threshold)) : (own ?? 0);
  const { scale } = main.readout;
  const isStep = from === "model" && main.kind === "int8";
  const shown = {
    probability: logistic(logOdds),
    from,
    ...(isStep && { margin: Math.round(logOdds / scale) }),
  } as const;
  return { logOdds, shown };
}

function viewResult(scores: ViewScores, clean: Scored, options: EvaluationOptions): ViewResult {
  const { view, int8, float, single } = scores;
  return {
    name: viewName(view),
    kind: view.kind,
    meaning: viewMeaning(view),
    captures: capturesOf(view),
    ...(int8 && { int8: summarize(int8, options) }),
    ...(float && { float: summarize(float, options) }),
    change: compareQuality(clean, mainOf(scores), options),
    ...(single && { single: summarize(mainOf(single), options) }),
  };
}

/** With fewer groups intervals by the bootstrap are too narrow. */
const FEW_GROUPS = 30;

function notesOn(whole: Evaluation, request: EvaluationRequest, from: "model" | "given" | "default"): string[] {
  const { count, positives, groups, grouped, prior } = whole;
  const main = mainModel(request.models);
  const positive = main.readout.labels[main.readout.positive];
  const notes: string[] = [];
  if (positives === 0) {
    notes.push(
      `No picture is ${positive}: precision, recall and every curve are not defined. The false alarm rate and the accuracy still hold.`,
    );
  } else if (positives === count) {
    notes.push(
      `Every picture is ${positive}: precision and every curve are not defined. The recall at the threshold still holds.`,
    );
  }
  if (from === "default")
    notes.push("The threshold is probability 0.5, as neither the model nor --threshold says one.");
  if (prior.used !== prior.measured && prior.used !== null) {
    notes.push(`All figures are weighed to a share of ${(100 * prior.used).toFixed(0)} % ${positive}.`);
  }
  if (groups < FEW_GROUPS && count > 0) {
    const what = grouped ? "persons or sequences" : "pictures";
    notes.push(
      groups < 2
        ? "There are no intervals: all pictures are of one group."
        : `There are only ${groups} ${what}: the intervals are too narrow.`,
    );
  }
  const bursts = request.views.filter((view) => capturesOf(view) > 1);
  if (bursts.length > 0) {
    notes.push(
      `Bursts are simulated: ${capturesOf(bursts[0])} captures of one scene that differ in noise, tremor and movement. A real press differs in expression too, so the gain is an estimate.`,
    );
  }
  return notes;
}
