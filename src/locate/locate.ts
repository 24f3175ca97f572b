/** Which part of a frame the network looks at (docs/preprocessing.md, "Locate"); twin of firmware/core/sm_locate.c. */
import type { GrayImage } from "../data/types.js";
import { locateCenter, wholeBox } from "./center.js";
import { chooseFace } from "./choose.js";
import type { Detector, Located, LocatorSpec } from "./types.js";

/** Confidence of a square that is looked at without looking for a face. */
export const CERTAIN = 1000;

/**
 * The square to look at, and whether somebody is there. RangeError when the locator needs a detector and there is none.
 * Of several faces that count {@link chooseFace} takes one; if none counts, the most confident candidate is logged.
 */
export function locate(spec: LocatorSpec, frame: GrayImage, detector?: Detector): Located {
  const { width, height } = frame;
  if (spec.kind === "center") {
    return { box: locateCenter(spec.center, width, height), confidence: CERTAIN, found: true };
  }
  if (detector === undefined) throw new RangeError(`locator ${spec.kind} without its detector`);
  const candidates = detector.candidates(frame);
  const best = chooseFace(candidates, { threshold: spec.threshold, spread: detector.spread }, width, height);
  if (best === undefined) return { box: wholeBox(width, height), confidence: 0, found: false };
  return { ...best, found: best.confidence >= spec.threshold };
}
