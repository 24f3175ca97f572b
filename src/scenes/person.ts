/** Paints people: shoulders, neck, and the head cut out of a picture. */
import { abs, max, min } from "../data/synthetic/math.js";
import type { Rng } from "../train/rng.js";
import { NOBODY } from "./canvas.js";
import { type Cutout, headDistance } from "./cutout.js";
import { cover, ellipse, mix, ramp } from "./shapes.js";
import { between, chance, type Stage } from "./stage.js";
import { nearest, type TextureName, texture } from "./texture.js";

/** Where a face is: the upper left corner of its square and its side, frame sides. */
export interface FacePlace {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** How a person is seen and lit. */
export interface Appearance {
  /** Radians, clockwise. */
  readonly tilt: number;
  readonly mirrored: boolean;
  /** Linear light of the face's middle. */
  readonly light: number;
  /** Light from the left (negative) or the right, -1 to 1. */
  readonly side: number;
  /** Half the width of the shoulders, and how far below the face they begin, face sides. */
  readonly shoulders: number;
  readonly drop: number;
  readonly clothes: number;
  readonly collar: number;
  readonly cloth: TextureName;
  readonly hair: number;
  readonly seed: number;
}

export function drawAppearance(rng: Rng, light: number): Appearance {
  return {
    tilt: 0.09 * rng.normal(),
    mirrored: chance(rng, 0.5),
    light,
    side: 0.5 * rng.normal(),
    shoulders: rng.between(1.05, 1.45),
    drop: rng.between(0.08, 0.26),
    clothes: between(rng, 0.04, 0.9),
    collar: between(rng, 0.05, 0.9),
    cloth: (["weave", "cloud", "plaster", "wood"] as const)[rng.below(4)],
    hair: between(rng, 0.015, 0.35),
    seed: rng.uint32(),
  };
}

/** The neck's middle turns the head; below it everything stays upright. */
const PIVOT = { x: 0.505, y: 0.85 };

/** Shoulders and neck, as nobody; then the head as `object`. */
export function paintPerson(stage: Stage, object: number, place: FacePlace, cutout: Cutout, look: Appearance): void {
  const gain = look.light / max(0.02, cutout.meanLight);
  paintBody(stage, place, look, min(0.9, cutout.skin * gain), look.light);
  if (cutout.faceOnly) paintSkull(stage, object, place, look, cutout.skin * gain);
  paintHead(stage, object, place, cutout, look, gain);
}

/** A head from behind on its shoulders: hair, no face. */
export function paintBackOfHead(stage: Stage, object: number, place: FacePlace, look: Appearance): void {
  paintBody(stage, place, look, 0.5 * look.light, look.light);
  const tile = texture("hair");
  const hair = look.hair * look.light * 3;
  const { canvas } = stage;
  const pixel = canvas.pixel / place.side;
  paintUpright(stage, object, place, look, (x, y) => {
    const shade = 1 - 0.5 * ramp(0.1, 0.65, abs(x - 0.505)) - 0.25 * ramp(0.2, 1.1, y);
    canvas.ink = hair * shade * (1 + 0.25 * nearest(tile, (x * 90 + look.seed) | 0, (y * 60) | 0));
    return cover(headDistance(x, y) + 0.03 * nearest(tile, (y * 40) | 0, look.seed & 255), pixel + 0.04);
  });
}

function paintUpright(
  { canvas }: Stage,
  object: number,
  place: FacePlace,
  look: Appearance,
  painter: (x: number, y: number) => number,
): void {
  const { side } = place;
  const [cos, sin] = [Math.cos(look.tilt) / side, Math.sin(look.tilt) / side];
  const [px, py] = [place.x + PIVOT.x * side, place.y + PIVOT.y * side];
  canvas.paint(
    object,
    place.x - 0.6 * side,
    place.y - 0.75 * side,
    place.x + 1.6 * side,
    place.y + 1.5 * side,
    (x, y) => {
      const dx = x - px;
      const dy = y - py;
      const u = dx * cos + dy * sin + PIVOT.x;
      return painter(look.mirrored ? 1 - u : u, dy * cos - dx * sin + PIVOT.y);
    },
  );
}

function paintHead(
  stage: Stage,
  object: number,
  place: FacePlace,
  cutout: Cutout,
  look: Appearance,
  gain: number,
): void {
  const { canvas } = stage;
  cutout.setSize(place.side / canvas.pixel);
  const slope = (look.mirrored ? -1 : 1) * 0.7 * look.side;
  const draw = (x: number, y: number) => {
    const light = cutout.coverageTimesLight(x, y);
    // A picture's own neck and shoulders give way to the painted ones.
    const coverage = cutout.coverage * ramp(1.3, 1.08, y);
    if (coverage <= 0) return 0;
    const shade = 1 + slope * (x - 0.5);
    canvas.ink = (gain * light * (shade > 0.25 ? shade : 0.25)) / cutout.coverage;
    return coverage;
  };
  paintUpright(stage, object, place, look, draw);
}

/** Neck and shoulders down to the frame's lower edge. */
function paintBody(stage: Stage, place: FacePlace, look: Appearance, skin: number, light: number): void {
  const { canvas } = stage;
  const { side } = place;
  const pixel = canvas.pixel / side;
  const top = 1.0 + look.drop;
  const width = look.shoulders;
  const tile = texture(look.cloth);
  const cloth = look.clothes * light * 2.4;
  const reach = width + 0.4;
  canvas.paint(
    NOBODY,
    place.x + (0.5 - reach) * side,
    place.y + 0.6 * side,
    place.x + (0.5 + reach) * side,
    canvas.down,
    (px, py) => {
      const x = (px - place.x) / side - 0.505;
      const y = (py - place.y) / side;
      const away = abs(x);
      // Shoulders fall off to the sides, then the arms go down.
      const line = top + 0.28 * away * away + 0.55 * ramp(0.75 * width, width, away) * away;
      const body = max(line - y, (away - width - 0.05 * min(3, y - top)) * 0.8);
      const onBody = cover(body, pixel + 0.03);
      const neck =
        cover(away - 0.33 - 0.16 * ramp(1.05, 1.4, y), pixel + 0.03) * cover(y - top - 0.3 + 0.5 * away, pixel);
      const shade = (1 - 0.35 * ramp(0.4, width, away)) * (1 + 0.5 * look.side * x);
      if (neck > 0 && (onBody <= 0 || y < top + 0.22 - 0.5 * away)) {
        canvas.ink =
          skin * (0.55 + 0.4 * ramp(0.95, 1.35, y)) * (1 - 0.4 * ramp(0.12, 0.42, away)) * (1 + 0.5 * look.side * x);
        return neck;
      }
      if (onBody <= 0) return 0;
      const fold = 1 + 0.16 * nearest(tile, ((x * 60) | 0) + (look.seed & 255), ((y * 60) | 0) + (look.seed >>> 8));
      const collar = ramp(0.3, 0.22, y - line) * ramp(0.75, 0.55, away);
      canvas.ink = mix(cloth, look.collar * light * 2, collar) * shade * fold;
      return onBody;
    },
  );
}

/** Around a picture that shows only a face: the rest of the head in the skin's tone, and hair over it. */
function paintSkull(stage: Stage, object: number, place: FacePlace, look: Appearance, skin: number): void {
  const { canvas } = stage;
  const pixel = canvas.pixel / place.side;
  const tile = texture("hair");
  const hair = look.hair * look.light * 2;
  const [offset, row] = [look.seed & 255, (look.seed >>> 8) & 255];
  const line = -0.08 + 0.12 * ((look.seed >>> 16) / 65536);
  paintUpright(stage, object, place, look, (x, y) => {
    const outside = cover(headDistance(x, y), pixel + 0.06);
    if (outside <= 0) return 0;
    const strand = nearest(tile, ((x * 70) | 0) + offset, ((y * 50) | 0) + row);
    const onFace = ellipse(x - 0.505, y - 0.52, 0.53, 0.52 - line) + 0.02 * strand;
    const isHair = ramp(-0.02, 0.05, onFace) * ramp(0.75, 0.45, y);
    const shade = 1 - 0.35 * ramp(0.2, 0.62, abs(x - 0.505));
    canvas.ink = mix(skin * shade, hair * (1 + 0.3 * strand) * shade, isHair);
    return outside;
  });
}
