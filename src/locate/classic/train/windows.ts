/** Windows of training scenes, as the locator sees them: cut from the very pyramid it looks at. */
import type { Box, GrayImage } from "../../../data/types.js";
import type { Rng } from "../../../train/rng.js";
import type { Cascade } from "../cascade.js";
import { frameBox, pyramid } from "../pyramid.js";
import { firstWindow, type Scanner, STEP } from "../scan.js";

/** A frame with the squares of all faces in it. */
export interface TrainingScene {
  readonly frame: GrayImage;
  readonly faces: readonly Box[];
  /** Faces too hidden to be learned, in either way. */
  readonly doubtful: readonly Box[];
}

/** Random access, so that threads and passes see the same scenes. */
export interface SceneSource {
  readonly count: number;
  scene(index: number): TrainingScene;
}

/** Windows below this intersection over union with every face are no faces; faces are those that are above the other. */
const NO_FACE = 0.3;
const FACE = 0.65;

export function intersectionOverUnion(a: Box, b: Box): number {
  const overlap = (p: number, pw: number, q: number, qw: number) =>
    Math.max(0, Math.min(p + pw, q + qw) - Math.max(p, q));
  const both = overlap(a.x, a.width, b.x, b.width) * overlap(a.y, a.height, b.y, b.height);
  return both / (a.width * a.height + b.width * b.height - both);
}

function cut(level: GrayImage, x: number, y: number, window: number): Uint8Array {
  const pixels = new Uint8Array(window * window);
  for (let row = 0; row < window; row++) {
    const from = (y + row) * level.width + x;
    pixels.set(level.pixels.subarray(from, from + window), row * window);
  }
  return pixels;
}

interface Found {
  readonly overlap: number;
  readonly pixels: Uint8Array;
}

/** Of each face of a scene the windows of the grid that fit it, best first. */
export function fittingWindows(cascade: Cascade, scene: TrainingScene): Uint8Array[][] {
  const found: Found[][] = scene.faces.map(() => []);
  for (const level of pyramid(cascade, scene.frame)) {
    scene.faces.forEach((face, i) => {
      found[i].push(...fitting(cascade, scene.frame, level, face));
    });
  }
  return found.map((windows) => windows.sort((a, b) => b.overlap - a.overlap).map(({ pixels }) => pixels));
}

/** Windows that show a scene's faces: of each the one that fits best and, drawn, `extra` others that fit well. */
export function faceWindows(cascade: Cascade, scene: TrainingScene, extra: number, rng: Rng): Uint8Array[] {
  return fittingWindows(cascade, scene).flatMap(([best, ...others]) => {
    if (best === undefined) return [];
    const drawn = Array.from({ length: Math.min(extra, others.length) }, () => others[rng.below(others.length)]);
    return [best, ...drawn];
  });
}

/** Windows of a level's grid that fit a face. */
function fitting({ window }: Cascade, frame: GrayImage, level: GrayImage, face: Box): Found[] {
  const scale = level.width / frame.width;
  const reach = 2 * STEP;
  const found: Found[] = [];
  // Another size altogether: nothing can fit.
  if (Math.abs(Math.log((face.width * scale) / window)) > 0.3) return found;
  const near = (place: number, start: number, step: number) =>
    Math.max(start, start + step * Math.floor((place * scale - reach - start) / step));
  for (let y = near(face.y, 0, STEP); y + window <= level.height && y <= face.y * scale + reach; y += STEP) {
    const first = near(face.x, firstWindow(y), 2 * STEP);
    for (let x = first; x + window <= level.width && x <= face.x * scale + reach; x += 2 * STEP) {
      const overlap = intersectionOverUnion(face, frameBox(window, frame, level, x, y));
      if (overlap >= FACE) found.push({ overlap, pixels: cut(level, x, y, window) });
    }
  }
  return found;
}

/** At most `most` windows of a scene, drawn evenly, that pass the cascade and show no face. */
export function otherWindows(
  cascade: Cascade,
  scanner: Scanner,
  scene: TrainingScene,
  most: number,
  rng: Rng,
): Uint8Array[] {
  const kept: Uint8Array[] = [];
  let seen = 0;
  const known = [...scene.faces, ...scene.doubtful];
  for (const level of pyramid(cascade, scene.frame)) {
    scanner.scan(level, (x, y) => {
      const box = frameBox(cascade.window, scene.frame, level, x, y);
      if (known.some((face) => intersectionOverUnion(face, box) >= NO_FACE)) return;
      // Reservoir sampling (Vitter's algorithm R).
      const at = seen < most ? seen : rng.below(seen + 1);
      seen++;
      if (at < most) kept[at] = cut(level, x, y, cascade.window);
    });
  }
  return kept;
}
