/** Two detectors on the same captures whose faces are known: does the bot look where the face is? */
import type { Catalogue } from "../../captures/catalogue/catalogue.js";
import type { GrayImage } from "../../data/types.js";
import {
  type Compared,
  comparedIntervals,
  defaultResampling,
  groupNumbers,
  type Interval,
} from "../../evaluate/bootstrap.js";
import type { StageContext } from "../../pipeline/reporter.js";
import { type CapturedScene, capturedFrames } from "../train/captured.js";
import { lookedAt, MATCH } from "./judge.js";
import { weightOf } from "./measures.js";
import { overlap } from "./overlap.js";
import type { Contestant } from "./types.js";

/** Part of the presses answered rightly; of a press, the part of its captures. Intervals are by drawing bots' days anew. */
export interface CaptureComparison extends Compared<Interval> {
  /** Presses and captures that could be read. */
  readonly presses: number;
  readonly captures: number;
  /** Bots' days. */
  readonly groups: number;
}

interface Outcome extends Pick<CapturedScene, "press" | "group"> {
  readonly right: readonly [before: boolean, after: boolean];
}

/** Frames as they were captured, one at a time; damaged ones are left out with a warning. Throws InterruptedError. */
export async function compareOnCaptures(
  catalogue: Catalogue,
  scenes: readonly CapturedScene[],
  { before, after }: { readonly before: Contestant; readonly after: Contestant },
  context: StageContext,
): Promise<CaptureComparison> {
  const outcomes: Outcome[] = [];
  const progress = context.reporter.progress("compare", scenes.length, "captures");
  try {
    for await (const { scene, frame } of capturedFrames(catalogue, scenes, context)) {
      const { press, group } = scene;
      outcomes.push({ press, group, right: [isRight(before, scene, frame), isRight(after, scene, frame)] });
      progress.update(outcomes.length);
    }
  } finally {
    progress.end();
  }
  return summary(outcomes);
}

/** The box that the bot would choose meets the face; or nobody is there, and none is found. */
function isRight(contestant: Contestant, { face }: CapturedScene, frame: GrayImage): boolean {
  const chosen = lookedAt(frame, contestant.candidates(frame), contestant);
  if (face === undefined) return chosen === undefined;
  return chosen !== undefined && overlap(face, chosen.box) >= MATCH;
}

function summary(outcomes: readonly Outcome[]): CaptureComparison {
  const sizes = new Map<string, number>();
  for (const { press } of outcomes) sizes.set(press, (sizes.get(press) ?? 0) + 1);
  const shareOf = (which: 0 | 1) => (weights?: Uint32Array) => {
    let [all, good] = [0, 0];
    outcomes.forEach(({ press, right }, i) => {
      const weight = weightOf(weights, i) / sizes.get(press)!;
      all += weight;
      if (right[which]) good += weight;
    });
    return [good / all];
  };
  const groups = groupNumbers(outcomes.map(({ group }) => group));
  const { before, after, change } = comparedIntervals([shareOf(0), shareOf(1)], groups, defaultResampling);
  return {
    presses: sizes.size,
    captures: outcomes.length,
    groups: new Set(groups).size,
    before: before[0],
    after: after[0],
    change: change[0],
  };
}
