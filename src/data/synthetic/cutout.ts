/** Drawn people without their background, to be put into composed scenes: what is seen, and how much of each pixel is the person. */
import { Rng } from "../../train/rng.js";
import type { GrayImage } from "../types.js";
import { backgroundAt } from "./background.js";
import { drawExpression, labelOf } from "./expression.js";
import { Figure } from "./head.js";
import { exp, log, max, min, round } from "./math.js";
import { drawPerson } from "./person.js";
import { type Background, CROP_DROP, CROP_UNITS, drawCropScene } from "./scene.js";

/** Second word of the random stream, beside those of people.ts: these are other people. */
const STREAM = 0x63757430;
const PICTURES_PER_PERSON = 4;
/** Pixels. The face's square takes this part of the height. */
const SIDE = 160;
const FACE_PART = 0.5;
/** The light that is black and the light that is white behind the person. */
const BEHIND = 1;

export interface Cutout {
  /** sRGB-like grey, not multiplied by the coverage. */
  readonly image: GrayImage;
  /** 0 to 255, row-major. */
  readonly coverage: Uint8Array;
  readonly face: { readonly x: number; readonly y: number; readonly side: number };
  readonly id: string;
  readonly group: string;
  readonly label: "smile" | "neutral";
}

/** Picture `index` of the drawn people with this seed. */
export function drawnPerson(seed: number, index: number): Cutout {
  const person = Math.floor(index / PICTURES_PER_PERSON);
  const traits = drawPerson(new Rng(seed, STREAM, 1, person));
  const rng = new Rng(seed, STREAM, 2, index);
  const expression = drawExpression(rng, index % 2 === 0 ? "neutral" : "smile");
  const { pose, light } = drawCropScene(rng);
  const figure = new Figure(traits, expression, pose, light);
  const unit = CROP_UNITS / (FACE_PART * SIDE);
  const side = FACE_PART * SIDE;
  const face = { x: (SIDE - side) / 2, y: 0.36 * side, side };
  return {
    ...rendered(figure, face.x + side / 2, face.y + side / 2 - CROP_DROP / unit, unit),
    face,
    id: `drawn/${seed}/${index}`,
    group: `drawn/${seed}/person-${person}`,
    label: labelOf(expression.smile),
  };
}

/** Two renderings that differ in the background alone tell how much of a pixel is background. */
function rendered(figure: Figure, x0: number, y0: number, unit: number) {
  const dark: Background = { kind: "plain", level: 0, bright: 0, seed: 0 };
  const bright: Background = { ...dark, level: BEHIND };
  const pixels = new Uint8Array(SIDE * SIDE);
  const coverage = new Uint8Array(SIDE * SIDE);
  for (let row = 0, i = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++, i++) {
      const [x, y] = [(column + 0.5 - x0) * unit, (row + 0.5 - y0) * unit];
      const behind = backgroundAt(dark, x, y);
      const onDark = figure.radiance(x, y, unit, dark);
      const onBright = figure.radiance(x, y, unit, bright);
      const part = max(0, min(1, 1 - (onBright - onDark) / (backgroundAt(bright, x, y) - behind)));
      coverage[i] = round(255 * part);
      pixels[i] = part > 0.004 ? encoded((onDark - (1 - part) * behind) / part) : 0;
    }
  }
  return { image: { width: SIDE, height: SIDE, pixels }, coverage };
}

function encoded(light: number): number {
  return round(255 * min(1, exp(log(max(1e-4, light)) / 2.2)));
}
