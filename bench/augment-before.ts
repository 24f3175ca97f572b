/** The augmenter that src/augment replaced, kept as the yardstick of bench/augment.ts: geometry, tone, shade, Gaussian blur, noise. */
import { wholeBox } from "#smilec/locate/center.js";
import { preprocess } from "#smilec/preprocess/preprocess.js";
import type { PreprocessSpec } from "#smilec/preprocess/types.js";
import { Rng } from "#smilec/train/rng.js";
import { STREAM } from "#smilec/train/streams.js";

export interface EarlierOptions {
  readonly flip: boolean;
  readonly shift: number;
  readonly scale: number;
  readonly rotate: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly shade: number;
  readonly blur: number;
  readonly noise: number;
}

/** One picture's drawn variation. Angles in radians, lengths in source pixels. */
interface Variation {
  readonly flip: boolean;
  readonly shiftX: number;
  readonly shiftY: number;
  readonly scale: number;
  readonly angle: number;
  readonly exposure: number;
  readonly contrast: number;
  readonly gamma: number;
  readonly shade: number;
  readonly shadeAngle: number;
  readonly shadePlace: number;
  readonly shadeSlope: number;
  readonly blur: number;
  readonly noise: number;
}

/** Standard deviation of the sum of four independent uniform bytes. */
const FOUR_BYTES_DEVIATION = Math.sqrt((4 * (256 * 256 - 1)) / 12);
const FOUR_BYTES_MEAN = 510;
/** A Gaussian narrower than this changes nothing visible. */
const LEAST_BLUR = 0.25;

/** Reuses its buffers; one per thread. */
export class EarlierAugmenter {
  private readonly warped: Uint8Array;
  private readonly light: Float32Array;
  private readonly blurred: Float32Array;
  private readonly final: Uint8ClampedArray;
  private readonly tone = new Float32Array(256);
  private readonly pixels: Uint8Array;

  /** @param size side of the square source pictures in pixels */
  constructor(
    private readonly size: number,
    private readonly spec: PreprocessSpec,
    private readonly options: EarlierOptions,
    private readonly seed: number,
  ) {
    const count = size * size;
    this.warped = new Uint8Array(count);
    this.light = new Float32Array(count);
    this.blurred = new Float32Array(count);
    this.final = new Uint8ClampedArray(count);
    this.pixels = new Uint8Array(this.final.buffer);
  }

  /** Varies `source` (size * size grey pixels) as picture `picture` of `epoch` and writes the network's int8 input to `out`. */
  augment(source: Uint8Array, epoch: number, picture: number, out: Int8Array): void {
    const rng = new Rng(this.seed, STREAM.augment, epoch, picture);
    const variation = this.draw(rng);
    this.warp(source, variation);
    this.applyTone(variation);
    if (variation.shade > 0) this.applyShade(variation);
    if (variation.blur >= LEAST_BLUR) this.applyBlur(variation.blur);
    this.finish(variation.noise, rng);
    const frame = { width: this.size, height: this.size, pixels: this.pixels };
    out.set(preprocess(frame, wholeBox(this.size, this.size), this.spec));
  }

  /** Draws the same numbers whatever the strengths, so that changing one leaves the others' values alone. */
  private draw(rng: Rng): Variation {
    const { options, size } = this;
    const signed = () => rng.between(-1, 1);
    return {
      flip: rng.uniform() < 0.5 && options.flip,
      shiftX: signed() * options.shift * size,
      shiftY: signed() * options.shift * size,
      scale: 1 + signed() * options.scale,
      angle: (signed() * options.rotate * Math.PI) / 180,
      exposure: 2 ** (signed() * 2 * options.brightness),
      contrast: (1 + options.contrast) ** signed(),
      gamma: (1 + options.contrast) ** signed(),
      shade: rng.uniform() * options.shade,
      shadeAngle: rng.uniform() * 2 * Math.PI,
      shadePlace: signed() * 0.5,
      shadeSlope: 1 / rng.between(0.2, 1.4),
      blur: rng.uniform() < 0.5 ? 0 : (rng.uniform() * options.blur * size) / this.spec.size,
      noise: rng.uniform() * options.noise,
    };
  }

