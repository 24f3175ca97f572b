/** Drawing people: face crops and whole camera frames. Equal arguments give equal bytes. */

import type { Box, GrayImage } from "../types.js";
import { expose, type LightField } from "./camera.js";
import type { Expression } from "./expression.js";
import { Figure } from "./head.js";
import { max, min, round } from "./math.js";
import type { Person } from "./person.js";
import { CROP_DROP, CROP_UNITS, type Placement, type Scene } from "./scene.js";

export interface DrawnFrame {
  readonly image: GrayImage;
  /** Square around the face, framed as the crops of {@link drawFace} are; cut at the picture's edges. */
  readonly box: Box;
}

/** A square crop of a face, `size` x `size` pixels. */
export function drawFace(person: Person, expression: Expression, scene: Scene, size: number): GrayImage {
  return drawPicture(person, expression, scene, size, size);
}

/** A frame as the camera sees it, with the face's box. */
export function drawFrame(person: Person, expression: Expression, scene: Scene, width = 320, height = 240): DrawnFrame {
  const image = drawPicture(person, expression, scene, width, height);
  return { image, box: faceBox(scene.placement, width, height) };
}

function faceBox({ x, y, scale }: Placement, width: number, height: number): Box {
  const short = min(width, height);
  const side = min(short, round(CROP_UNITS * scale * short));
  const place = (centre: number, extent: number) => max(0, min(extent - side, round(centre * short - side / 2)));
  return { x: place(x, width), y: place(y + CROP_DROP * scale, height), width: side, height: side };
}

function drawPicture(person: Person, expression: Expression, scene: Scene, width: number, height: number): GrayImage {
  const field = render(new Figure(person, expression, scene.pose, scene.light), scene, width, height);
  const short = min(width, height);
  const { x, y, scale } = scene.placement;
  return expose(field, scene.camera, { x: x * short, y: y * short, radius: 0.8 * scale * short });
}

/** One sample a pixel: shapes know how much of a sample they cover. */
function render(figure: Figure, scene: Scene, width: number, height: number): LightField {
  const { placement, background } = scene;
  const short = min(width, height);
  const unit = 1 / (placement.scale * short);
  const data = new Float32Array(width * height);
  for (let row = 0, i = 0; row < height; row++) {
    const y = (row + 0.5 - placement.y * short) * unit;
    for (let column = 0; column < width; column++, i++) {
      const x = (column + 0.5 - placement.x * short) * unit;
      data[i] = figure.radiance(x, y, unit, background);
    }
  }
  return { width, height, data };
}
