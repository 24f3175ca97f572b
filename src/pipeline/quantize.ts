/** Stage "quantize": float model -> `model.tflite` with its decision threshold, and how much int8 costs. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { openPacked } from "../data/packed.js";
import type { PictureSource } from "../data/types.js";
import { writeTflite } from "../emit/tflite/write.js";
import { averagePrecision, binaryLabels, recallAtPrecision } from "../evaluate/metrics.js";
import { writeFile } from "../files/write.js";
import { type ModelDescription, margin, outputScale, withDescription } from "../graph/bundle.js";
import { weightBytes } from "../graph/cost.js";
import { outputLogits, scoreGraph } from "../graph/score.js";
import { buildGraph, type QuantizedNetwork } from "../quantize/build-graph.js";
import { chooseThreshold, positiveShare, type Threshold } from "../quantize/decide.js";
import { type LayerFidelity, layerFidelity } from "../quantize/fidelity.js";
import { foldBatchNorm } from "../quantize/fold.js";
import { quantizeModel } from "../quantize/quantize.js";
import { fitTemperature } from "../quantize/temperature.js";
import { floatLogits, logitQuality, networkInputs, positiveScores } from "../train/evaluate.js";
import { loadFloatModel } from "../train/float-model.js";
import type { FloatModel } from "../train/network.js";
import { calibrationPictures, pictureInputs, spread } from "./calibration-pictures.js";
import { type FinetunedArtifact, loadFinetuned } from "./finetune.js";
import type { Packed } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import type { Artifact } from "./store.js";
import type { Trained } from "./train.js";

/** Accuracies are by the largest logit. */
export interface ValidationQuality {
  readonly count: number;
  readonly floatAccuracy: number;
  readonly int8Accuracy: number;
  readonly floatAveragePrecision: number;
  readonly int8AveragePrecision: number;
  readonly floatRecallAt70: number;
  readonly int8RecallAt70: number;
}

export interface QuantizedMeta {
  /** SHA-256 of model.tflite. */
  readonly sha256: string;
  readonly modelBytes: number;
  readonly weightBytes: number;
  /** Calibration pictures used. */
  readonly calibration: number;
  /** Epochs of quantization-aware training. */
  readonly finetuneEpochs: number;
  /** On the validation split: the float model as it was trained, and the int8 model. */
  readonly validation: ValidationQuality;
  /** Worst first. */
  readonly layers: readonly LayerFidelity[];
  readonly threshold: Threshold;
  /** See ModelDescription. */
  readonly temperature: number;
}

export type Quantized = Artifact<QuantizedMeta> & { readonly cached: boolean };

export const MODEL_FILE = "model.tflite";

/** Training pictures that layers are compared on. */
const FIDELITY_PICTURES = 64;

export async function obtainQuantized(
  project: Project,
  exact: Packed,
  trained: Trained,
  finetuned: FinetunedArtifact | undefined,
  context: StageContext,
): Promise<Quantized> {
  const { config, store } = project;
  const { input, labels, positive, quantize } = config;
  const { burst: _burst, ...decision } = config.decision;
  return store.obtain({
    stage: "quantize",
    revision: 2,
    options: { quantize, input, labels, positive, decision },
    inputs: [trained.key, exact.key, ...(finetuned === undefined ? [] : [finetuned.key])],
    produce: async (dir) => {
      const how = finetuned === undefined ? "calibrated" : "fine-tuned; ranges";
      context.reporter.stage("quantize", `int8, ${how} on ${quantize.calibration} training pictures`);
      const train = openPacked(exact.dir, "train");
      const val = openPacked(exact.dir, "val");
      try {
        const model = await loadFloatModel(trained.dir);
        return await new QuantizeStage(project, model, finetuned, context).run(train, val, dir);
      } finally {
        train.close();
        val.close();
      }
    },
  });
}

/** Fewest validation pictures of each class that a temperature is fitted to. */
const FEWEST_TO_CALIBRATE = 10;
/** Fewer of a class make the threshold a matter of luck. */
const FEWEST_TO_TRUST = 50;

class QuantizeStage {
  constructor(
    private readonly project: Project,
    private readonly model: FloatModel,
    private readonly finetuned: FinetunedArtifact | undefined,
    private readonly context: StageContext,
  ) {}