  /** One bilinear resampling for flip, shift, scale and rotation about the centre; 16.16 fixed point, edges replicated. */
  private warp(source: Uint8Array, variation: Variation): void {
    const { size, warped } = this;
    const centre = (size - 1) / 2;
    const cos = Math.cos(variation.angle) / variation.scale;
    const sin = Math.sin(variation.angle) / variation.scale;
    const mirror = variation.flip ? -1 : 1;
    const stepX = Math.round(mirror * cos * 65536);
    const stepY = Math.round(-sin * 65536);
    const limit = (size - 1) << 16;
    for (let y = 0, i = 0; y < size; y++) {
      const dx = -centre - variation.shiftX;
      const dy = y - centre - variation.shiftY;
      let sx = Math.round((centre + mirror * (cos * dx + sin * dy)) * 65536);
      let sy = Math.round((centre - sin * dx + cos * dy) * 65536);
      for (let x = 0; x < size; x++, i++) {
        const cx = sx < 0 ? 0 : Math.min(sx, limit);
        const cy = sy < 0 ? 0 : Math.min(sy, limit);
        const fx = (cx >> 8) & 255;
        const fy = (cy >> 8) & 255;
        const at = (cy >> 16) * size + (cx >> 16);
        const right = fx === 0 ? at : at + 1;
        const below = fy === 0 ? 0 : size;
        const top = source[at] * (256 - fx) + source[right] * fx;
        const bottom = source[at + below] * (256 - fx) + source[right + below] * fx;
        warped[i] = (top * (256 - fy) + bottom * fy + 32768) >> 16;
        sx += stepX;
        sy += stepY;
      }
    }
  }

  /** Exposure, then gamma, then contrast about the middle grey, clipped as a sensor's output is. */
  private applyTone({ exposure, gamma, contrast }: Variation): void {
    const { tone, light, warped } = this;
    const plain = this.options.brightness === 0 && this.options.contrast === 0;
    for (let value = 0; value < 256; value++) {
      const exposed = Math.min(1, (value / 255) * exposure);
      const toned = 128 + (255 * exposed ** gamma - 128) * contrast;
      tone[value] = plain ? value : Math.max(0, Math.min(255, toned));
    }
    for (let i = 0; i < light.length; i++) light[i] = tone[warped[i]];
  }

  /** Darkens beyond a soft straight edge. */
  private applyShade(variation: Variation): void {
    const { size, light } = this;
    const stepX = (Math.cos(variation.shadeAngle) / size) * variation.shadeSlope;
    const stepY = (Math.sin(variation.shadeAngle) / size) * variation.shadeSlope;
    const start = 0.5 - variation.shadePlace * variation.shadeSlope - ((size - 1) / 2) * (stepX + stepY);
    for (let y = 0, i = 0; y < size; y++) {
      let ramp = start + y * stepY;
      for (let x = 0; x < size; x++, i++) {
        light[i] *= 1 - variation.shade * (ramp < 0 ? 0 : Math.min(ramp, 1));
        ramp += stepX;
      }
    }
  }

  private applyBlur(deviation: number): void {
    const weights = gaussian(deviation);
    blurRows(this.light, this.blurred, this.size, weights);
    blurColumns(this.blurred, this.light, this.size, weights);
  }

  /** Adds noise and rounds to 8 bits. The sum of four bytes is close to normal and costs one draw. */
  private finish(noise: number, rng: Rng): void {
    const { light, final } = this;
    if (noise === 0) {
      final.set(light);
      return;
    }
    const factor = noise / FOUR_BYTES_DEVIATION;
    for (let i = 0; i < light.length; i++) {
      const bits = rng.int32();
      const sum = (bits & 255) + ((bits >> 8) & 255) + ((bits >> 16) & 255) + (bits >>> 24);
      final[i] = light[i] + (sum - FOUR_BYTES_MEAN) * factor;
    }
  }
}

/** One half of a symmetric kernel: weights of distances 0, 1, ... to 2.5 deviations, whose whole sums to 1. */
function gaussian(deviation: number): Float64Array {
  const radius = Math.ceil(2.5 * deviation);
  const weights = Float64Array.from({ length: radius + 1 }, (_, d) => Math.exp(-(d * d) / (2 * deviation * deviation)));
  const sum = weights.reduce((total, weight, d) => total + (d === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}

function blurRows(source: Float32Array, out: Float32Array, size: number, weights: Float64Array): void {
  const last = size - 1;
  for (let y = 0; y < size; y++) {
    const row = y * size;
    for (let x = 0; x < size; x++) {
      let sum = source[row + x] * weights[0];
      for (let d = 1; d < weights.length; d++) {
        const left = Math.max(x - d, 0);
        const right = Math.min(x + d, last);
        sum += (source[row + left] + source[row + right]) * weights[d];
      }
      out[row + x] = sum;
    }
  }
}

function blurColumns(source: Float32Array, out: Float32Array, size: number, weights: Float64Array): void {
  const last = size - 1;
  for (let y = 0; y < size; y++) {
    const row = y * size;
    for (let x = 0; x < size; x++) out[row + x] = source[row + x] * weights[0];
    for (let d = 1; d < weights.length; d++) {
      const above = Math.max(y - d, 0) * size;
      const below = Math.min(y + d, last) * size;
      for (let x = 0; x < size; x++) out[row + x] += (source[above + x] + source[below + x]) * weights[d];
    }
  }
}
