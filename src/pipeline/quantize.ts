/** Stage "quantize": float model -> `model.tflite` with its decision threshold, and how much int8 costs. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { openPacked } from "../data/packed.js";
import type { PictureSource } from "../data/types.js";
import { writeTflite } from "../emit/tflite/write.js";
import { writeFile } from "../files/write.js";
import { margin, type ModelDescription, outputScale, withDescription } from "../graph/bundle.js";
import { weightBytes } from "../graph/cost.js";
import { outputLogits, scoreGraph } from "../graph/score.js";
import type { QuantizedNetwork } from "../quantize/build-graph.js";
import { chooseThreshold, type Threshold } from "../quantize/decide.js";
import { type LayerFidelity, layerFidelity } from "../quantize/fidelity.js";
import { quantizeModel } from "../quantize/quantize.js";
import { floatLogits, logitQuality, networkInputs } from "../train/evaluate.js";
import { loadFloatModel } from "../train/float-model.js";
import type { FloatModel } from "../train/network.js";
import type { Packed } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import type { Artifact } from "./store.js";
import type { Trained } from "./train.js";

export interface QuantizedMeta {
  /** SHA-256 of model.tflite. */
  readonly sha256: string;
  readonly modelBytes: number;
  readonly weightBytes: number;
  /** Calibration pictures used. */
  readonly calibration: number;
  /** Accuracies (largest logit) on the validation split. */
  readonly validation: { readonly count: number; readonly floatAccuracy: number; readonly int8Accuracy: number };
  /** Worst first. */
  readonly layers: readonly LayerFidelity[];
  readonly threshold: Threshold;
}

export type Quantized = Artifact<QuantizedMeta> & { readonly cached: boolean };

export const MODEL_FILE = "model.tflite";

/** Training pictures that layers are compared on. */
const FIDELITY_PICTURES = 64;

export async function obtainQuantized(
  project: Project,
  exact: Packed,
  trained: Trained,
  context: StageContext,
): Promise<Quantized> {
  const { config, store } = project;
  const { input, labels, positive, quantize, decision } = config;
  return store.obtain({
    stage: "quantize",
    revision: 1,
    options: {
      quantize,
      input,
      labels,
      positive,
      decision: { threshold: decision.threshold, targetPrecision: decision.targetPrecision },
    },
    inputs: [trained.key, exact.key],
    produce: async (dir) => {
      context.reporter.stage("quantize", `int8, calibrated on ${quantize.calibration} training pictures`);
      const train = openPacked(exact.dir, "train");
      const val = openPacked(exact.dir, "val");
      try {
        return await new QuantizeStage(project, await loadFloatModel(trained.dir), context).run(train, val, dir);
      } finally {
        train.close();
        val.close();
      }
    },
  });
}

class QuantizeStage {
  constructor(
    private readonly project: Project,
    private readonly model: FloatModel,
    private readonly context: StageContext,
  ) {}

  async run(train: PictureSource, val: PictureSource, dir: string): Promise<QuantizedMeta> {
    const { input, labels, positive, quantize, decision } = this.project.config;
    const chosen = spread(train.count, quantize.calibration);
    const quantized = await quantizeModel(this.model, input, this.pictures(train, chosen), quantize);
    const layers = await layerFidelity(
      this.model,
      quantized,
      input,
      this.pictures(train, spread(train.count, FIDELITY_PICTURES)),
    );
    const int8 = this.score(quantized.graph, val);
    const float = await floatLogits({ model: this.model, source: val, preprocess: input, signal: this.context.signal });
    const positiveIndex = labels.indexOf(positive);
    const margins = int8.map((outputs) => margin(outputs, positiveIndex));
    const scale = outputScale(quantized.graph);
    const threshold = chooseThreshold(margins, val.labels, positiveIndex, { ...decision, scale });
    const description: ModelDescription = {
      formatVersion: 1,
      labels,
      positive: positiveIndex,
      preprocess: input,
      thresholdMargin: threshold.margin,
    };
    const bytes = writeTflite(withDescription({ graph: quantized.graph, description }));
    await writeFile(join(dir, MODEL_FILE), bytes);
    return {
      sha256: createHash("sha256").update(bytes).digest("hex"),
      modelBytes: bytes.length,
      weightBytes: weightBytes(quantized.graph),
      calibration: chosen.length,
      validation: {
        count: val.count,
        floatAccuracy: logitQuality(float, val.labels).accuracy,
        int8Accuracy: logitQuality(outputLogits(int8), val.labels).accuracy,
      },
      layers,
      threshold,
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

  private *pictures(source: PictureSource, indices: readonly number[]): Generator<Int8Array> {
    const wanted = new Set(indices);
    let index = 0;
    for (const picture of networkInputs(source, this.project.config.input)) if (wanted.has(index++)) yield picture;
  }
}

/** `count` indices spread evenly over 0..total-1; all of them when there are fewer. */
function spread(total: number, count: number): number[] {
  const used = Math.min(total, count);
  return Array.from({ length: used }, (_, i) => Math.floor((i * total) / used));
}
