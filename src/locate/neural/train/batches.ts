/** Batches of varied scenes: order, variation, canvas and targets. */

import type { PreprocessSpec } from "../../../preprocess/types.js";
import type { TrainingBatch } from "../../../train/backend.js";
import { TARGET_CHANNELS } from "../../../train/detection-loss.js";
import { Rng } from "../../../train/rng.js";
import { CELL } from "../box-code.js";
import { type Canvas, type Fit, fitFrame, placeOnCanvas } from "../canvas.js";
import type { ScenePool } from "./scene-pool.js";
import { DETECTOR_STREAM } from "./streams.js";
import { type WantedFace, writeTargets } from "./targets.js";
import { FrameVariation } from "./vary.js";

export interface DetectorInput {
  readonly canvas: Canvas;
  readonly normalize: PreprocessSpec["normalize"];
}

export class SceneBatches {
  private readonly variation: FrameVariation;
  private readonly fit: Fit;

  constructor(
    private readonly pool: ScenePool,
    private readonly input: DetectorInput,
    private readonly seed: number,
  ) {
    this.variation = new FrameVariation(pool.width, pool.height, new Rng(seed, DETECTOR_STREAM.normals));
    this.fit = fitFrame(input.canvas, pool.width, pool.height);
    if (this.fit.width !== pool.width || this.fit.height !== pool.height)
      throw new RangeError("the pool's scenes are not of the canvas' size");
  }

  /** The scenes, each varied by the stream of its epoch and place in it. */
  varied(scenes: ArrayLike<number>, epoch: number, first: number): TrainingBatch {
    return this.fill(scenes, (scene, position) => {
      const rng = new Rng(this.seed, DETECTOR_STREAM.vary, epoch, first + position);
      return this.variation.vary(this.pool.frame(scene), this.pool.scenes[scene].faces, rng);
    });
  }

  /** The scenes as they are. */
  plain(scenes: ArrayLike<number>): TrainingBatch {
    return this.fill(scenes, (scene) => ({ pixels: this.pool.frame(scene), faces: this.pool.scenes[scene].faces }));
  }

  private fill(
    scenes: ArrayLike<number>,
    picture: (scene: number, position: number) => { pixels: Uint8Array; faces: readonly WantedFace[] },
  ): TrainingBatch {
    const { canvas, normalize } = this.input;
    const size = canvas.width * canvas.height;
    const values = (size / (CELL * CELL)) * TARGET_CHANNELS;
    const count = scenes.length;
    const inputs = new Int8Array(count * size);
    const targets = new Float32Array(count * values);
    for (let i = 0; i < count; i++) {
      const { pixels, faces } = picture(scenes[i], i);
      placeOnCanvas(pixels, this.fit, canvas, normalize, inputs.subarray(i * size, (i + 1) * size));
      const moved = faces.map((face) => ({ ...face, x: face.x + this.fit.x, y: face.y + this.fit.y }));
      writeTargets(moved, canvas, targets.subarray(i * values, (i + 1) * values));
    }
    const weights = new Float32Array(count).fill(1);
    return { count, inputs, labels: new Uint8Array(count), targets, weights, labelSmoothing: 0, masks: new Map() };
  }
}
