/** Training of a small cascade on drawn people. */
import { beforeAll, describe, expect, it } from "@jest/globals";
import { drawnFrame } from "#smilec/data/synthetic/people.js";
import { InterruptedError, UserError } from "#smilec/errors.js";
import { type Cascade, formatCascade } from "#smilec/locate/classic/cascade.js";
import { locateClassic } from "#smilec/locate/classic/locate.js";
import { type ClassicOptions, trainClassic } from "#smilec/locate/classic/train/train.js";
import { intersectionOverUnion, type SceneSource } from "#smilec/locate/classic/train/windows.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { randomCascade } from "../../support/cascades.js";
import { Random } from "../../support/random.js";

const OPTIONS: ClassicOptions = {
  seed: 1,
  window: 12,
  smallest: 24,
  stages: [2, 6, 14],
  faces: 300,
  others: 500,
  perScene: 25,
  extraWindows: 1,
  loss: 0.1,
  faceLoss: 0.1,
  facePower: 0.3,
  lossPower: 0.5,
};

const SCENES = 100;

/** Drawn frames from `first` on. */
function drawnScenes(first: number, count: number): SceneSource {
  const kept = Array.from({ length: count }, (_, i) => drawnFrame(4, first + i, 160, 120));
  return { count, scene: (i) => ({ frame: kept[i].image, faces: [kept[i].box], doubtful: [] }) };
}

function context(signal = new AbortController().signal) {
  return { reporter: silentReporter, signal };
}

/** Share of scenes in which the best candidate is the face. */
function found(cascade: Cascade, scenes: SceneSource): number {
  let right = 0;
  for (let i = 0; i < scenes.count; i++) {
    const { frame, faces } = scenes.scene(i);
    const [best] = locateClassic(cascade, frame);
    if (best !== undefined && intersectionOverUnion(best.box, faces[0]) >= 0.5) right++;
  }
  return right / scenes.count;
}

describe("training a cascade", () => {
  const scenes = drawnScenes(0, SCENES);
  const held = drawnScenes(500, 40);
  let cascade: Cascade;
  beforeAll(() => {
    cascade = trainClassic(scenes, held, OPTIONS, context());
  }, 300_000);

  it("learns to find drawn faces that it has not seen, which a cascade that learned nothing does not", () => {
    const others = drawnScenes(1000, 60);
    expect(found({ ...cascade, evidence: 500 }, others)).toBeGreaterThan(0.6);
    expect(found(randomCascade(new Random(1), 12, 20), others)).toBeLessThan(0.2);
  }, 120_000);

  it("learns more from more tables", () => {
    const few = trainClassic(scenes, held, { ...OPTIONS, stages: [2] }, context());
    const others = drawnScenes(1000, 60);
    expect(found({ ...few, evidence: 500 }, others)).toBeLessThan(found({ ...cascade, evidence: 500 }, others));
  }, 120_000);

  it("gives the same bytes for the same seed, and others for another", () => {
    const text = formatCascade(cascade);
    expect(formatCascade(trainClassic(scenes, held, OPTIONS, context()))).toBe(text);
    expect(formatCascade(trainClassic(scenes, held, { ...OPTIONS, seed: 2 }, context()))).not.toBe(text);
  }, 300_000);

  it("says so when the scenes hold too few faces", () => {
    const nobody: SceneSource = {
      count: scenes.count,
      scene: (i) => ({ ...scenes.scene(i), faces: [], doubtful: scenes.scene(i).faces }),
    };
    expect(() => trainClassic(nobody, held, OPTIONS, context())).toThrow(UserError);
    expect(() => trainClassic(nobody, held, OPTIONS, context())).toThrow(/only 0 windows with faces/);
  });

  it("stops when it is told to", () => {
    expect(() => trainClassic(scenes, held, OPTIONS, context(AbortSignal.abort()))).toThrow(InterruptedError);
  });
});
