/** Scores a set of pictures in several views with an int8 and a float model at once, streaming: every picture is decoded once. */
import type { RejectedPicture } from "../data/types.js";
import { InterruptedError, UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { inputQuantization } from "../preprocess/types.js";
import type { TrainingBackend } from "../train/backend.js";
import { threadCount } from "../train/evaluate.js";
import { createWasmBackend } from "../train/wasm/backend.js";
import { groupNumbers } from "./bootstrap.js";
import type { Scored } from "./evaluation.js";
import { logistic } from "./metrics.js";
import { type Mistake, WorstMistakes } from "./mistakes.js";
import type { FloatModelToEvaluate, Int8Model } from "./model.js";
import type { LabelledPicture, LabelledSet } from "./pictures.js";
import { preferredLabel, pressScore, type Readout } from "./readout.js";
import { type BatchResult, shownPerPicture } from "./score-batch.js";
import { ScorePool } from "./score-pool.js";
import { capturesOf, type View } from "./views.js";

/** At least one model; both take the same inputs and name the same labels. The first decides what is a mistake. */
export type Models =
  | { readonly int8: Int8Model; readonly float?: FloatModelToEvaluate }
  | { readonly int8?: undefined; readonly float: FloatModelToEvaluate };

export interface ScoreRequest {
  readonly models: Models;
  readonly set: LabelledSet;
  /** The first is the main one. */
  readonly views: readonly View[];
  /** Log-odds; decides which pictures of the main view are mistakes. */
  readonly threshold: number;
  /** Mistakes kept of each kind. */
  readonly mistakes: number;
  /** As in the configuration; default 0. No result depends on it. */
  readonly threads?: number;
  readonly context: StageContext;
}

/** Scores of one view. */
export interface ViewScores {
  readonly view: View;
  readonly int8?: Scored;
  readonly float?: Scored;
  /** Of a burst: the same presses judged by their first capture alone. */
  readonly single?: { readonly int8?: Scored; readonly float?: Scored };
}

export interface ScoredSet {
  readonly count: number;
  readonly views: readonly ViewScores[];
  readonly mistakes: readonly Mistake[];
  readonly rejected: readonly RejectedPicture[];
}

const BATCH = 32;
/** With fewer pictures to run than this, threads are not worth their start. */
const FEW = 300;

/** The model that decides what is a mistake. */
export function mainModel(models: Models): Int8Model | FloatModelToEvaluate {
  return models.int8 ?? models.float;
}

/** Throws UserError when no picture is left, InterruptedError when aborted. */
export async function scoreSet(request: ScoreRequest): Promise<ScoredSet> {
  const { models, set, views, context } = request;
  const run = new ScoringRun(request);
  const few = set.count * shownPerPicture(views) < FEW;
  const threads = few ? 0 : threadCount(request.threads ?? 0);
  const setup = { input: mainModel(models).input, views, withInputs: models.float !== undefined };
  const pool = new ScorePool({ ...setup, ...(models.int8 && { graph: models.int8.graph }) }, threads);
  const backend = models.float && (await floatBackend(models.float, threads));
  const progress = context.reporter.progress("evaluate", set.count, "pictures");
  try {
    const running: { pictures: LabelledPicture[]; result: Promise<BatchResult> }[] = [];
    const takeFirst = async () => {
      const first = running.shift()!;
      await run.take(first.pictures, await first.result, backend);
      progress.update(run.seen);
    };
    for await (const pictures of run.batches()) {
      if (context.signal.aborted) throw new InterruptedError();
      const result = pool.score(pictures.map(({ image, face }) => ({ image, face })));
      // Its turn to throw comes later.
      result.catch(() => undefined);
      running.push({ pictures, result });
      if (running.length >= pool.depth) await takeFirst();
    }
    while (running.length > 0) await takeFirst();
    return run.finish();
  } finally {
    progress.end();
    await backend?.dispose();
    await pool.close();
  }
}

async function floatBackend({ model, input }: FloatModelToEvaluate, threads: number): Promise<TrainingBackend> {
  return createWasmBackend({
    network: model.network,
    batchSize: 256,
    input: inputQuantization(input.preprocess!),
    threads: Math.max(1, threads),
  });
}

/** Scores and preferred labels of one model in one view, growing. */
class Column {
  readonly scores: number[] = [];
  readonly preferred: number[] = [];

  constructor(private readonly readout: Readout) {}

  add(captures: readonly ArrayLike<number>[]): void {
    this.scores.push(pressScore(captures, this.readout));
    this.preferred.push(preferredLabel(captures, this.readout));
  }

  scored(keep: readonly number[], labels: readonly number[], groups: Uint32Array): Scored {
    const { positive } = this.readout;
    return {
      scores: Float64Array.from(keep, (i) => this.scores[i]),
      truth: Uint8Array.from(keep, (i) => Number(labels[i] === positive)),
      correct: Uint8Array.from(keep, (i) => Number(this.preferred[i] === labels[i])),
      groups,
    };
  }
}

type ModelKind = "int8" | "float";

class ScoringRun {
  /** Pictures taken from the set so far, kept or not. */
  seen = 0;
  private readonly labels: number[] = [];
  private readonly groups: string[] = [];
  private readonly rejected: RejectedPicture[];
  private readonly known = new Map<string, { label: string; name: string; picture: number }>();
  private readonly dropped = new Set<number>();
  private readonly worst: WorstMistakes;
  private readonly columns: Partial<Record<ModelKind, { press: Column; single: Column }[]>>;
  private readonly readout: Readout;
  private read = 0;

  constructor(private readonly request: ScoreRequest) {
    const { models, views, set } = request;
    this.rejected = [...set.rejected];
    this.worst = new WorstMistakes(request.threshold, request.mistakes);
    this.readout = mainModel(models).readout;
    const columns = (readout: Readout) =>
      views.map(() => ({ press: new Column(readout), single: new Column(readout) }));
    this.columns = {
      ...(models.int8 && { int8: columns(models.int8.readout) }),
      ...(models.float && { float: columns(models.float.readout) }),
    };
  }

  /** The set's pictures in batches, repeated and unreadable ones left out. */
  async *batches(): AsyncGenerator<LabelledPicture[]> {
    let batch: LabelledPicture[] = [];
    for await (const picture of this.request.set.read()) {
      this.seen++;
      if ("reason" in picture) this.rejected.push(picture);
      else if (this.isNew(picture)) batch.push(picture);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** As in an import: the same picture counts once, and one with two labels not at all. */
  private isNew({ id, label, name }: LabelledPicture): boolean {
    const before = this.known.get(id);
    if (before === undefined) {
      this.known.set(id, { label, name, picture: this.read++ });
      return true;
    }
    if (before.label === label) {
      this.rejected.push({ original: name, reason: "duplicate", message: `is the same picture as ${before.name}`, id });
      return false;
    }
    const conflict = (original: string, own: string, other: string, where: string) =>
      this.rejected.push({
        original,
        reason: "conflicting-label",
        message: `is ${own} here, but ${other} as ${where}`,
        id,
      });
    conflict(name, label, before.label, before.name);
    if (!this.dropped.has(before.picture)) conflict(before.name, before.label, label, name);
    this.dropped.add(before.picture);
    return false;
  }

  /** Takes a batch's results in order. */
  async take(pictures: readonly LabelledPicture[], result: BatchResult, backend?: TrainingBackend): Promise<void> {
    const { models, views } = this.request;
    const perPicture = shownPerPicture(views);
    const shown = pictures.length * perPicture;
    if (result.outputs !== undefined) this.addOutputs("int8", result.outputs, shown, pictures.length);
    if (backend !== undefined && models.float !== undefined && result.inputs !== undefined) {
      const logits = await backend.logits(models.float.model.parameters, result.inputs, shown);
      this.addOutputs("float", logits, shown, pictures.length);
    }
    const { size } = mainModel(models).input;
    const main = this.columns[models.int8 === undefined ? "float" : "int8"]![0].press;
    pictures.forEach(({ name, label, group }, i) => {
      const picture = this.labels.length;
      this.labels.push(this.readout.labels.indexOf(label));
      this.groups.push(group);
      const score = main.scores[picture];
      const grey = result.grey.subarray(i * size * size, (i + 1) * size * size);
      const isPositive = this.labels[picture] === this.readout.positive;
      const probability = logistic(score);
      this.worst.add(picture, isPositive, { name, label, score, probability, grey, size });
    });
  }

  private addOutputs(kind: ModelKind, values: Int8Array | Float32Array, shown: number, pictures: number): void {
    const labels = values.length / shown;
    let at = 0;
    for (let picture = 0; picture < pictures; picture++) {
      for (const [index, view] of this.request.views.entries()) {
        const captures = Array.from({ length: capturesOf(view) }, () => {
          at += labels;
          return values.subarray(at - labels, at);
        });
        const { press, single } = this.columns[kind]![index];
        press.add(captures);
        if (captures.length > 1) single.add(captures.slice(0, 1));
      }
    }
  }

  finish(): ScoredSet {
    const { set, views } = this.request;
    const keep = this.labels.map((_, i) => i).filter((i) => !this.dropped.has(i));
    if (keep.length === 0) throw nothingReadable(set, this.rejected);
    const groups = groupNumbers(keep.map((i) => this.groups[i]));
    const scored = (kind: ModelKind, index: number, which: "press" | "single") => {
      const column = this.columns[kind]?.[index][which];
      return column && { [kind]: column.scored(keep, this.labels, groups) };
    };
    return {
      count: keep.length,
      views: views.map((view, index) => ({
        view,
        ...scored("int8", index, "press"),
        ...scored("float", index, "press"),
        ...(capturesOf(view) > 1 && {
          single: { ...scored("int8", index, "single"), ...scored("float", index, "single") },
        }),
      })),
      mistakes: this.worst.worst(this.dropped),
      rejected: this.rejected,
    };
  }
}

function nothingReadable(set: LabelledSet, rejected: readonly RejectedPicture[]): UserError {
  return new UserError("none of the pictures can be used", {
    where: set.name,
    detail: rejected
      .slice(0, 8)
      .map(({ original, message }) => `${original}: ${message}`)
      .join("\n"),
    remedy: "Look at the reasons above; check that the files are pictures and that no picture has two labels.",
  });
}
