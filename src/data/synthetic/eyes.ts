/** Eyes, brows and glasses. */

import type { Expression } from "./expression.js";
import { abs, hypot, max, min, sign, sqrt } from "./math.js";
import type { Person } from "./person.js";
import { cover, mix, smooth } from "./shapes.js";
import { type Feature, raise, type Surface, shadow } from "./surface.js";

const SCLERA = 0.52;
const PUPIL = 0.008;
const LASH = 0.03;

export class Eyes implements Feature {
  readonly top: number;
  readonly bottom: number;
  private readonly upperLid: number;
  private readonly lowerLid: number;

  constructor(
    private readonly person: Person,
    private readonly expression: Expression,
    /** Light comes from the left (-1) or right (1): where the eyes shine. */
    private readonly lightSide: number,
  ) {
    const open = (1 - expression.blink) * (1 - 0.4 * expression.squint) * (1 + 0.25 * max(0, expression.brows));
    this.upperLid = person.eyeHeight * open;
    this.lowerLid = person.eyeHeight * 0.62 * (1 - 0.75 * expression.squint) * (1 - expression.blink);
    this.top = person.eyeY - 0.3;
    this.bottom = person.eyeY + 0.3;
  }

  paint(s: Surface): void {
    const { person } = this;
    const side = s.u < 0 ? -1 : 1;
    const x = s.u - side * person.eyeX;
    const y = s.v - person.eyeY + side * x * person.eyeTilt;
    if (x < -0.26 || x > 0.26) return;
    raise(s, side * person.eyeX, person.eyeY - 0.02, 0.24, 0.17, -0.05);
    shadow(s, side * (person.eyeX - 0.1), person.eyeY - 0.05, 0.14, 0.12, 0.3);
    shadow(s, side * person.eyeX, person.eyeY - person.eyeHeight - 0.03, 0.2, 0.07, 0.25);
    const bag = 0.12 + 0.3 * person.age + 0.25 * this.expression.squint;
    shadow(s, side * person.eyeX, person.eyeY + person.eyeHeight + 0.035, 0.15, 0.04, bag);
    const a = x / person.eyeWidth;
    if (a > -1.25 && a < 1.25) this.paintEye(s, a, y, x, side);
  }

  private paintEye(s: Surface, a: number, y: number, x: number, side: number): void {
    const round = max(0, 1 - a * a);
    const top = -this.upperLid * sqrt(round) * (1 - 0.12 * a * side);
    const bottom = this.lowerLid * round;
    const inside = min(cover(top - y, s.pixel), cover(y - bottom, s.pixel)) * (round > 0 ? 1 : 0);
    if (inside > 0) {
      s.albedo = mix(s.albedo, this.ballAt(x, y, top, s.pixel), inside);
      s.gloss *= 1 - inside;
      s.slopeU *= 1 - inside;
      s.slopeV *= 1 - inside;
    }
    const lash = cover(abs(y - top + 0.004) - 0.014, s.pixel + 0.006) * smooth(1.2, 0.95, abs(a));
    s.albedo = mix(s.albedo, LASH, 0.85 * lash);
    const crease = cover(abs(y - top + 0.045) - 0.006, s.pixel + 0.012) * smooth(1.1, 0.6, abs(a));
    s.albedo *= 1 - 0.35 * crease;
    const lower = cover(abs(y - bottom) - 0.005, s.pixel + 0.008) * smooth(1.05, 0.8, abs(a));
    s.albedo *= 1 - 0.35 * lower;
  }

  private ballAt(x: number, y: number, lid: number, pixel: number): number {
    const { person, expression } = this;
    const dx = x - 0.4 * person.eyeWidth * max(-1, min(1, expression.gazeX));
    const dy = y + 0.008 - 0.3 * person.eyeHeight * max(-1, min(1, expression.gazeY));
    const radius = sqrt(dx * dx + dy * dy) / person.eyeWidth;
    const shine = hypot(dx - 0.022 * this.lightSide, dy + 0.02) / person.eyeWidth;
    const edge = pixel / person.eyeWidth;
    const iris = person.iris * (1 - 0.5 * smooth(0.38, 0.48, radius));
    const white = mix(SCLERA, iris, cover(radius - 0.5, edge));
    const ball = mix(white, PUPIL, cover(radius - 0.2, edge)) * (0.55 + 0.45 * smooth(0, 0.035, y - lid));
    return mix(ball, 1.1, cover(shine - 0.13, edge));
  }
}

