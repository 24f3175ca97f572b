/**
 * A person's picture as something to paint: linear light and coverage at several resolutions, in face coordinates (the face's square is 0 to 1
 * across and down).
 *
 * Where nothing says what of the picture is the person, coverage is a soft head: an ellipse around hair and ears, narrowing to the chin. Within
 * a band along its edge, pixels that look like the picture's border are taken for background, so that hair is kept and the wall beside it is not.
 * Above the picture's upper edge, which often cuts the hair, the picture goes on mirrored.
 */

import { DECODE } from "../augment/tone/tables.js";
import { abs, floor, hypot, max, min, sqrt } from "../data/synthetic/math.js";
import { hasSurroundings } from "./framing.js";
import { mix, ramp } from "./shapes.js";
import type { PersonPicture } from "./types.js";

/** The head in face coordinates. */
const SKULL = { x: 0.505, y: 0.4, halfWidth: 0.62, up: 0.76, down: 0.7 };
/** Half the width of the soft edge. */
const EDGE = 0.075;
/** The soft edge of a picture that shows nothing but the face. */
const FACE_ONLY = { halfWidth: 0.47, up: 0.5, down: 0.56, edge: 0.12 };

interface Level {
  readonly width: number;
  readonly height: number;
  /** Light times coverage, and coverage: averages of both stay right at edges. */
  readonly light: Float32Array;
  readonly coverage: Float32Array;
}

export class Cutout {
  private readonly levels: Level[];
  /** Whether hair and neck have to be painted, because the picture shows only the face. */
  readonly faceOnly: boolean;
  /** Mean light of the face's middle, and of cheeks and chin. */
  readonly meanLight: number;
  readonly skin: number;
  readonly hair: number;
  private level: Level;
  private scale = 1;
  private originX = 0;
  private originY = 0;
  /** Coverage at the point sampled last. */
  coverage = 0;

  constructor(readonly picture: PersonPicture) {
    const { image, face } = picture;
    this.faceOnly = picture.coverage === undefined && !hasSurroundings(image, face);
    const above = picture.coverage === undefined && !this.faceOnly ? Math.ceil(0.25 * face.side) : 0;
    this.levels = [this.full(above)];
    this.level = this.levels[0];
    this.originX = face.x;
    this.originY = face.y + above;
    this.meanLight = this.meanOf(0.15, 0.1, 0.85, 0.9);
    this.skin = this.meanOf(0.25, 0.55, 0.75, 0.95);
    this.hair = this.faceOnly ? 0 : this.meanOf(0.3, -0.25, 0.7, -0.1);
  }

  /** Full resolution, with `above` mirrored rows on top. */
  private full(above: number): Level {
    const { image, face, coverage } = this.picture;
    const { width } = image;
    const height = image.height + above;
    const level = {
      width,
      height,
      light: new Float32Array(width * height),
      coverage: new Float32Array(width * height),
    };
    const heads = coverage === undefined && !this.faceOnly ? headMap(width, image.height, above, face) : undefined;
    const likeness = heads && borderLikeness(this.picture);
    for (let row = 0, i = 0; row < height; row++) {
      const source = row < above ? min(image.height - 1, above - row) : row - above;
      for (let column = 0; column < width; column++, i++) {
        const from = source * width + column;
        const part =
          heads !== undefined && likeness !== undefined
            ? heads.inner[i] * (1 - heads.band[i] * likeness[from])
            : coverage === undefined
              ? faceCoverage((column + 0.5 - face.x) / face.side, (row + 0.5 - face.y) / face.side)
              : coverage[from] / 255;
        level.coverage[i] = part;
        level.light[i] = part * DECODE[image.pixels[from]];
      }
    }
    return level;
  }

  private meanOf(x0: number, y0: number, x1: number, y1: number): number {
    this.setSize(16);
    let [sum, weight] = [0, 0];
    for (let y = y0; y <= y1; y += 0.05) {
      for (let x = x0; x <= x1; x += 0.05) {
        sum += this.coverageTimesLight(x, y);
        weight += this.coverage;
      }
    }
    return weight > 0 ? sum / weight : 0;
  }

  /** Chooses the resolution for a face of this many pixels. */
  setSize(pixels: number): void {
    const { face } = this.picture;
    let index = 0;
    let side = face.side;
    while (side > 1.5 * pixels && side > 8) {
      index++;
      side /= 2;
      if (this.levels.length === index) this.levels.push(halved(this.levels[index - 1]));
    }
    this.level = this.levels[index];
    this.scale = side;
  }

  /** Light at face coordinates times coverage, which is left in `coverage`; bilinear. */
  coverageTimesLight(x: number, y: number): number {
    const { width, height, light, coverage } = this.level;
    const reduction = this.scale / this.picture.face.side;
    const px = x * this.scale + this.originX * reduction - 0.5;
    const py = y * this.scale + this.originY * reduction - 0.5;
    if (!(px > -1 && py > -1 && px < width && py < height)) {
      this.coverage = 0;
      return 0;
    }
    const left = px < 0 ? 0 : px >= width - 1 ? width - 2 : px | 0;
    const top = py < 0 ? 0 : py >= height - 1 ? height - 2 : py | 0;
    const s = px < left ? 0 : px - left > 1 ? 1 : px - left;
    const t = py < top ? 0 : py - top > 1 ? 1 : py - top;
    const at = top * width + left;
    const below = at + width;
    this.coverage = mix(mix(coverage[at], coverage[at + 1], s), mix(coverage[below], coverage[below + 1], s), t);
    return mix(mix(light[at], light[at + 1], s), mix(light[below], light[below + 1], s), t);
  }
}

