/** Stage "evaluate": the test split, read once, by the float and by the int8 model. */
import { openPacked } from "../data/packed.js";
import { readTflite } from "../emit/tflite/read.js";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { margin, outputScale } from "../graph/bundle.js";
import { outputLogits, scoreGraph } from "../graph/score.js";
import { marginProbability } from "../quantize/decide.js";
import { classCount, floatLogits, logitQuality, networkInputs, positiveScores } from "../train/evaluate.js";
import { loadFloatModel } from "../train/float-model.js";
import {
  averagePrecision,
  binaryLabels,
  type Confusion,
  confusionAt,
  precisionRecallCurve,
  recallAtPrecision,
  rocAuc,
} from "../train/metrics.js";
import type { Packed } from "./pictures.js";
import type { Project } from "./project.js";
import { MODEL_FILE, type Quantized } from "./quantize.js";
import type { StageContext } from "./reporter.js";
import type { Artifact } from "./store.js";
import type { Trained } from "./train.js";

export interface Quality {
  /** Part of pictures whose largest logit is their label's. */
  readonly accuracy: number;
  readonly averagePrecision: number;
  /** Highest recall with at least 70 % precision. */
  readonly recallAt70: number;
  readonly rocAuc: number;
}

export interface Evaluation {
  readonly count: number;
  readonly float: Quality;
  readonly int8: Quality;
  /** int8, by falling threshold; at most a few hundred points. */
  readonly curve: readonly { readonly recall: number; readonly precision: number }[];
  readonly confusion: Confusion;
  /** int8 margin and probability of the positive label per test picture, with whether it is positive. */
  readonly scores: readonly { readonly margin: number; readonly probability: number; readonly isPositive: boolean }[];
}

export type Evaluated = Artifact<Evaluation>;

export async function obtainEvaluation(
  project: Project,
  exact: Packed,
  trained: Trained,
  quantized: Quantized,
  context: StageContext,
): Promise<Evaluated> {
  const { input, labels, positive } = project.config;
  return project.store.obtain({
    stage: "evaluate",
    revision: 2,
    options: { positive },
    inputs: [exact.key, trained.key, quantized.key],
    produce: async () => {
      const test = openPacked(exact.dir, "test");
      context.reporter.stage("evaluate", `${test.count} test pictures, float and int8`);
      try {
        const model = await loadFloatModel(trained.dir);
        const float = await floatLogits({ model, source: test, preprocess: input, signal: context.signal });
        const file = join(quantized.dir, MODEL_FILE);
        const graph = readTflite(await readFile(file), file);
        const int8 = scoreGraph(graph, networkInputs(test, input), test.count, "int8 test", context);
        const index = labels.indexOf(positive);
        const truth = binaryLabels(test.labels, index);
        const margins = int8.map((outputs) => margin(outputs, index));
        const floatScores = positiveScores(float, classCount(model.network), index);
        const scale = outputScale(graph) / quantized.meta.temperature;
        return {
          count: test.count,
          float: quality(floatScores, truth, logitQuality(float, test.labels).accuracy),
          int8: quality(margins, truth, logitQuality(outputLogits(int8), test.labels).accuracy),
          curve: precisionRecallCurve(margins, truth).map(({ recall, precision }) => ({ recall, precision })),
          confusion: confusionAt(margins, truth, quantized.meta.threshold.margin),
          scores: margins.map((value, i) => ({
            margin: value,
            probability: marginProbability(value, scale),
            isPositive: truth[i] === 1,
          })),
        };
      } finally {
        test.close();
      }
    },
  });
}

function quality(scores: ArrayLike<number>, truth: Uint8Array, accuracy: number): Quality {
  return {
    accuracy,
    averagePrecision: averagePrecision(scores, truth),
    recallAt70: recallAtPrecision(scores, truth, 0.7),
    rocAuc: rocAuc(scores, truth),
  };
}
