/** Convolution of a picture with a small kernel of any form; the picture's edge repeats beyond it. */
import type { Planes } from "../planes.js";
import { type Kernel, makeKernel } from "./kernels.js";

/** Weights below this are left out. */
const LEAST = 1e-6;

export class Convolver {
  /** For the functions of kernels.ts. */
  readonly kernel: Kernel;
  private readonly padded: Float32Array;
  private readonly offsets: Int32Array;
  private readonly weights: Float64Array;

  /** @param size side of the largest picture in pixels; kernels may have a radius up to half of it */
  constructor(size: number) {
    const largest = Math.ceil(size / 2) + 1;
    this.kernel = makeKernel(largest);
    this.padded = new Float32Array((size + 2 * largest) ** 2);
    this.offsets = new Int32Array((2 * largest + 1) ** 2 + 4);
    this.weights = new Float64Array((2 * largest + 1) ** 2 + 4);
  }

  /** Convolves the light of `planes`. */
  convolve(planes: Planes, { weights, radius }: Kernel): void {
    const { side, light } = planes;
    const stride = side + 2 * radius;
    const taps = this.gather(weights, radius, stride);
    this.pad(light, side, radius, stride);
    for (let y = 0; y < side; y++) this.row(planes.spare.subarray(y * side, (y + 1) * side), y * stride, taps);
    planes.swap();
  }

  /** Lists the kernel's taps as offsets into the padded picture, filled up to a multiple of four. */
  private gather(weights: Float64Array, radius: number, stride: number): number {
    let taps = 0;
    for (let y = 0, i = 0; y <= 2 * radius; y++) {
      for (let x = 0; x <= 2 * radius; x++, i++) {
        if (weights[i] < LEAST) continue;
        this.offsets[taps] = y * stride + x;
        this.weights[taps++] = weights[i];
      }
    }
    for (; taps % 4 !== 0; taps++) {
      this.offsets[taps] = 0;
      this.weights[taps] = 0;
    }
    return taps;
  }

  private pad(light: Float32Array, side: number, radius: number, stride: number): void {
    const { padded } = this;
    for (let y = 0; y < side; y++) {
      const row = (y + radius) * stride;
      padded.fill(light[y * side], row, row + radius);
      padded.set(light.subarray(y * side, (y + 1) * side), row + radius);
      padded.fill(light[(y + 1) * side - 1], row + radius + side, row + stride);
    }
    for (let y = 0; y < radius; y++) {
      padded.copyWithin(y * stride, radius * stride, (radius + 1) * stride);
      padded.copyWithin((radius + side + y) * stride, (radius + side - 1) * stride, (radius + side) * stride);
    }
  }

  private row(out: Float32Array, start: number, taps: number): void {
    out.fill(0);
    for (let t = 0; t < taps; t += 4) this.addTaps(out, start, t);
  }

  /** Four taps at a time: fewer passes over the row. */
  private addTaps(out: Float32Array, start: number, t: number): void {
    const { padded, offsets, weights } = this;
    const a = start + offsets[t];
    const b = start + offsets[t + 1];
    const c = start + offsets[t + 2];
    const d = start + offsets[t + 3];
    const wa = weights[t];
    const wb = weights[t + 1];
    const wc = weights[t + 2];
    const wd = weights[t + 3];
    for (let x = 0; x < out.length; x++) {
      out[x] += wa * padded[a + x] + wb * padded[b + x] + wc * padded[c + x] + wd * padded[d + x];
    }
  }
}
