/**
 * The head as an ellipsoid that the view's rays meet: every sample of the picture is carried back to the unturned head, painted there by the
 * features, and lit with the normal that the turned head has. Pose therefore foreshortens everything as it should.
 */

import { backgroundAt } from "./background.js";
import type { Expression } from "./expression.js";
import { Brows, Eyes, Glasses } from "./eyes.js";
import { Hairline, hairAlbedo, hairOutline } from "./hair.js";
import { abs, cos, hypot, max, min, sin, sqrt } from "./math.js";
import { Beard, Cheeks, Mouth } from "./mouth.js";
import { Chin, Nose } from "./nose.js";
import type { Person } from "./person.js";
import type { Background, Light, Pose } from "./scene.js";
import { cover, mix, smooth, valueNoise } from "./shapes.js";
import type { Feature, Surface } from "./surface.js";

/** Depth of the nose in head units. */
const NOSE_DEPTH = 0.17;

export class Figure {
  private readonly features: readonly Feature[];
  private readonly surface: Surface = { u: 0, v: 0, pixel: 0, albedo: 0, gloss: 0, slopeU: 0, slopeV: 0 };
  private readonly cosYaw: number;
  private readonly sinYaw: number;
  private readonly cosPitch: number;
  private readonly sinPitch: number;
  private readonly cosRoll: number;
  private readonly sinRoll: number;
  /** An open mouth lengthens the face, head units. */
  private readonly jawDrop: number;

  constructor(
    private readonly person: Person,
    expression: Expression,
    pose: Pose,
    private readonly light: Light,
  ) {
    this.cosYaw = cos(pose.yaw);
    this.sinYaw = sin(pose.yaw);
    this.cosPitch = cos(pose.pitch);
    this.sinPitch = sin(pose.pitch);
    this.cosRoll = cos(pose.roll);
    this.sinRoll = sin(pose.roll);
    this.jawDrop = 0.12 * expression.open;
    const nose = new Nose(person, expression, NOSE_DEPTH * this.sinYaw, NOSE_DEPTH * this.sinPitch);
    this.features = [
      new Cheeks(person, expression),
      new Chin(),
      nose,
      ...(person.beard > 0 || person.moustache > 0 ? [new Beard(person)] : []),
      new Mouth(person, expression),
      new Eyes(person, expression, light.x < 0 ? -1 : 1),
      new Brows(person, expression),
      new Hairline(person),
      ...(person.glasses === "none" ? [] : [new Glasses(person, light.glare)]),
    ];
  }

  /**
   * Light that comes from (x, y), head units from the middle of the head.
   * @param pixel width of the sample in head units
   */
  radiance(x: number, y: number, pixel: number, background: Background): number {
    const hx = x * this.cosRoll + y * this.sinRoll;
    const hy = (y * this.cosRoll - x * this.sinRoll) / (1 + (y > 0 ? this.jawDrop : 0));
    const front = this.skull(hx, hy, pixel);
    // Most of a crop is face: nothing else needs to be drawn there.
    if (front >= 1) return this.face(hx, hy, pixel);
    let value = backgroundAt(background, x, y);
    if (y > 0.9) value = this.shoulders(x, y, pixel, value);
    const hair = hairOutline(this.person, hx, hy, pixel);
    if (hair > 0) value = mix(value, this.hairLight(hx, hy), hair);
    if (y > 0.4) value = this.neck(x, y, pixel, value);
    value = this.ears(hx, hy, pixel, value);
    return front > 0 ? mix(value, this.face(hx, hy, pixel), front) : value;
  }

  private taper(y: number): number {
    const t = max(0, (y - 0.05) / 0.95);
    return 1 - this.person.jaw * t * t;
  }

  private skull(x: number, y: number, pixel: number): number {
    if (y < -1.1 || y > 1.1 || x < -1 || x > 1) return 0;
    const across = x / (this.person.headWidth * this.taper(y));
    return cover((sqrt(across * across + y * y) - 1) * this.person.headWidth, pixel);
  }

  private face(x: number, y: number, pixel: number): number {
    const { person, surface: s, cosYaw, sinYaw, cosPitch, sinPitch } = this;
    const nx = x / (person.headWidth * this.taper(y));
    const nz = sqrt(max(0.02, 1 - nx * nx - y * y));
    const turned = nx * sinYaw + nz * cosYaw;
    s.u = (nx * cosYaw - nz * sinYaw) * person.headWidth;
    s.v = y * cosPitch - turned * sinPitch;
    const facing = y * sinPitch + turned * cosPitch;
    s.pixel = pixel / max(0.35, nz);
    s.albedo = this.skinAt(s.u, s.v);
    s.gloss = 0.35;
    s.slopeU = 0;
    s.slopeV = 0;
    if (facing > 0)
      for (const feature of this.features) if (s.v > feature.top && s.v < feature.bottom) feature.paint(s);
    if (facing <= 0 && person.hairStyle !== "bald") s.albedo = hairAlbedo(person, s.u, s.v);
    return this.lit(s.albedo, 0.85 * nx - s.slopeU, 0.75 * y - s.slopeV, nz, s.gloss) * this.occlusion(nx, y);
  }

