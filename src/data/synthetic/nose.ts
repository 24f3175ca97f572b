/** Nose and chin: mostly relief that the light models. */

import type { Expression } from "./expression.js";
import { max } from "./math.js";
import type { Person } from "./person.js";
import { type Feature, raise, type Surface, shadow } from "./surface.js";

export class Nose implements Feature {
  readonly top: number;
  readonly bottom: number;
  private readonly end: number;
  private readonly width: number;

  constructor(
    person: Person,
    expression: Expression,
    /** The nose stands out, so it moves further than the face when the head turns; head units. */
    private readonly shiftU: number,
    private readonly shiftV: number,
  ) {
    this.end = person.eyeY + person.noseLength;
    this.width = person.noseWidth * (1 + 0.12 * max(0, expression.smile));
    this.top = person.eyeY - 0.2;
    this.bottom = this.end + 0.2;
  }

  paint(s: Surface): void {
    const { end, width, shiftU, shiftV } = this;
    if (s.u < -0.35 || s.u > 0.35) return;
    const middle = (this.top + end) / 2;
    raise(s, shiftU * 0.6, middle, 0.1, 0.34, 0.06);
    raise(s, shiftU, end - 0.06 + shiftV, width * 1.15, 0.13, 0.085);
    const side = s.u < shiftU ? -1 : 1;
    raise(s, shiftU + side * width * 0.72, end - 0.04 + shiftV, width * 0.5, 0.065, 0.035);
    shadow(s, shiftU * 0.8, end + 0.035 + shiftV, width * 1.1, 0.05, 0.4);
    shadow(s, shiftU + side * width * 0.42, end + 0.008 + shiftV, width * 0.32, 0.026, 0.9);
    shadow(s, shiftU * 0.8 + side * width * 1.08, end - 0.025 + shiftV, 0.03, 0.06, 0.4);
    shadow(s, 0, end + 0.11, 0.03, 0.05, 0.12);
  }
}

export class Chin implements Feature {
  readonly top = 0.6;
  readonly bottom = 1.1;
  paint(s: Surface): void {
    raise(s, 0, 0.86, 0.24, 0.15, 0.05);
  }
}
