/** Hair on the skull, and what hangs behind the head. */
import { abs, hypot, max, min } from "./math.js";
import type { Person } from "./person.js";
import { cover, mix, smooth, valueNoise } from "./shapes.js";
import type { Feature, Surface } from "./surface.js";

/** Reflectance of hair at a place: strands run along `along` and vary across it. */
export function hairAlbedo(person: Person, across: number, along: number): number {
  const strands = valueNoise(across * 26, along * 3, person.texture);
  const locks = valueNoise(across * 7 + 40, along * 1.5, person.texture);
  return person.hair * (0.45 + 0.65 * strands + 0.5 * locks);
}

/** The part of the hair that covers forehead and temples. */
export class Hairline implements Feature {
  readonly top = -2;
  readonly bottom: number;

  constructor(private readonly person: Person) {
    const { hairStyle } = person;
    this.bottom = hairStyle === "long" ? 2 : 0.3;
  }

  paint(s: Surface): void {
    const { person } = this;
    if (person.hairStyle === "bald") return;
    const inside = cover(s.v - this.lineAt(s.u), s.pixel + 0.05);
    if (inside <= 0) return;
    s.albedo = mix(s.albedo, hairAlbedo(person, s.u + 0.15 * s.v, s.v), inside);
    s.gloss *= 1 - 0.8 * inside;
    s.slopeU *= 1 - inside;
    s.slopeV *= 1 - inside;
  }

  /** Above this v there is hair. */
  private lineAt(u: number): number {
    const { person } = this;
    const side = abs(u) / person.headWidth;
    const ragged = 0.05 * (valueNoise(u * 14, 3, person.texture) - 0.5);
    const temple = smooth(0.72, 0.92, side);
    const sideburn = person.hairStyle === "long" ? 1.5 : person.hairStyle === "tied" ? -0.1 : 0.12;
    return mix(this.frontAt(u, side), sideburn, temple) + ragged;
  }

  private frontAt(u: number, side: number): number {
    const { person } = this;
    if (person.hairStyle === "fringe")
      return min(person.eyeY - person.browHeight - 0.02, person.hairline + 0.3) + 0.03 * side;
    const round = person.hairline + 0.3 * side * side;
    if (person.hairStyle === "parted" || person.hairStyle === "long") {
      const part = 0.2 * ((person.texture & 1) === 0 ? 1 : -1);
      return person.hairline - 0.12 + 0.5 * min(0.75, abs(u - part)) * (1 + 0.4 * side);
    }
    return round;
  }
}

/** Coverage of the hair's outline around the head; x, y on the turned head, head units. Most of it lies behind the face. */
export function hairOutline(person: Person, x: number, y: number, pixel: number): number {
  const { hairStyle, hairVolume, headWidth, texture } = person;
  if (hairStyle === "bald" || y < -1.5 || y > 1.6 || (y > 0.2 && hairStyle !== "long")) return 0;
  const ragged = 0.03 * (valueNoise(x * 9, y * 9, texture) - 0.5);
  const volume = hairVolume * (hairStyle === "tied" ? 0.5 : 1);
  const width = headWidth + volume * 0.9;
  const cap = hypot(x / width, (y + 0.05) / (0.95 + volume)) - 1;
  let distance = y < 0.15 ? cap * width : 1;
  if (hairStyle === "long") {
    const fall = abs(x) - (headWidth + volume + 0.1 * smooth(-0.2, 0.9, y));
    const length = y - 1.15 - 0.2 * valueNoise(x * 8, 1, texture);
    if (y > -0.2) distance = min(distance, max(fall, length));
  }
  if (hairStyle === "tied") distance = min(distance, (hypot(x - 0.1, y + 1.12) - 0.2) * 1);
  return cover(distance + ragged, pixel + 0.02);
}
