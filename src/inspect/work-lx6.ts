/** The work of the kernels for the ESP32's MAC16 (firmware/kernels/lx6/smk_lx6.h). `numbers` are the literals after the window: bands first of all. */
import type { Window } from "../emit/c/lower-conv.js";
import type { Work } from "./work.js";
import { gathered, outputsOf, windowSize, windowsOf } from "./work-window.js";

/** Up to this many values a line of a window inside the picture is copied without a call (smk_lx6_gather). */
const LONGEST_UNROLLED = 16;

/** Undefined for other kernels. */
export function lx6Work(kernel: string, w: Window, numbers: readonly number[]): Work | undefined {
  switch (kernel) {
    case "smk_lx6_conv_point":
      return { ...channels(w, w.in_depth, Math.ceil(w.out_width / numbers[0])), widened: w.out_width * w.in_depth };
    case "smk_lx6_conv_rows":
      return rowsWork(w, numbers[0]);
    case "smk_lx6_conv_patches":
      return patchesWork(w, numbers);
    case "smk_lx6_depthwise":
      return depthwiseWork(w);
    default:
      return undefined;
  }
}

/** For each band and output channel the weights are widened anew. */
function channels(w: Window, taps: number, bands: number): Work {
  const passes = bands * w.out_depth;
  return { passes, weights: passes * taps, outputs: outputsOf(w), products: outputsOf(w) * taps };
}

/** Lines of the picture are widened once for each band that sees them. */
function rowsWork(w: Window, band: number): Work {
  const columns = (w.out_width - 1) * w.stride_x + 3;
  const bands = Math.ceil(w.out_height / band);
  const lines = w.batches * ((w.out_height - bands) * w.stride_y + 3 * bands);
  return {
    ...channels(w, windowSize(w), w.batches * bands),
    lines,
    widened: lines * columns * w.in_depth,
    outputLines: w.batches * w.out_height * w.out_depth,
  };
}

function patchesWork(w: Window, [taps, band]: readonly number[]): Work {
  const windows = windowsOf(w);
  const run = w.width * w.in_depth;
  const inPlace = w.whole && w.height === 1 && run === taps;
  const { lineCopies, lineBytes, ...outside } = gathered(w, { insideToo: true });
  const copies = run > LONGEST_UNROLLED ? { lineCopies, lineBytes } : { unrolled: lineBytes };
  return {
    ...channels(w, taps, Math.ceil(windows / band)),
    windows,
    widened: windows * taps,
    ...(inPlace ? {} : { ...copies, ...outside }),
  };
}

/** A plane at a time: the channel's values are brought together once. */
function depthwiseWork(w: Window): Work {
  const planes = w.batches * w.out_depth;
  const above = Math.max(0, -w.pad_top);
  const lines = Math.max(0, Math.min((w.out_height - 1) * w.stride_y + 3 - w.pad_top, w.in_height) - above);
  const work = { planes, planed: planes * lines * w.in_width, outputLines: planes * w.out_height };
  return w.stride_x === 1 ? { ...work, outputs: outputsOf(w) } : { ...work, strided: outputsOf(w) };
}
