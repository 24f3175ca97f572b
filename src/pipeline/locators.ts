/**
 * Stage "locators": where the bot looks, for the report of a project that looks for faces: its detector beside a fixed square, on scenes of its
 * test people. The result is kept with its pictures under everything it depends on.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { GrayImage } from "../data/types.js";
import { UserError } from "../errors.js";
import { writeFile } from "../files/write.js";
import { evaluateLocators, type LocatorEvaluationResult } from "../locate/evaluate/run.js";
import { TEST_SEED } from "../locate/evaluate/test-scenes.js";
import { SCENE_REVISION } from "../scenes/compose.js";
import { FRAME } from "../template/context.js";
import { type FaceDetector, obtainDetector } from "./detector.js";
import { centerContestant, centerOf, detectorContestant, smileModel } from "./locate-eval.js";
import type { PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { peopleOf, withPeople } from "./scenes.js";

/** Enough to see where it looks; `smilec locate eval` takes five times as many. */
const SCENES = 400;
/** Raise when what is measured, or how, changes; the scenes have a revision of their own. */
const REVISION = 2;
/** The kept frames, one after the other, all of the same size. */
const FRAMES_FILE = "frames.u8";

export interface LocatorsPart {
  readonly key: string;
  readonly result: LocatorEvaluationResult;
}

/**
 * Undefined where the bot looks at a fixed square, and, with a warning, where no scenes can be made of the project's people. Throws UserError when
 * the detector cannot be used.
 */
export async function obtainLocators(
  project: Project,
  pictures: PictureSet,
  context: StageContext,
  count = SCENES,
): Promise<LocatorsPart | undefined> {
  const detector = await obtainDetector(project);
  if (detector === undefined) return undefined;
  try {
    return await measured(project, detector, pictures, context, count);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.reporter.warn(`where the bot looks is not in the report: ${error.message}`);
    return undefined;
  }
}

async function measured(
  project: Project,
  detector: FaceDetector,
  pictures: PictureSet,
  context: StageContext,
  count: number,
): Promise<LocatorsPart> {
  const model = await smileModel({}, project);
  const { kind } = project.config.locator;
  const threshold = project.config.locator.threshold ?? detector.threshold;
  const artifact = await project.store.obtain<LocatorEvaluationResult>({
    stage: "locators",
    revision: REVISION,
    options: { scenes: count, composer: SCENE_REVISION, threshold, center: centerOf(project), kind },
    inputs: [pictures.catalogue.hash, model.sha256, detector.hash],
    produce: async (dir) => {
      const from = await peopleOf(project.dir, "test");
      context.reporter.stage("locators", `center, ${kind} on ${count} scenes; ${from.name}`);
      const contestants = [centerContestant(centerOf(project)), { ...detectorContestant(kind, detector), threshold }];
      const result = await withPeople(from, (people) =>
        evaluateLocators({ scenes: { people, count, seed: TEST_SEED, ...FRAME }, contestants, model, context }),
      );
      const frames = framesOf(result);
      await writeFile(join(dir, FRAMES_FILE), Buffer.concat(frames.map(({ pixels }) => pixels)));
      return withFrames(result, ({ width, height }) => ({ width, height, pixels: new Uint8Array() }));
    },
  });
  const bytes = new Uint8Array(await readFile(join(artifact.dir, FRAMES_FILE)));
  let offset = 0;
  const result = withFrames(artifact.meta, ({ width, height }) => {
    const pixels = bytes.subarray(offset, offset + width * height);
    offset += pixels.length;
    return { width, height, pixels };
  });
  return { key: artifact.key, result };
}

function framesOf(result: LocatorEvaluationResult): GrayImage[] {
  const frames: GrayImage[] = [];
  withFrames(result, (frame) => {
    frames.push(frame);
    return frame;
  });
  return frames;
}

/** The result with other frames, asked for in a fixed order. */
function withFrames(
  result: LocatorEvaluationResult,
  frameFor: (frame: GrayImage) => GrayImage,
): LocatorEvaluationResult {
  const looks = result.looks.map(({ frame, chosen, ...look }) => ({
    ...look,
    // JSON knows no undefined: nobody came back as null.
    chosen: chosen.map((one) => one ?? undefined),
    frame: frameFor(frame),
  }));
  const failures = result.failures.map(({ name, failures: kept }) => ({
    name,
    failures: kept.map((failure) => ({ ...failure, frame: frameFor(failure.frame) })),
  }));
  return { ...result, looks, failures };
}
