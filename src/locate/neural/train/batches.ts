/** Batches of varied scenes: order, variation, canvas and targets. */

import type { PreprocessSpec } from "../../../preprocess/types.js";
import type { TrainingBatch } from "../../../train/backend.js";
import { TARGET_CHANNELS } from "../../../train/detection-loss.js";
import { Rng } from "../../../train/rng.js";
import type { ScenePool, WantedFace } from "../../train/scene-pool.js";
import { CELL } from "../box-code.js";
import { type Canvas, type Fit, fitFrame, placeOnCanvas } from "../canvas.js";
import { DETECTOR_STREAM } from "./streams.js";
import { writeTargets } from "./targets.js";
import { FrameVariation, type VariedFrame } from "./vary.js";

export interface DetectorInput {
  readonly canvas: Canvas;
  readonly normalize: PreprocessSpec["normalize"];
}

/** A picture on the canvas, before normalization. */
interface Shown {
  readonly pixels: Uint8Array;
  readonly faces: readonly WantedFace[];
}

export class SceneBatches {
  private readonly variation: FrameVariation;
  private readonly fit: Fit;

  constructor(
    private readonly pool: ScenePool,
    private readonly input: DetectorInput,
    private readonly seed: number,
  ) {
    this.variation = new FrameVariation(pool, pool, new Rng(seed, DETECTOR_STREAM.normals));
    this.fit = fitFrame(input.canvas, pool.width, pool.height);
    if (this.fit.width !== pool.width || this.fit.height !== pool.height)
      throw new RangeError("the pool's scenes are not of the canvas' size");
  }

  /** The scenes, each varied by the stream of its epoch and place in it. */
  varied(scenes: ArrayLike<number>, epoch: number, first: number): TrainingBatch {
    return this.fill(scenes, (scene, position) => {
      const rng = new Rng(this.seed, DETECTOR_STREAM.vary, epoch, first + position);
      return this.variation.vary(this.pool.frame(scene), this.pool.scenes[scene], rng);
    });
  }

  /** The scenes as they are. */
  plain(scenes: ArrayLike<number>): TrainingBatch {
    return this.fill(scenes, (scene) => ({ pixels: this.pool.frame(scene), faces: this.pool.scenes[scene].faces }));
  }

  private fill(scenes: ArrayLike<number>, picture: (scene: number, position: number) => Shown): TrainingBatch {
    const { input, fit } = this;
    return makeBatch(scenes.length, input.canvas, (position, inputs) => {
      const { pixels, faces } = picture(scenes[position], position);
      placeOnCanvas(pixels, fit, input.canvas, input.normalize, inputs);
      return faces.map((face) => ({ ...face, x: face.x + fit.x, y: face.y + fit.y }));
    });
  }
}

/** Batches of square parts of scenes, for a network on a canvas of their size. */
export class CropBatches {
  private readonly variation: FrameVariation;
  private readonly canvas: Canvas;

  /** @param side of the parts in pixels, a multiple of 32, at most the scenes' shorter side */
  constructor(
    private readonly pool: ScenePool,
    private readonly normalize: DetectorInput["normalize"],
    private readonly seed: number,
    side: number,
  ) {
    this.canvas = { width: side, height: side };
    this.variation = new FrameVariation(pool, this.canvas, new Rng(seed, DETECTOR_STREAM.normals));
  }

  varied(scenes: ArrayLike<number>, epoch: number, first: number): TrainingBatch {
    return makeBatch(scenes.length, this.canvas, (position, inputs) => {
      const rng = new Rng(this.seed, DETECTOR_STREAM.vary, epoch, first + position);
      const scene = scenes[position];
      const crop = this.variation.crop(this.pool.frame(scene), this.pool.scenes[scene], rng);
      this.normalizeCrop(crop, rng, inputs);
      return crop.faces;
    });
  }

  /** By the whole frame's mean and spread, as on the device, or nearly: other frames would have had others. */
  private normalizeCrop({ pixels, mean, deviation }: VariedFrame, rng: Rng, out: Int8Array): void {
    if (this.normalize === "none") {
      for (let i = 0; i < pixels.length; i++) out[i] = pixels[i] - 128;
      return;
    }
    const spread = Math.max(4, deviation) * Math.exp(rng.between(-0.2, 0.2));
    const middle = mean + 0.2 * spread * rng.between(-1, 1);
    const table = Int8Array.from({ length: 256 }, (_, grey) =>
      Math.max(-127, Math.min(127, Math.round((127 * (grey - middle)) / (3 * spread)))),
    );
    for (let i = 0; i < pixels.length; i++) out[i] = table[pixels[i]];
  }
}

/** @param draw writes the input of a picture and returns its faces, in pixels of the canvas */
function makeBatch(
  count: number,
  canvas: Canvas,
  draw: (position: number, inputs: Int8Array) => readonly WantedFace[],
): TrainingBatch {
  const size = canvas.width * canvas.height;
  const values = (size / (CELL * CELL)) * TARGET_CHANNELS;
  const inputs = new Int8Array(count * size);
  const targets = new Float32Array(count * values);
  for (let i = 0; i < count; i++) {
    const faces = draw(i, inputs.subarray(i * size, (i + 1) * size));
    writeTargets(faces, canvas, targets.subarray(i * values, (i + 1) * values));
  }
  const weights = new Float32Array(count).fill(1);
  return { count, inputs, labels: new Uint8Array(count), targets, weights, labelSmoothing: 0, masks: new Map() };
}
