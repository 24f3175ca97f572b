/** The work of the portable kernels that look through windows: convolutions, depthwise convolutions and pools. */
import type { Window } from "../emit/c/lower-conv.js";
import type { Work } from "./work.js";

/** Channels at a time in smk_conv_few. */
const FEW_RUN = 8;

/** Undefined for other kernels. `numbers` are the literals after the window. The headers in firmware/kernels say how each kernel goes about it. */
export function windowWork(kernel: string, w: Window, [groups]: readonly number[]): Work | undefined {
  switch (kernel) {
    case "smk_conv_pairs":
      return pairsWork(w);
    case "smk_conv_single":
      return singleWork(w);
    case "smk_conv_few":
      return fewWork(w);
    case "smk_conv_grouped": {
      const products = (outputsOf(w) * windowSize(w)) / groups;
      return { outputs: outputsOf(w), products, ...gathered(w, { insideToo: true }) };
    }
    case "smk_depthwise":
    case "smk_depthwise_multiply": {
      const rows = outputsOf(w) * w.height;
      return { outputs: outputsOf(w), rows, products: rows * w.width, ...gathered(w, { insideToo: false }) };
    }
    case "smk_average_pool":
    case "smk_max_pool": {
      const positions = w.batches * axisReads(w, "y") * axisReads(w, "x");
      return { windows: windowsOf(w), outputs: outputsOf(w), positions, reads: positions * w.in_depth };
    }
    default:
      return undefined;
  }
}

/** Two pixels times two channels, four values at a time, then those that are left one by one. Windows with short runs that are not all inside are gathered. */
function pairsWork(w: Window): Work {
  const joined = !w.whole && w.height > 1 && w.width * w.in_depth < 16;
  const [runs, run] = joined ? [1, windowSize(w)] : [w.height, w.width * w.in_depth];
  const pixels = w.out_height * w.out_width;
  const [copies, outside] = [{ inside: 0, outside: 0 }, (pixel: number) => !isInside(w, pixel)];
  for (let first = 0; first < pixels; first += 2) {
    const pair = [first, Math.min(first + 1, pixels - 1)];
    if (!joined && !pair.some(outside)) continue;
    for (const pixel of pair) copies[outside(pixel) ? "outside" : "inside"] += w.batches;
  }
  const pairs = w.batches * Math.ceil(pixels / 2);
  const passes = pairs * Math.ceil(w.out_depth / 2);
  const fours = passes * runs * Math.floor(run / 4);
  return { pairs, passes, fours, ones: passes * runs * (run % 4), ...copiesOf(w, copies.inside, copies.outside) };
}

/** One pixel times four channels; compilers see where the last channels are one and the same. */
function singleWork(w: Window): Work {
  const passes = windowsOf(w) * Math.ceil(w.out_depth / 4);
  const outputs = w.out_depth < 4 ? outputsOf(w) : 4 * passes;
  const copies = gathered(w, { insideToo: false });
  return { outputs, taps: passes * windowSize(w), products: outputs * windowSize(w), ...copies };
}

/** Eight channels at a time, then the rest; with two or more times eight, compilers keep the loop. */
function fewWork(w: Window): Work {
  const [windows, taps] = [windowsOf(w), windowSize(w)];
  const [eights, rest] = [Math.floor(w.out_depth / FEW_RUN), w.out_depth % FEW_RUN];
  return {
    outputs: outputsOf(w),
    eights: windows * eights * taps,
    loops: eights > 1 ? windows * eights : 0,
    rests: rest > 0 ? windows * taps : 0,
    products: windows * rest * taps,
    ...gathered(w, { insideToo: true }),
  };
}

/** Windows inside the picture are copied line by line if at all, others pixel by pixel. */
export function gathered(w: Window, { insideToo }: { readonly insideToo: boolean }): Work {
  const inside = insideCount(w);
  return copiesOf(w, insideToo ? inside : 0, windowsOf(w) - inside);
}

function copiesOf(w: Window, inside: number, outside: number): Work {
  const pixels = outside * w.height * w.width;
  return {
    lineCopies: inside * w.height,
    lineBytes: inside * windowSize(w),
    pixelCopies: pixels,
    pixelBytes: pixels * w.in_depth,
  };
}

export function windowsOf(w: Window): number {
  return w.batches * w.out_height * w.out_width;
}

export function outputsOf(w: Window): number {
  return windowsOf(w) * w.out_depth;
}

export function windowSize(w: Window): number {
  return w.height * w.width * w.in_depth;
}

function insideCount(w: Window): number {
  if (w.whole) return windowsOf(w);
  if (w.dilation_y > 1 || w.dilation_x > 1) return 0;
  const inside = (out: number, stride: number, pad: number, filter: number, size: number) =>
    Array.from({ length: out }, (_, i) => i * stride - pad).filter((start) => start >= 0 && start + filter <= size)
      .length;
  const rows = inside(w.out_height, w.stride_y, w.pad_top, w.height, w.in_height);
  return w.batches * rows * inside(w.out_width, w.stride_x, w.pad_left, w.width, w.in_width);
}

/** smk_window_inside for the window of an output pixel of one picture. */
function isInside(w: Window, pixel: number): boolean {
  if (w.whole || w.dilation_y > 1 || w.dilation_x > 1) return w.whole;
  const y = Math.floor(pixel / w.out_width) * w.stride_y - w.pad_top;
  const x = (pixel % w.out_width) * w.stride_x - w.pad_left;
  return y >= 0 && x >= 0 && y + w.height <= w.in_height && x + w.width <= w.in_width;
}

/** Elements of a line or column of the picture under the windows of one, cut to the picture, over all windows. */
function axisReads(w: Window, axis: "y" | "x"): number {
  const [out, stride, pad, filter, size] =
    axis === "y"
      ? [w.out_height, w.stride_y, w.pad_top, w.height, w.in_height]
      : [w.out_width, w.stride_x, w.pad_left, w.width, w.in_width];
  let reads = 0;
  for (let i = 0; i < out; i++) {
    const start = i * stride - pad;
    reads += Math.max(0, Math.min(start + filter, size) - Math.max(start, 0));
  }
  return reads;
}