  private skinAt(u: number, v: number): number {
    const { skin, texture } = this.person;
    return skin * (0.92 + 0.16 * valueNoise(u * 5 + 9, v * 5, texture));
  }

  /** Less light reaches the underside of the jaw and the edges. */
  private occlusion(nx: number, y: number): number {
    return 1 - 0.3 * smooth(0.6, 1.05, y) - 0.12 * smooth(0.6, 1, abs(nx));
  }

  private ears(x: number, y: number, pixel: number, behind: number): number {
    const { person, sinYaw } = this;
    if (person.hairStyle === "long" || y < -0.2 || y > 0.4) return behind;
    const side = x < 0 ? -1 : 1;
    // The ear on the far side disappears behind the cheek, the near one moves in.
    const out = person.headWidth * (1.0 - 0.14 * abs(sinYaw)) - (side * sinYaw > 0 ? 0.18 * abs(sinYaw) : 0);
    const dx = (abs(x) - out) / 0.1;
    const dy = (y - 0.09) / 0.2;
    const distance = hypot(dx, dy) - 1;
    const inside = cover(distance * 0.1, pixel);
    if (inside <= 0) return behind;
    const hollow = smooth(0.75, 0.2, hypot(dx + 0.1, dy));
    return mix(behind, this.lit(person.skin * (0.85 - 0.45 * hollow), side * 0.7, 0, 0.6, 0.1), inside);
  }

  /** Neck and clothes do not tilt with the head. */
  private neck(x: number, y: number, pixel: number, behind: number): number {
    const { person } = this;
    const width = 0.43 + 0.1 * smooth(1, 1.5, y) + 0.1 * (person.headWidth - 0.75);
    const inside = min(cover(abs(x) - width, pixel), cover(y - this.neckline(x), pixel));
    if (inside <= 0) return behind;
    const across = x / width;
    const jawShadow = 0.4 + 0.5 * smooth(0.95, 1.45, y);
    const nz = sqrt(max(0.05, 1 - across * across));
    return mix(behind, this.lit(person.skin * jawShadow, 0.8 * across, 0.1, nz, 0), inside);
  }

  /** Where skin ends and clothes begin. */
  private neckline(x: number): number {
    const side = abs(x);
    return 1.28 + 0.3 * x * x * (0.6 + 0.4 * side) - 0.16 * smooth(0.75, 0.35, side) + 0.24 * smooth(0.42, 0.1, side);
  }

  private shoulders(x: number, y: number, pixel: number, behind: number): number {
    const { person } = this;
    const top = this.neckline(x);
    const inside = min(cover(top - y, pixel), cover(abs(x) - 1.75, pixel));
    if (inside <= 0) return behind;
    const folds = 0.8 + 0.4 * valueNoise(x * 3, y * 2, person.texture);
    const isCollar = y < top + 0.12 && abs(x) < 0.6;
    const cloth = (isCollar ? person.collar : person.clothes) * folds;
    return mix(behind, this.lit(cloth, x * 0.35, -0.35, 0.8, 0), inside);
  }

  private hairLight(x: number, y: number): number {
    const nx = max(-1, min(1, x / (this.person.headWidth + 0.1)));
    const nz = sqrt(max(0.15, 1 - nx * nx - 0.6 * y * y));
    const depth = 1 - 0.35 * smooth(0, 0.8, y);
    return this.lit(hairAlbedo(this.person, x + 0.15 * y, y), 0.85 * nx, min(0.5, 0.75 * y), nz, 0.05) * depth;
  }

  /** Lambert's law with soft light around the edge, ambient light from above, and a small highlight. */
  private lit(albedo: number, nx: number, ny: number, nz: number, gloss: number): number {
    const { light } = this;
    const length = sqrt(nx * nx + ny * ny + nz * nz);
    const facing = (nx * light.x + ny * light.y + nz * light.z) / length;
    const direct = max(0, (facing + light.softness) / (1 + light.softness));
    const ambient = light.ambient * (0.75 - (0.25 * ny) / length);
    // Half-way vector of light and viewer, Blinn's highlight with exponent 16.
    const half = (nx * light.x + ny * light.y + nz * (light.z + 1)) / (length * light.halfLength);
    let shine = half > 0.75 ? half * half : 0;
    shine *= shine;
    shine *= shine;
    shine *= shine;
    return albedo * (light.direct * direct + ambient) + 0.09 * gloss * light.direct * shine * shine;
  }
}
