import type { Box, GrayImage } from "../data/types.js";
import { normalize } from "./normalize.js";
import { resizeArea } from "./resize.js";
import type { PreprocessSpec } from "./types.js";

/** frame + box -> int8 network input [size, size, 1], exactly as the firmware computes it. */
export function preprocess(frame: GrayImage, box: Box, spec: PreprocessSpec): Int8Array {
  return normalize(resizeArea(frame, box, spec.size), spec.normalize);
}
