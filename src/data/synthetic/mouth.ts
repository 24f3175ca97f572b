/** Lips, opening, teeth, corners, and the folds that a smile draws. */

import type { Expression } from "./expression.js";
import { abs, floor, imul, max, min, sign, sqrt } from "./math.js";
import type { Person } from "./person.js";
import { cover, mix, smooth } from "./shapes.js";
import { type Feature, raise, type Surface, shadow } from "./surface.js";

const CAVITY = 0.012;
const TONGUE = 0.1;

export class Mouth implements Feature {
  readonly top: number;
  readonly bottom: number;
  private readonly y: number;
  private readonly halfWidth: number;
  private readonly lift: number;
  private readonly gap: number;
  private readonly upper: number;
  private readonly lower: number;

  constructor(
    private readonly person: Person,
    private readonly expression: Expression,
  ) {
    const { smile, open, pucker } = expression;
    const broad = max(0, smile);
    this.halfWidth = person.mouthWidth * (1 + 0.3 * broad - 0.42 * pucker - 0.16 * open * (1 - broad));
    this.lift = 0.14 * (smile + person.restingLift);
    this.gap = 0.3 * open;
    this.y = person.mouthY + 0.25 * this.gap - 0.02 * broad;
    this.upper = person.upperLip * (1 - 0.35 * broad + 0.6 * pucker);
    this.lower = person.lowerLip * (1 - 0.25 * broad + 0.4 * pucker);
    this.top = this.y - 0.3;
    this.bottom = this.y + this.gap + 0.3;
  }

  paint(s: Surface): void {
    const a = s.u / this.halfWidth;
    if (a < -1.6 || a > 1.6) return;
    raise(s, 0, this.y + 0.2 * this.gap, this.halfWidth * 1.5, 0.24 + this.gap * 0.5, 0.05);
    shadow(s, 0, this.y + this.lower + 0.75 * this.gap + 0.055, this.halfWidth * 0.8, 0.05, 0.22);
    const line = this.lineAt(a);
    this.paintCorner(s, a, line);
    if (a > -1 && a < 1) this.paintLips(s, a, line);
  }

  /** Height of the line where the lips meet; its ends carry the expression. */
  private lineAt(a: number): number {
    const lift = this.lift * (1 + 0.8 * this.expression.lopsided * a);
    return this.y - lift * (a * a - 0.3);
  }

  private paintCorner(s: Surface, a: number, line: number): void {
    const side = abs(a);
    if (side < 0.7) return;
    const end = this.lineAt(sign(a));
    const depth = 0.25 + 0.3 * max(0, this.expression.smile);
    shadow(s, sign(a) * this.halfWidth * 1.04, end, 0.055, 0.045, depth);
    const thin = cover(abs(s.v - line) - 0.008, s.pixel + 0.01);
    if (side < 1.05) s.albedo *= 1 - 0.6 * thin * smooth(0.6, 0.9, side);
  }

  private paintLips(s: Surface, a: number, line: number): void {
    const { person, expression } = this;
    const round = 1 - a * a;
    const bow = 1 - 0.22 * max(0, 1 - abs(a) * 5);
    const openTop = line - this.gap * mix(0.42, 0.12, max(0, expression.smile)) * round;
    const openBottom = line + this.gap * 0.62 * sqrt(round);
    const lipTop = openTop - this.upper * sqrt(round) * bow;
    const lipBottom = openBottom + this.lower * round;
    const inside = min(cover(lipTop - s.v, s.pixel + 0.012), cover(s.v - lipBottom, s.pixel + 0.012));
    if (inside <= 0) return;
    const upperHalf = s.v < (openTop + openBottom) / 2;
    const tone = person.skin * person.lipTone * (upperHalf ? 0.82 : 1);
    s.albedo = mix(s.albedo, tone, inside * 0.9);
    if (!upperHalf) s.gloss += 0.5 * inside;
    s.slopeV += inside * (upperHalf ? 0.25 : -0.3 + (0.6 * (s.v - openBottom)) / max(0.01, lipBottom - openBottom));
    this.paintOpening(s, a, openTop, openBottom);
  }

  private paintOpening(s: Surface, a: number, openTop: number, openBottom: number): void {
    const height = openBottom - openTop;
    const seam = cover(abs(s.v - (openTop + openBottom) / 2) - max(0.007, height / 2), s.pixel);
    if (seam <= 0) return;
    s.albedo = mix(s.albedo, this.insideAt(s, a, openTop, height), seam * (height > 0.015 ? 1 : 0.75));
    s.gloss *= 1 - seam;
  }

