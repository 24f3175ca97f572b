/** A sample of the head's surface while it is being painted. */
export interface Surface {
  /** Place on the unturned head seen from the front, head units. */
  u: number;
  v: number;
  /** Width of the sample, head units. */
  pixel: number;
  /** Linear reflectance. */
  albedo: number;
  /** Strength of the highlight. */
  gloss: number;
  /** Slope of the relief: how much the height grows along u and v. */
  slopeU: number;
  slopeV: number;
}

/** A part of the face. It is painted on samples between `top` and `bottom` only. */
export interface Feature {
  readonly top: number;
  readonly bottom: number;
  paint(surface: Surface): void;
}

/** Raises the relief by an elliptic bump of the given radii. */
export function raise(s: Surface, u: number, v: number, radiusU: number, radiusV: number, height: number): void {
  const a = (s.u - u) / radiusU;
  const b = (s.v - v) / radiusV;
  const q = a * a + b * b;
  if (q >= 1) return;
  const slope = -4 * height * (1 - q);
  s.slopeU += (slope * a) / radiusU;
  s.slopeV += (slope * b) / radiusV;
}

/** Darkens by a soft elliptic spot. */
export function shadow(s: Surface, u: number, v: number, radiusU: number, radiusV: number, strength: number): void {
  const a = (s.u - u) / radiusU;
  const b = (s.v - v) / radiusV;
  const q = a * a + b * b;
  if (q < 1) s.albedo *= 1 - strength * (1 - q) * (1 - q);
}
