/** Second word of the detector's random streams, beside those of src/train/streams.ts. Values are part of the results; never reuse one. */
export const DETECTOR_STREAM = {
  /** (seed, order, epoch) */
  order: 101,
  /** (seed, vary, epoch, place in the epoch) */
  vary: 102,
  /** (seed, normals) */
  normals: 103,
  /** (seed, compose, scene) */
  compose: 104,
} as const;
