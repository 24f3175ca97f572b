/** An evaluation of locators that somebody might have made: figures, looks and failures drawn from a seed. */
import type { Interval } from "#smilec/evaluate/bootstrap.js";
import { type LocatorEvaluationResult, PERFECT } from "#smilec/locate/evaluate/run.js";
import type { Failure, LocatorFigures, Look } from "#smilec/locate/evaluate/types.js";
import type { Random } from "./random.js";
import { noise } from "./report-input.js";

const SIZE = { width: 32, height: 24 };
const FACE = { x: 4, y: 4, width: 10, height: 10 };
const LAMP = { x: 20, y: 2, width: 8, height: 8 };

function figures(name: string, random: Random): LocatorFigures {
  const near = (value: number): Interval => ({ value, low: value - 0.02, high: value + 0.02 });
  const undefinedHere: Interval = { value: null, low: null, high: null };
  return {
    name,
    threshold: 500,
    averagePrecision: near(0.912),
    recallAt1In100: near(0.876),
    recall: near(random.real(0.5, 0.9)),
    falseFacesPer100: near(1.3),
    bySize: [24, 32, 48, 80, 128].map((least, i, all) => ({
      least,
      most: all[i + 1] ?? null,
      faces: 100 * i,
      recall: i === 0 ? undefinedHere : near(0.9),
    })),
    errorMedian: near(0.042),
    error90: near(0.117),
    aims: { face: near(0.95), fixture: near(0.013), elsewhere: near(0.02), nobody: near(0.03) },
    falseAlarms: near(0.06),
    nobody: { precision: undefinedHere, recall: near(0.93) },
    smileRecallAt70: near(0.803),
    behindPerfect: near(0.034),
  };
}

export function locatorResult(random: Random): LocatorEvaluationResult {
  const frame = () => noise(SIZE.width, SIZE.height, random);
  const face = { box: FACE, whole: FACE, visible: 1, id: "a/1", group: "a/p", label: "smile" };
  const chosen = { box: LAMP, confidence: 731 };
  const failure = (kind: Failure["kind"], index: number): Failure => ({
    kind,
    index,
    frame: frame(),
    faces: kind === "false face" ? [] : [face],
    fixtures: [{ box: LAMP, kind: "lamp" }],
    chosen: kind === "missed" ? undefined : chosen,
    on: kind === "fixture" ? "lamp" : undefined,
  });
  const looks: Look[] = [0, 1, 2].map((index) => ({
    index,
    frame: frame(),
    faces: [FACE],
    chosen: [chosen, index === 1 ? undefined : { box: FACE, confidence: 902 }],
  }));
  return {
    evaluation: {
      formatVersion: 1,
      scenes: { count: 1234, seed: 1, ...SIZE, faces: 987, fixture: 308, empty: 309, smiling: 250, chosen: 600 },
      model: { name: "model", sha256: "0".repeat(64), positive: "smile" },
      locators: ["center", "<neural> & more", PERFECT].map((name) => figures(name, random)),
    },
    failures: [
      { name: "center", failures: [failure("fixture", 4), failure("missed", 5), failure("false face", 6)] },
      { name: "<neural> & more", failures: [] },
    ],
    looks,
  };
}