/** Soft ellipse inside a picture that shows only a face. */
function faceCoverage(x: number, y: number): number {
  const { halfWidth, up, down, edge } = FACE_ONLY;
  const distance = hypot((x - 0.5) / halfWidth, (y - 0.5) / (y < 0.5 ? up : down)) - 1;
  return ramp(0, -edge / halfWidth, distance);
}

interface HeadMap {
  readonly inner: Float32Array;
  /** Where the picture's own border may take part away: near the head's edge only. */
  readonly band: Float32Array;
}

/** Pictures of one import have the same frame, so the last map usually serves again. */
let lastMap: { readonly key: string; readonly map: HeadMap } | undefined;

function headMap(width: number, rows: number, above: number, face: PersonPicture["face"]): HeadMap {
  const key = `${width} ${rows} ${above} ${face.x} ${face.y} ${face.side}`;
  if (lastMap?.key === key) return lastMap.map;
  const count = width * (rows + above);
  const map = { inner: new Float32Array(count), band: new Float32Array(count) };
  for (let i = 0; i < count; i++) {
    const x = ((i % width) + 0.5 - face.x) / face.side;
    const y = (floor(i / width) + 0.5 - above - face.y) / face.side;
    const outwards = headDistance(x, y);
    map.inner[i] = ramp(EDGE, -EDGE, outwards);
    map.band[i] = ramp(-0.3, -0.1, outwards);
  }
  lastMap = { key, map };
  return map;
}

/** Roughly how far outside the head a point is, face sides; negative inside. */
export function headDistance(x: number, y: number): number {
  const dy = y - SKULL.y;
  const jaw = dy > 0 ? 1 - 0.32 * min(1, dy / SKULL.down) ** 2 : 1;
  const across = (x - SKULL.x) / (SKULL.halfWidth * jaw);
  const along = dy / (dy < 0 ? SKULL.up : SKULL.down);
  return (sqrt(across * across + along * along) - 1) * SKULL.halfWidth;
}

function halved({ width, height, light, coverage }: Level): Level {
  const [w, h] = [max(2, width >> 1), max(2, height >> 1)];
  const out = { width: w, height: h, light: new Float32Array(w * h), coverage: new Float32Array(w * h) };
  for (let y = 0, i = 0; y < h; y++) {
    for (let x = 0; x < w; x++, i++) {
      const at = 2 * y * width + 2 * x;
      out.light[i] = 0.25 * (light[at] + light[at + 1] + light[at + width] + light[at + width + 1]);
      out.coverage[i] = 0.25 * (coverage[at] + coverage[at + 1] + coverage[at + width] + coverage[at + width + 1]);
    }
  }
  return out;
}

/** Grey levels within which a pixel looks like the border beside it. */
const ALIKE = 26;

/**
 * 1 where a pixel looks like the picture's left or right border in its rows and only such pixels lie between: background that goes on. Nothing
 * where the border looks like the hair above the forehead, which long hair does.
 */
function borderLikeness({ image, face }: PersonPicture): Float32Array {
  const { width, height, pixels } = image;
  const out = new Float32Array(width * height);
  const hair = hairGrey(image, face);
  for (let y = 0; y < height; y++) {
    for (const step of [1, -1]) {
      let at = y * width + (step === 1 ? 0 : width - 1);
      let border = pixels[at];
      let reached = max(ramp(0.5 * ALIKE, ALIKE, abs(border - hair)), flatness(pixels, at, step, width));
      for (let n = 0; n < width / 2 && reached > 0; n++, at += step) {
        const off = abs(pixels[at] - border) / ALIKE;
        border += 0.08 * (pixels[at] - border);
        reached *= ramp(1.3, 0.5, off);
        out[at] = reached;
      }
    }
  }
  return smoothedDown(out, width, height, max(1, Math.round(0.03 * face.side)));
}

/** 1 where the first pixels from the border are even, as a wall is and hair is not. */
function flatness(pixels: Uint8Array, at: number, step: number, width: number): number {
  const count = max(2, width >> 4);
  let [least, most] = [255, 0];
  for (let n = 0; n < count; n++) {
    least = min(least, pixels[at + n * step]);
    most = max(most, pixels[at + n * step]);
  }
  return ramp(14, 7, most - least);
}

function hairGrey({ width, pixels }: PersonPicture["image"], face: PersonPicture["face"]): number {
  const [x0, x1] = [max(0, floor(face.x + 0.3 * face.side)), min(width, Math.ceil(face.x + 0.7 * face.side))];
  const rows = max(1, floor(face.y - 0.15 * face.side));
  let sum = 0;
  for (let y = 0; y < rows; y++) for (let x = x0; x < x1; x++) sum += pixels[y * width + x];
  return sum / (rows * (x1 - x0));
}

/** Means over 2 radius + 1 rows, so that single rows don't fray. */
function smoothedDown(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  const out = new Float32Array(values.length);
  const weight = 1 / (2 * radius + 1);
  for (let y = 0; y < height; y++) {
    for (let r = y - radius; r <= y + radius; r++) {
      const from = max(0, min(height - 1, r)) * width;
      for (let x = 0; x < width; x++) out[y * width + x] += weight * values[from + x];
    }
  }
  return out;
}
