/**
 * Second word of the random streams of evaluation (the first is a seed or a picture's hash), beside those of src/train/streams.ts. Values are
 * part of the results; never reuse one.
 */
export const EVALUATION_STREAM = {
  /** (seed, bootstrap) */
  bootstrap: 101,
  /** (hash, scene, version, recipe): what all captures of a press share */
  scene: 102,
  /** (hash, capture, version, recipe, capture): what differs between the captures of a press */
  capture: 103,
  /** (hash, condition, version, condition) */
  condition: 104,
} as const;
