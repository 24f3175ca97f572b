import type { Augmentation } from "../types.js";
import { AAN_SCALE, forwardDct, inverseDct } from "./dct.js";

export interface Jpeg {
  /** 1 to 100 as in libjpeg. */
  readonly quality: number;
  /** Where the grid of blocks lies: pixels that the first block reaches beyond the picture's left and upper edge, 0 to 7. */
  readonly left: number;
  readonly top: number;
}

/** Luminance quantization of ITU-T T.81, table K.1, row-major. */
const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];

/** Adding and subtracting it rounds a number to the nearest integer without a branch: 1.5 * 2^52. */
const ROUNDING = 6755399441055744;
/** Halves are common and go away from zero, as in libjpeg. */
const HALVES_OUTWARDS = 1 + 1e-9;

/**
 * What a JPEG file loses: 8 x 8 blocks, transformed, quantized and back; the entropy coder loses nothing, so there is none. The grid of blocks
 * lies anywhere, since the crop does. Cameras that give plain frames have none of it. Strength: the lowest quality; qualities are even from there to 100.
 */
export const jpeg: Augmentation<"jpeg", Jpeg> = {
  name: "jpeg",
  stream: 40,
  draw(rng, { quality, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = { quality: Math.round(100 - rng.uniform() * (100 - quality)), left: rng.below(8), top: rng.below(8) };
    return happens ? drawn : undefined;
  },
  apply({ coder, grey, side, sensor }, { quality, left, top }) {
    if (!sensor.compressed) return;
    coder.setQuality(quality);
    for (let y = -top; y < side; y += 8) {
      for (let x = -left; x < side; x += 8) coder.code(grey, side, x, y);
    }
  },
  examples: ({ quality }) => [
    {
      title: "JPEG",
      at: (t) => {
        const drawn = Math.round(100 - t * (100 - quality));
        return { drawn: { quality: drawn, left: 0, top: 0 }, label: `quality ${drawn}` };
      },
    },
  ],
};

/** Codes pictures block by block. */
export class BlockCoder {
  private readonly block = new Float64Array(64);
  /** Per coefficient of the scaled transforms: to and from quantized numbers. */
  private readonly toSteps = new Float64Array(64);
  private readonly fromSteps = new Float64Array(64);

  /** libjpeg's scale of qualities (jcparam.c, jpeg_quality_scaling): 50 is the table itself. */
  setQuality(quality: number): void {
    const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
    for (let i = 0; i < 64; i++) {
      const step = Math.max(1, Math.min(255, Math.floor((LUMINANCE[i] * percent + 50) / 100)));
      const scale = AAN_SCALE[i >> 3] * AAN_SCALE[i & 7];
      this.toSteps[i] = HALVES_OUTWARDS / (8 * scale * step);
      this.fromSteps[i] = (scale * step) / 8;
    }
  }

  /** Codes the block at (left, top) of a side * side picture in place; it may reach beyond, where the picture's edge repeats. */
  code(grey: Uint8Array, side: number, left: number, top: number): void {
    const { block } = this;
    const inside = left >= 0 && top >= 0 && left + 8 <= side && top + 8 <= side;
    if (inside) readInside(grey, side, top * side + left, block);
    else readAcross(grey, side, left, top, block);
    forwardDct(block);
    this.quantize();
    inverseDct(block);
    const [x0, x1] = [Math.max(0, -left), Math.min(8, side - left)];
    for (let y = Math.max(0, -top); y < Math.min(8, side - top); y++) {
      const row = (top + y) * side + left;
      for (let x = x0; x < x1; x++) {
        const value = block[8 * y + x] + 128.5;
        grey[row + x] = value > 0 ? (value < 255 ? value : 255) : 0;
      }
    }
  }

  private quantize(): void {
    const { block, toSteps, fromSteps } = this;
    for (let i = 0; i < 64; i++) block[i] = (block[i] * toSteps[i] + ROUNDING - ROUNDING) * fromSteps[i];
  }
}

function readInside(grey: Uint8Array, side: number, start: number, block: Float64Array): void {
  for (let y = 0, i = 0; y < 8; y++) {
    const row = start + y * side;
    for (let x = 0; x < 8; x++, i++) block[i] = grey[row + x] - 128;
  }
}

function readAcross(grey: Uint8Array, side: number, left: number, top: number, block: Float64Array): void {
  const last = side - 1;
  for (let y = 0, i = 0; y < 8; y++) {
    const row = Math.max(0, Math.min(last, top + y)) * side;
    for (let x = 0; x < 8; x++, i++) block[i] = grey[row + Math.max(0, Math.min(last, left + x))] - 128;
  }
}
