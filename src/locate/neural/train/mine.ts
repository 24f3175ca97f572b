/** Hard negatives: of many fresh scenes those where the detector sees a face most surely where there is none (Sung and Poggio 1998, bootstrapping). */
import type { StageContext } from "../../../pipeline/reporter.js";
import type { TrainingBackend } from "../../../train/backend.js";
import { OUTPUT_CHANNELS, TARGET_CHANNELS } from "../../../train/detection-loss.js";
import { composeScenes, type SceneRecipe } from "../../train/compose.js";
import { ScenePool } from "../../train/scene-pool.js";
import { type DetectorInput, SceneBatches } from "./batches.js";

/** Scenes scored at once. */
const BATCH = 128;

export interface MiningRequest {
  readonly recipe: SceneRecipe;
  /** The first scene of the recipe that was not used before. */
  readonly first: number;
  /** Scenes to look at. */
  readonly look: number;
  /** Scenes to keep; the pool must have room for them. */
  readonly keep: number;
  readonly input: DetectorInput;
  readonly backend: TrainingBackend;
  readonly threads: number;
  readonly context: StageContext;
}

/** Adds the hardest scenes to the pool. Returns the logit of the strongest false face of the easiest scene kept. */
export async function mineScenes(request: MiningRequest, parameters: Float32Array, pool: ScenePool): Promise<number> {
  const { recipe, first, look, keep, threads, context } = request;
  const fresh = new ScenePool(pool.width, pool.height, look);
  await composeScenes({ recipe, first, count: look, threads, context }, pool, (frame, scene) => {
    fresh.add(frame, scene);
  });
  const strongest = await falseLogits(request, parameters, fresh);
  const order = Array.from(strongest.keys()).sort((a, b) => strongest[b] - strongest[a] || a - b);
  const kept = order.slice(0, keep);
  for (const index of kept) pool.add(fresh.frame(index), fresh.scenes[index]);
  return strongest[kept[kept.length - 1]];
}

/** Per scene the largest logit of a cell that should be empty. */
async function falseLogits(
  { input, backend }: MiningRequest,
  parameters: Float32Array,
  pool: ScenePool,
): Promise<Float64Array> {
  const batches = new SceneBatches(pool, input, 0);
  const strongest = new Float64Array(pool.count).fill(-Infinity);
  for (let start = 0; start < pool.count; start += BATCH) {
    const scenes = Uint32Array.from({ length: Math.min(BATCH, pool.count - start) }, (_, i) => start + i);
    const { inputs, targets, count } = batches.plain(scenes);
    const outputs = await backend.logits(parameters, inputs, count);
    const cells = outputs.length / OUTPUT_CHANNELS / count;
    for (let cell = 0; cell < count * cells; cell++) {
      const [wanted, weight] = targets!.subarray(cell * TARGET_CHANNELS, cell * TARGET_CHANNELS + 2);
      if (wanted === 1 || weight === 0) continue;
      const scene = start + Math.floor(cell / cells);
      strongest[scene] = Math.max(strongest[scene], outputs[cell * OUTPUT_CHANNELS]);
    }
  }
  return strongest;
}
