/** The signal processor's tone curve: 8-bit grey to 8-bit grey with fractions, composed by the augmentations of tone. */

export interface ToneCurve {
  /** Grey values 0 to 255 by 256 grey values, the last one twice for interpolation. */
  readonly values: Float32Array;
  /** False while it changes nothing. */
  active: boolean;
}

export function makeCurve(): ToneCurve {
  const curve = { values: new Float32Array(257), active: true };
  resetCurve(curve);
  return curve;
}

export function resetCurve(curve: ToneCurve): void {
  if (!curve.active) return;
  for (let i = 0; i < 257; i++) curve.values[i] = Math.min(i, 255);
  curve.active = false;
}

/** Puts another step behind the curve; `step` takes and gives fractions of the range and is clipped to it. */
export function bend(curve: ToneCurve, step: (value: number) => number): void {
  const { values } = curve;
  for (let i = 0; i < 256; i++) values[i] = 255 * Math.max(0, Math.min(1, step(values[i] / 255)));
  values[256] = values[255];
  curve.active = true;
}
