/** The preprocessing contract's parameters (docs/preprocessing.md); compiled into the firmware and kept with every model. */

export interface PreprocessSpec {
  /** Side of the square network input in pixels, 8 to 128. */
  readonly size: number;
  /**
   * How grey values become int8.
   * - `standardize`: q = clamp(round(127 (x - mean) / (3 max(std, 4))), -127, 127); scale 3/127, zero point 0.
   * - `none`: q = x - 128; scale 1/255, zero point -128.
   */
  readonly normalize: "standardize" | "none";
}

/** What decides how the network's input is read. */
export type InputSpec = Pick<PreprocessSpec, "normalize">;

/** Scale and zero point of the network's int8 input under a spec. */
export function inputQuantization(spec: InputSpec): { scale: number; zeroPoint: number } {
  return spec.normalize === "standardize"
    ? { scale: Math.fround(3 / 127), zeroPoint: 0 }
    : { scale: Math.fround(1 / 255), zeroPoint: -128 };
}
