/**
 * The scenes that locators are measured on: fixed by one seed, composed of people that no locator was trained on. A quarter has a lamp or window
 * and a face that can be seen, a quarter has a lamp or window and nobody, half is as it comes.
 */
import { InterruptedError } from "../../errors.js";
import type { StageContext } from "../../pipeline/reporter.js";
import { sceneAt } from "../../scenes/compose.js";
import type { People, Scene, SceneOptions } from "../../scenes/types.js";
import { Rng } from "../../train/rng.js";

/** `office`: as scenes come. `fixture`: a lamp or window, and one face. `empty`: a lamp or window, and nobody. */
export type SceneSet = "office" | "fixture" | "empty";

export interface TestScene extends Scene {
  readonly set: SceneSet;
  readonly index: number;
}

export interface TestSceneRequest {
  readonly people: People;
  /** Scenes of all sets together; 4 and more. */
  readonly count: number;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
}

export const DEFAULT_TEST_SCENES = 2000;
/** Not a seed that anybody trains with by accident: locators are trained with small ones. */
export const TEST_SEED = 0x7465_7374;

/** What a bot may take for a face first of all. */
const LIGHTS = ["lamp", "window"] as const;
/** A scene in which chance hid the fixture or the face is drawn anew, so often at most. */
const ATTEMPTS = 64;
const STREAMS: Readonly<Record<SceneSet, number>> = { office: 1, fixture: 2, empty: 3 };

/** Which set scene `index` belongs to. */
export function setOf(index: number): SceneSet {
  return (["office", "fixture", "office", "empty"] as const)[index % 4];
}

/** Scene `index`: it depends on seed and index alone. */
export function testScene(request: TestSceneRequest, index: number): TestScene {
  const set = setOf(index);
  const { people, width, height, seed } = request;
  const options: SceneOptions = { people, width, height, ...wanted(set) };
  // Each attempt has a seed of its own, so that a scene does not depend on how often another was drawn.
  const seeds = new Rng(seed, STREAMS[set], index);
  let scene = sceneAt(seeds.uint32(), index, options);
  for (let attempt = 1; attempt < ATTEMPTS && !isFit(set, scene); attempt++) {
    scene = sceneAt(seeds.uint32(), index, options);
  }
  return { ...scene, set, index };
}

/** All scenes, one at a time. @param label of the progress display */
export async function* testScenes(
  request: TestSceneRequest,
  label: string,
  { reporter, signal }: StageContext,
): AsyncGenerator<TestScene> {
  const progress = reporter.progress(label, request.count, "scenes");
  try {
    for (let index = 0; index < request.count; index++) {
      if (signal.aborted) throw new InterruptedError();
      yield testScene(request, index);
      progress.update(index + 1);
      // Composing is synchronous: let signals and the display have their turn.
      await new Promise((done) => setImmediate(done));
    }
  } finally {
    progress.end();
  }
}

function wanted(set: SceneSet): Partial<SceneOptions> {
  if (set === "office") return {};
  return { fixtures: LIGHTS, faces: set === "fixture" ? [0, 1] : [1] };
}

function isFit(set: SceneSet, { faces, fixtures }: Scene): boolean {
  const lit = fixtures.some(({ kind }) => kind === "lamp" || kind === "window");
  return set === "office" || (lit && faces.length === (set === "fixture" ? 1 : 0));
}
