/** The scenes that a detector learns from and chooses its threshold on, composed once and kept in the store. */
import type { StageContext } from "../../pipeline/reporter.js";
import type { Artifact, ArtifactStore } from "../../pipeline/store.js";
import { SCENE_REVISION } from "../../scenes/compose.js";
import type { PeopleSpec } from "../../scenes/people.js";
import { threadCount } from "../../train/evaluate.js";
import { type ComposeRequest, composeScenes, type SceneRecipe } from "./compose.js";
import { ScenePool } from "./scene-pool.js";

/** Frames of a bot whose faces are known. */
export interface CapturedFrames {
  /** Most that there are. */
  readonly count: number;
  /** Identifies them. */
  readonly key: string;
  /** Adds them to the training scenes. */
  readonly add: (pool: ScenePool) => Promise<void>;
}

/** What of a recipe decides its scenes; every detector's has it. */
export interface ScenesOfRecipe {
  readonly seed: number;
  readonly frame: { readonly width: number; readonly height: number };
  readonly scenes: {
    readonly train: number;
    readonly validation: number;
    readonly faces: readonly number[];
    readonly sizes: readonly [number, number];
  };
}

export interface ScenesRequest {
  readonly recipe: ScenesOfRecipe;
  readonly store: ArtifactStore;
  /** Who is put into scenes. */
  readonly people: (split: "train" | "val") => PeopleSpec;
  /** Content hashes of their pictures. */
  readonly inputs: readonly string[];
  /** Real frames to train on besides. */
  readonly captures?: CapturedFrames;
  /** 0: one per core, at most 4. Changes no result. */
  readonly threads: number;
  readonly context: StageContext;
}

/** A {@link ScenePool}'s folder. Training scenes are of many faces of all sizes, validation scenes as src/scenes composes them. */
export function obtainScenes(request: ScenesRequest, split: "train" | "val"): Promise<Artifact<{ count: number }>> {
  const { recipe, store, inputs, context } = request;
  const { width, height } = recipe.frame;
  const count = split === "train" ? recipe.scenes.train : recipe.scenes.validation;
  const captures = split === "train" ? request.captures : undefined;
  const { people, ...drawn } = sceneRecipe(request, split);
  return store.obtain({
    stage: "locator-scenes",
    revision: 1,
    options: { ...drawn, ...describedPeople(people), count, width, height, composer: SCENE_REVISION },
    inputs: captures === undefined ? inputs : [...inputs, captures.key],
    produce: async (dir) => {
      context.reporter.stage("compose", `${count} scenes of people of the ${split} split`);
      const pool = new ScenePool(width, height, count + (captures?.count ?? 0));
      await composeScenes(composing(request, split, 0, count), pool, (frame, scene) => pool.add(frame, scene));
      await captures?.add(pool);
      await pool.save(dir);
      return { count: pool.count };
    },
  });
}

/** Scenes [first, first + count) of a split's recipe. */
export function composing(
  request: ScenesRequest,
  split: "train" | "val",
  first: number,
  count: number,
): ComposeRequest {
  const { threads, context } = request;
  return { recipe: sceneRecipe(request, split), first, count, threads: threadCount(threads), context };
}

function sceneRecipe({ recipe, people }: ScenesRequest, split: "train" | "val"): SceneRecipe {
  const { seed, scenes } = recipe;
  // Other scenes than those of training, were it the same people.
  if (split === "val") return { people: people(split), seed: seed + 1, options: {} };
  return { people: people(split), seed, options: { faces: scenes.faces, sizes: scenes.sizes } };
}

/** What of people changes scenes: not the folder that they lie in. */
export function describedPeople(people: PeopleSpec): Record<string, unknown> {
  if (people.kind === "drawn") return { ...people };
  const { into: _, kind: __, ...rest } = people;
  return rest;
}