export class Brows implements Feature {
  readonly top: number;
  readonly bottom: number;
  private readonly y: number;

  constructor(
    private readonly person: Person,
    private readonly expression: Expression,
  ) {
    this.y = person.eyeY - person.browHeight - 0.05 * expression.brows + 0.025 * expression.frown;
    this.top = this.y - 0.2;
    this.bottom = this.y + 0.2;
  }

  paint(s: Surface): void {
    const { person, expression } = this;
    const a = (abs(s.u) - person.eyeX - 0.01 + 0.03 * expression.frown) / 0.19;
    if (a < -1 || a > 1) return;
    raise(s, sign(s.u) * person.eyeX, this.y, 0.22, 0.1, 0.02);
    const drop = 0.055 * expression.frown * (1 - a) * 0.5;
    const arch = person.browArch * (1 - (a - 0.25) * (a - 0.25) * 1.6);
    const thickness = person.browThickness * (1 - 0.75 * smooth(0.1, 1, a)) * smooth(-1, -0.7, a);
    const inside = cover(abs(s.v - this.y - drop + arch) - thickness, s.pixel + 0.02);
    if (inside > 0) s.albedo = mix(s.albedo, min(person.brow, person.skin * 0.8), 0.8 * inside);
    if (expression.frown > 0) shadow(s, sign(s.u) * 0.06, this.y + 0.01, 0.025, 0.09, 0.4 * expression.frown);
  }
}

export class Glasses implements Feature {
  readonly top: number;
  readonly bottom: number;
  private readonly thickness: number;
  private readonly frame: number;

  constructor(
    private readonly person: Person,
    /** Strength of the reflection in the lenses, 0 to 1. */
    private readonly glare: number,
  ) {
    this.thickness = person.glasses === "thin" ? 0.012 : 0.026;
    this.frame = person.glasses === "thin" ? 0.12 : 0.02;
    this.top = person.eyeY - 0.3;
    this.bottom = person.eyeY + 0.35;
  }

  paint(s: Surface): void {
    const { person } = this;
    if (person.glasses === "none") return;
    const y = s.v - person.eyeY - 0.025;
    const lens = this.lensDistance(abs(s.u) - person.eyeX, y);
    const inside = cover(lens, s.pixel);
    if (inside > 0) {
      if (person.glasses === "dark") s.albedo = mix(s.albedo, 0.015 + 0.04 * this.glare, 0.94 * inside);
      else s.albedo += inside * this.glare * (0.04 + 0.5 * smooth(0.09, 0.03, abs(s.u * 0.8 + y - 0.12 * this.glare)));
    }
    const rim = cover(abs(lens) - this.thickness, s.pixel);
    const bridge = cover(hypot(max(0, abs(s.u) - 0.12), y + 0.05) - this.thickness, s.pixel);
    const outer = abs(s.u) - person.eyeX - 0.19;
    const temple = outer > 0 ? cover(abs(y + 0.05) - this.thickness, s.pixel) : 0;
    const solid = max(rim, bridge, temple);
    if (solid > 0) s.albedo = mix(s.albedo, this.frame, solid);
  }

  /** Signed distance from a lens with rounded corners. */
  private lensDistance(x: number, y: number): number {
    const radius = 0.05 + 0.1 * this.person.glassesRoundness;
    const dx = abs(x) - (0.19 - radius);
    const dy = abs(y) - (0.15 - radius);
    return hypot(max(0, dx), max(0, dy)) + min(0, max(dx, dy)) - radius;
  }
}