  /** Teeth hang from the upper edge; between them and the corners it is dark; a wide mouth shows the tongue. */
  private insideAt(s: Surface, a: number, openTop: number, height: number): number {
    const { person, expression } = this;
    if (height < 0.015) return CAVITY;
    const depth = s.v - openTop;
    const row = min(0.12, height * 1.02) * expression.teeth;
    const upper = cover(depth - row, s.pixel + 0.006) * smooth(0.98, 0.7, abs(a));
    const tooth = abs(((((s.u / 0.052) % 1) + 1) % 1) - 0.5);
    const gaps = 1 - 0.35 * smooth(0.42, 0.5, tooth);
    const shade = mix(1, 0.55, abs(a)) * (0.75 + 0.25 * smooth(0, 0.03, depth));
    const back = height > 0.12 ? mix(CAVITY, TONGUE, smooth(0.55, 0.9, depth / height) * (1 - a * a)) : CAVITY;
    return mix(back, person.teeth * gaps * shade, upper);
  }
}

/** The cheeks rise, and a fold runs from the wing of the nose around the corner of the mouth. */
export class Cheeks implements Feature {
  readonly top = -0.1;
  readonly bottom = 1;
  private readonly foldTop: number;
  private readonly foldEnd: number;
  private readonly foldX: number;
  private readonly bulge: number;
  private readonly depth: number;
  private readonly rise: number;

  constructor(
    private readonly person: Person,
    expression: Expression,
  ) {
    const broad = max(0, expression.smile);
    this.foldTop = person.eyeY + person.noseLength - 0.03;
    this.foldEnd = person.mouthY + 0.02 - 0.05 * broad;
    this.foldX = person.noseWidth * 1.05;
    this.bulge = person.mouthWidth * (1 + 0.3 * broad) + 0.045 - this.foldX;
    this.depth = min(0.62, 0.08 + 0.35 * person.age + 0.42 * broad);
    this.rise = broad;
  }

  paint(s: Surface): void {
    const { person, rise } = this;
    const side = s.u < 0 ? -1 : 1;
    raise(s, side * 0.37, 0.27 - 0.06 * rise, 0.26, 0.24, 0.035 + 0.075 * rise);
    if (rise > 0.2 && person.dimples > 0) {
      const x = side * (person.mouthWidth * 1.3 + 0.11);
      shadow(s, x, person.mouthY - 0.07, 0.03, 0.055, 0.5 * person.dimples * rise);
    }
    this.paintFold(s);
  }

  private paintFold(s: Surface): void {
    const t = (s.v - this.foldTop) / (this.foldEnd - this.foldTop);
    if (t < 0 || t > 1.25) return;
    const x = this.foldX + this.bulge * min(1.05, sqrt(max(0, t)) * 1.02);
    const offset = abs(s.u) - x;
    const ends = smooth(0, 0.15, t) * smooth(1.25, 0.8, t);
    const q = (offset * offset) / (0.045 * 0.045);
    if (q >= 1) return;
    s.albedo *= 1 - this.depth * ends * (1 - q) * (1 - q);
    s.slopeU += sign(s.u) * this.depth * ends * (1 - q) * 3 * offset * 4;
  }
}

/** Stubble, beard and moustache. */
export class Beard implements Feature {
  /** Sideburns reach higher than the moustache. */
  readonly top = -0.3;
  private readonly noseEnd: number;
  readonly bottom = 1.1;

  constructor(private readonly person: Person) {
    this.noseEnd = person.eyeY + person.noseLength;
  }

  paint(s: Surface): void {
    const { person } = this;
    const side = abs(s.u) / person.headWidth;
    const edge = this.noseEnd + 0.1 + 0.14 * smooth(0.2, 0.55, side) - 0.65 * smooth(0.6, 0.97, side);
    const below = smooth(edge - 0.05, edge + 0.07, s.v);
    const nearLips = smooth(person.mouthWidth * 1.35, person.mouthWidth * 1.05, abs(s.u));
    const aboveLips = smooth(person.mouthY + 0.03, person.mouthY - 0.03, s.v) * nearLips;
    const topEdge = this.noseEnd + 0.035 + 0.9 * s.u * s.u;
    const tooHigh = smooth(topEdge, topEdge + 0.05, s.v);
    const amount = max(below * person.beard * (1 - aboveLips), aboveLips * tooHigh * person.moustache);
    if (amount <= 0) return;
    const strands = 0.6 + 0.8 * cellHair(s.u, s.v, person.texture);
    s.albedo = mix(s.albedo, person.hair * strands, 0.92 * amount);
    s.gloss *= 1 - amount;
  }
}

function cellHair(u: number, v: number, seed: number): number {
  const x = floor(u * 55 + v * 7);
  const y = floor(v * 22);
  let h = imul(x, 0x27d4eb2d) ^ imul(y, 0x165667b1) ^ seed;
  h = imul(h ^ (h >>> 15), 0x85ebca6b);
  return ((h ^ (h >>> 13)) >>> 0) / 4294967296;
}
