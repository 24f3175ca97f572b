/** Point spread functions on the pixel grid. */

/** A square of weights that sum to 1, in the upper left part of a reused buffer. */
export interface Kernel {
  /** Row-major, 2 radius + 1 squared. */
  readonly weights: Float64Array;
  radius: number;
}

/** Samples of a smear per pixel of its length. */
const SAMPLES = 4;

export function makeKernel(largestRadius: number): Kernel {
  return { weights: new Float64Array((2 * largestRadius + 1) ** 2), radius: 0 };
}

function reset(kernel: Kernel, radius: number): void {
  kernel.radius = radius;
  kernel.weights.fill(0, 0, (2 * radius + 1) ** 2);
}

function normalized(kernel: Kernel, sum: number): Kernel {
  const { weights, radius } = kernel;
  for (let i = 0; i < (2 * radius + 1) ** 2; i++) weights[i] /= sum;
  return kernel;
}

function radial(kernel: Kernel, radius: number, weight: (distance: number) => number): Kernel {
  reset(kernel, radius);
  let sum = 0;
  for (let y = -radius, i = 0; y <= radius; y++) {
    for (let x = -radius; x <= radius; x++, i++) sum += kernel.weights[i] = weight(Math.hypot(x, y));
  }
  return normalized(kernel, sum);
}

/** The blur circle of a lens out of focus: even light over a disc of this radius in pixels. */
export function discKernel(kernel: Kernel, radius: number): Kernel {
  return radial(kernel, Math.ceil(radius), (distance) => Math.max(0, Math.min(1, radius + 0.5 - distance)));
}

/** Standard deviation in pixels. */
export function gaussianKernel(kernel: Kernel, deviation: number): Kernel {
  return radial(kernel, Math.ceil(2.5 * deviation), (distance) =>
    Math.exp(-(distance * distance) / (2 * deviation * deviation)),
  );
}

/** Even motion over `length` pixels at `angle` (radians, 0 to the right, growing clockwise). */
export function smearKernel(kernel: Kernel, length: number, angle: number): Kernel {
  const radius = Math.ceil(length / 2) + 1;
  reset(kernel, radius);
  const samples = Math.max(1, Math.ceil(SAMPLES * length));
  for (let k = 0; k < samples; k++) {
    const along = ((k + 0.5) / samples - 0.5) * length;
    splat(kernel, radius + along * Math.cos(angle), radius + along * Math.sin(angle));
  }
  return normalized(kernel, samples);
}

function splat({ weights, radius }: Kernel, x: number, y: number): void {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const at = top * (2 * radius + 1) + left;
  const fx = x - left;
  const fy = y - top;
  weights[at] += (1 - fx) * (1 - fy);
  weights[at + 1] += fx * (1 - fy);
  weights[at + 2 * radius + 1] += (1 - fx) * fy;
  weights[at + 2 * radius + 2] += fx * fy;
}