  async run(train: PictureSource, val: PictureSource, dir: string): Promise<QuantizedMeta> {
    const { input, quantize } = this.project.config;
    const { reference, quantized } = await this.quantize(train);
    const compared = pictureInputs(train, input, spread(train.count, FIDELITY_PICTURES));
    const layers = await layerFidelity(reference, quantized, input, compared);
    const int8 = this.score(quantized.graph, val);
    const float = await floatLogits({ model: this.model, source: val, preprocess: input, signal: this.context.signal });
    const { threshold, temperature } = this.decide(quantized, int8, val);
    const bytes = writeTflite(
      withDescription({ graph: quantized.graph, description: this.describe(threshold, temperature) }),
    );
    await writeFile(join(dir, MODEL_FILE), bytes);
    return {
      sha256: createHash("sha256").update(bytes).digest("hex"),
      modelBytes: bytes.length,
      weightBytes: weightBytes(quantized.graph),
      calibration: Math.min(train.count, quantize.calibration),
      finetuneEpochs: this.finetuned === undefined ? 0 : quantize.finetuneEpochs,
      validation: this.validate(float, int8, val),
      layers,
      threshold,
      temperature,
    };
  }

  private validate(float: Float32Array, int8: readonly Int8Array[], val: PictureSource): ValidationQuality {
    const { labels, positive } = this.project.config;
    const index = labels.indexOf(positive);
    const truth = binaryLabels(val.labels, index);
    const floatScores = positiveScores(float, labels.length, index);
    const margins = int8.map((outputs) => margin(outputs, index));
    return {
      count: val.count,
      floatAccuracy: logitQuality(float, val.labels).accuracy,
      int8Accuracy: logitQuality(outputLogits(int8), val.labels).accuracy,
      floatAveragePrecision: averagePrecision(floatScores, truth),
      int8AveragePrecision: averagePrecision(margins, truth),
      floatRecallAt70: recallAtPrecision(floatScores, truth, 0.7),
      int8RecallAt70: recallAtPrecision(margins, truth, 0.7),
    };
  }

  /** The int8 network, and the float model whose rounding it is. */
  private async quantize(train: PictureSource): Promise<{ reference: FloatModel; quantized: QuantizedNetwork }> {
    const { config } = this.project;
    if (this.finetuned !== undefined) {
      const { model, activations } = await loadFinetuned(this.finetuned.dir);
      return { reference: model, quantized: buildGraph(model.network, foldBatchNorm(model), activations) };
    }
    const pictures = calibrationPictures(train, config);
    return {
      reference: this.model,
      quantized: await quantizeModel(this.model, config.input, pictures, config.quantize),
    };
  }

  private decide({ graph }: QuantizedNetwork, int8: readonly Int8Array[], val: PictureSource) {
    const { labels, positive, decision } = this.project.config;
    const index = labels.indexOf(positive);
    const margins = int8.map((outputs) => margin(outputs, index));
    const truth = binaryLabels(val.labels, index);
    const scale = outputScale(graph);
    const temperature = this.canCalibrate(truth) ? fitTemperature(margins, truth, scale, this.prior(truth)) : 1;
    const threshold = chooseThreshold(margins, val.labels, index, { ...decision, scale: scale / temperature });
    return { threshold, temperature };
  }

  private prior(truth: Uint8Array): number {
    const { prior } = this.project.config.decision;
    return prior === "data" ? positiveShare(truth) : prior;
  }

  private canCalibrate(truth: Uint8Array): boolean {
    const positives = truth.reduce((sum, one) => sum + one, 0);
    const fewest = Math.min(positives, truth.length - positives);
    if (fewest >= FEWEST_TO_TRUST) return true;
    const what = fewest < FEWEST_TO_CALIBRATE ? "too few to calibrate probabilities" : "few to calibrate probabilities";
    this.context.reporter.warn(
      `validation has only ${fewest} pictures of ${positives === fewest ? "the positive label" : "other labels"}: ${what}, and the threshold is uncertain; import more pictures`,
    );
    return fewest >= FEWEST_TO_CALIBRATE;
  }

  private describe(threshold: Threshold, temperature: number): ModelDescription {
    const { input, labels, positive } = this.project.config;
    return {
      formatVersion: 1,
      labels,
      positive: labels.indexOf(positive),
      preprocess: input,
      thresholdMargin: threshold.margin,
      temperature,
    };
  }

  private score(graph: QuantizedNetwork["graph"], source: PictureSource): Int8Array[] {
    return scoreGraph(
      graph,
      networkInputs(source, this.project.config.input),
      source.count,
      "int8 validation",
      this.context,
    );
  }
}
