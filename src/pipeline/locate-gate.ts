/** A newly trained detector beside the one in service: compared, and put into its place or left aside. */
import { join } from "node:path";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { writeFile, writeJson } from "../files/write.js";
import { type CaptureComparison, compareOnCaptures } from "../locate/evaluate/captures.js";
import { compareOnScenes, type SceneComparison } from "../locate/evaluate/compare.js";
import { LEAST_SCENES } from "../locate/evaluate/run.js";
import { TEST_SEED } from "../locate/evaluate/test-scenes.js";
import type { Contestant } from "../locate/evaluate/types.js";
import { detectorVerdict } from "../locate/evaluate/verdict.js";
import type { CapturedScene } from "../locate/train/captured.js";
import { describedPeople } from "../locate/train/obtain-scenes.js";
import type { Verdict } from "../retrain/verdict.js";
import { SCENE_REVISION } from "../scenes/compose.js";
import { FRAME } from "../template/context.js";
import { keepDetector } from "./deployed.js";
import { DETECTOR_FILES, detectorPath, type FaceDetector } from "./detector.js";
import { configuredContestant } from "./locate-eval.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { type ScenePeople, withPeople } from "./scenes.js";

export interface DetectorComparison extends Verdict {
  /** On held-out captures whose faces are known; absent without any. */
  readonly captures?: CaptureComparison;
  /** On composed scenes of the validation split's people. */
  readonly scenes: SceneComparison;
}

export interface GateRequest {
  readonly project: Project;
  readonly before: FaceDetector;
  readonly after: FaceDetector;
  readonly catalogue: Catalogue | undefined;
  /** Captures that neither was trained on. */
  readonly heldOut: readonly CapturedScene[];
  /** The validation split's, and content hashes of their pictures. */
  readonly people: ScenePeople;
  readonly inputs: readonly string[];
  /** Composed scenes. */
  readonly scenes: number;
  readonly context: StageContext;
}

/** Each with its own threshold, or both with the project's. Throws InterruptedError. */
export async function compareDetectors(request: GateRequest): Promise<DetectorComparison> {
  const { project, before, after, catalogue, heldOut, scenes: count, people, context } = request;
  const on = `${heldOut.length} held-out captures and ${count} scenes; ${people.name}`;
  context.reporter.stage("compare", `${before.hash} in service and ${after.hash} on ${on}`);
  const pair = {
    before: configuredContestant("before", before, project),
    after: configuredContestant("after", after, project),
  };
  const captures =
    catalogue === undefined || heldOut.length === 0
      ? undefined
      : await compareOnCaptures(catalogue, heldOut, pair, context);
  const scenes = await obtainSceneComparison(request, pair);
  return { ...detectorVerdict(captures, scenes), ...(captures && { captures }), scenes };
}

/** Stage "locator-compare": kept, as it takes a minute and the next step may be the same training with --force. */
async function obtainSceneComparison(
  { project, before, after, people, inputs, scenes, context }: GateRequest,
  pair: { readonly before: Contestant; readonly after: Contestant },
): Promise<SceneComparison> {
  const count = Math.max(LEAST_SCENES, scenes);
  const thresholds = [pair.before.threshold, pair.after.threshold];
  const artifact = await project.store.obtain<SceneComparison>({
    stage: "locator-compare",
    revision: 1,
    options: { ...describedPeople(people.spec), count, thresholds, frame: FRAME, composer: SCENE_REVISION },
    inputs: [...inputs, before.hash, after.hash],
    produce: () =>
      withPeople(people, (opened) =>
        compareOnScenes({ scenes: { people: opened, count, seed: TEST_SEED, ...FRAME }, ...pair, context }),
      ),
  });
  return artifact.meta;
}

/** Where a detector that was not put into service waits to be looked at. */
export function candidatePath({ store }: Pick<Project, "store">): string {
  return join(store.root, "candidates", "face-neural", DETECTOR_FILES.neural);
}

/** Puts `after` where the firmware takes it from; `before` stays in `deployed/` by its hash. Returns its file. */
export async function putDetectorInService(
  project: Project,
  { before, after }: Pick<GateRequest, "before" | "after">,
  card: object,
): Promise<string> {
  await keepDetector(project, before);
  return writeDetector(detectorPath(project.dir, after.kind), after, card);
}

/** Leaves a detector aside, outside of what the project is made of. Returns its file. */
export function leaveAside(project: Project, detector: FaceDetector, card: object): Promise<string> {
  return writeDetector(candidatePath(project), detector, card);
}

async function writeDetector(file: string, { bytes }: FaceDetector, card: object): Promise<string> {
  await writeFile(file, bytes);
  await writeJson(join(file, "..", "card.json"), card);
  return file;
}
