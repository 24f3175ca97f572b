/** A cascade from its recipe: scenes, training, threshold. Each step is kept in the store, so an interrupted run goes on after the last. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFile } from "../../../files/write.js";
import { obtainScenes, type ScenesRequest } from "../../train/obtain-scenes.js";
import { type PooledScene, ScenePool } from "../../train/scene-pool.js";
import { chooseConfidence, type OperatingPoint } from "../../train/threshold.js";
import { type Cascade, formatCascade, parseCascade } from "../cascade.js";
import { locateClassic } from "../locate.js";
import { Scanner } from "../scan.js";
import type { CascadeRecipe } from "./recipe.js";
import { trainClassic } from "./train.js";
import type { SceneSource } from "./windows.js";

/** Raise when equal recipes give other bytes. */
const REVISION = 1;
const CASCADE_FILE = "cascade.json";
/** Part of the training scenes that only the final thresholds are chosen on. */
const HELD = 0.2;

export interface MakeCascadeRequest extends ScenesRequest {
  readonly recipe: CascadeRecipe;
}

export interface MadeCascade {
  readonly cascade: Cascade;
  /** Tables looked up in a frame: median and most of the validation scenes. */
  readonly lookups: { readonly median: number; readonly most: number };
  readonly validation: OperatingPoint & { readonly scenes: number };
  readonly cached: boolean;
}

/** Throws UserError when there are too few faces to learn from, and InterruptedError. */
export async function makeCascade(request: MakeCascadeRequest): Promise<MadeCascade> {
  const { recipe, store, context } = request;
  const { seed, cascade: geometry, train, falseFaces } = recipe;
  const scenes = await obtainScenes(request, "train");
  const trained = await store.obtain({
    stage: "cascade-train",
    revision: REVISION,
    options: { seed, geometry, train },
    inputs: [scenes.key],
    produce: async (dir) => {
      const pool = await ScenePool.load(scenes.dir);
      const learned = Math.ceil((1 - HELD) * pool.count);
      const options = { seed, ...geometry, ...train };
      const cascade = trainClassic(sourceOf(pool, 0, learned), sourceOf(pool, learned, pool.count), options, context);
      await writeFile(join(dir, CASCADE_FILE), formatCascade(cascade));
      return {};
    },
  });
  const validation = await obtainScenes(request, "val");
  const path = join(trained.dir, CASCADE_FILE);
  const cascade = parseCascade(await readFile(path, "utf8"), path);
  const pool = await ScenePool.load(validation.dir);
  context.reporter.stage("threshold", `${pool.count} scenes of people of the validation split`);
  return { ...operate(cascade, pool, falseFaces), cached: trained.cached };
}

/** Scenes [from, to) of a pool. */
function sourceOf(pool: ScenePool, from: number, to: number): SceneSource {
  const { width, height } = pool;
  const boxes = ({ faces }: PooledScene, counting: boolean) =>
    faces
      .filter(({ counts }) => counts === counting)
      .map(({ x, y, side }) => ({ x: x - side / 2, y: y - side / 2, width: side, height: side }));
  return {
    count: to - from,
    scene: (index) => {
      const frame = { width, height, pixels: pool.frame(from + index) };
      const scene = pool.scenes[from + index];
      return { frame, faces: boxes(scene, true), doubtful: boxes(scene, false) };
    },
  };
}

/** Confidence is about 500 at this quantile of the evidence of what is found. */
const MIDDLE = 0.5;

/** Chooses evidence and threshold. */
function operate(trained: Cascade, pool: ScenePool, falseFaces: number): Omit<MadeCascade, "cached"> {
  const { width, height } = pool;
  const looks: number[] = [];
  const search = (cascade: Cascade) => {
    const scanner = new Scanner(cascade);
    return pool.scenes.map((scene, i) => {
      const before = scanner.lookups;
      const candidates = locateClassic(cascade, { width, height, pixels: pool.frame(i) }, scanner);
      looks.push(scanner.lookups - before);
      return { scene, candidates };
    });
  };
  // With this much evidence for 500, confidences tell the evidence: it is chosen so that the candidates found spread over the scale.
  const rough = { ...trained, evidence: ROUGH };
  const confidences = search(rough)
    .map(({ candidates }) => candidates[0]?.confidence ?? 0)
    .filter((confidence) => confidence > 0)
    .sort((a, b) => a - b);
  const middle = confidences[Math.floor(MIDDLE * confidences.length)] ?? 500;
  const evidence = Math.max(1, Math.round((ROUGH * middle) / Math.max(1, 1000 - middle)));
  const searched = search({ ...trained, evidence });
  const point = chooseConfidence(searched, falseFaces);
  looks.sort((a, b) => a - b);
  return {
    cascade: { ...trained, evidence, threshold: point.threshold },
    lookups: { median: looks[looks.length >> 1], most: looks[looks.length - 1] },
    validation: { ...point, scenes: pool.count },
  };
}

const ROUGH = 2000;
