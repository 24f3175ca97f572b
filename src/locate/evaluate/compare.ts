/** Two detectors on the same composed scenes, and how they differ. */
import {
  type Compared,
  comparedIntervals,
  defaultResampling,
  groupNumbers,
  type Interval,
  type Resampling,
} from "../../evaluate/bootstrap.js";
import type { StageContext } from "../../pipeline/reporter.js";
import { type Judged, judge } from "./judge.js";
import { detectionMeasures } from "./measures.js";
import { type TestSceneRequest, testScenes } from "./test-scenes.js";
import { facesOf } from "./truth.js";
import type { Contestant } from "./types.js";

/** As of a locator's evaluation (`LocatorFigures`). */
export interface DetectionFigures {
  readonly averagePrecision: Interval;
  /** At the detector's threshold, as are false faces. */
  readonly recall: Interval;
  readonly falseFacesPer100: Interval;
}

/** Intervals are by drawing people anew. */
export interface SceneComparison extends Compared<DetectionFigures> {
  readonly count: number;
  readonly faces: number;
}

export interface SceneComparisonRequest {
  readonly scenes: TestSceneRequest;
  readonly before: Contestant;
  readonly after: Contestant;
  readonly resampling?: Resampling;
  readonly context: StageContext;
}

/** Throws InterruptedError. */
export async function compareOnScenes(request: SceneComparisonRequest): Promise<SceneComparison> {
  const { scenes, before, after, context, resampling = defaultResampling } = request;
  const truths: ReturnType<typeof facesOf>[] = [];
  const answers: [Answered[], Answered[]] = [[], []];
  for await (const scene of testScenes(scenes, "compare", context)) {
    truths.push(facesOf(scene));
    for (const [i, one] of [before, after].entries()) {
      const { found, errors } = judge(scene, one.candidates(scene.frame), one);
      answers[i].push({ found, errors });
    }
  }
  const measureOf = (one: Contestant, answered: readonly Answered[]) => {
    const measures = detectionMeasures({ truths, answers: answered }, one.threshold);
    return (weights?: Uint32Array) => measures.map((measure) => measure(weights));
  };
  const measures = [measureOf(before, answers[0]), measureOf(after, answers[1])] as const;
  const compared = comparedIntervals(measures, groupNumbers(truths.map(({ group }) => group)), resampling);
  return {
    count: truths.length,
    faces: truths.reduce((sum, { sides }) => sum + sides.length, 0),
    before: named(compared.before),
    after: named(compared.after),
    change: named(compared.change),
  };
}

type Answered = Pick<Judged, "found" | "errors">;

function named([averagePrecision, recall, falseFacesPer100]: readonly Interval[]): DetectionFigures {
  return { averagePrecision, recall, falseFacesPer100 };
}
