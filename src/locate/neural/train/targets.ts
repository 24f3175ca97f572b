/** What the cells of the map should say of a scene. */
import { TARGET_CHANNELS } from "../../../train/detection-loss.js";
import type { WantedFace } from "../../train/scene-pool.js";
import { type CanvasFace, CELL, encodeFace } from "../box-code.js";
import type { Canvas } from "../canvas.js";

/** Faces smaller than this many pixels of the canvas are neither asked for nor held against the detector. */
export const SMALLEST_FACE = 9;
/** Weight of finding a face, shared by its cells: against about three hundred cells without one, which the focal loss mostly ignores. */
const FACE_WEIGHT = 4;
const BOX_WEIGHT = 1;

/** Distances (Chebyshev) from a face's centre in pixels of the canvas: cells nearer than `core` see it, those up to `rim` may. */
function reach(side: number): { core: number; rim: number } {
  return { core: Math.max(0.75 * CELL, 0.2 * side), rim: Math.max(1.25 * CELL, 0.4 * side) };
}

/**
 * Fills the targets of one scene, [canvas.height / CELL, canvas.width / CELL, TARGET_CHANNELS]. A cell in the core of several faces goes to the
 * one whose centre is nearest in terms of its size.
 */
export function writeTargets(faces: readonly WantedFace[], canvas: Canvas, out: Float32Array): void {
  const columns = canvas.width / CELL;
  out.fill(0);
  for (let cell = 0; cell * TARGET_CHANNELS < out.length; cell++) out[cell * TARGET_CHANNELS + 1] = 1;
  const owner = new Int32Array(out.length / TARGET_CHANNELS).fill(-1);
  const nearest = new Float64Array(owner.length).fill(Infinity);
  faces.forEach((face, index) => {
    const counts = face.counts && face.side >= SMALLEST_FACE;
    const { core, rim } = reach(face.side);
    eachCell(face, counts ? rim : Math.max(rim, face.side / 2), canvas, (cell, distance) => {
      out[cell * TARGET_CHANNELS + 1] = 0;
      if (!counts || distance > core || distance / face.side >= nearest[cell]) return;
      nearest[cell] = distance / face.side;
      owner[cell] = index;
    });
  });
  const shares = faces.map((_, index) => owner.reduce((sum, one) => sum + (one === index ? 1 : 0), 0));
  owner.forEach((index, cell) => {
    if (index < 0) return;
    const [a, b] = [CELL * ((cell % columns) + 0.5), CELL * (Math.floor(cell / columns) + 0.5)];
    const share = shares[index];
    out.set([1, FACE_WEIGHT / share, BOX_WEIGHT / share, ...encodeFace(faces[index], a, b)], cell * TARGET_CHANNELS);
  });
}

/** Cells whose centre is at most `most` away from the face's. */
function eachCell(
  { x, y }: CanvasFace,
  most: number,
  { width, height }: Canvas,
  visit: (cell: number, distance: number) => void,
): void {
  const first = (middle: number) => Math.max(0, Math.ceil((middle - most) / CELL - 0.5));
  const last = (middle: number, extent: number) =>
    Math.min(extent / CELL - 1, Math.floor((middle + most) / CELL - 0.5));
  for (let row = first(y); row <= last(y, height); row++) {
    for (let column = first(x); column <= last(x, width); column++) {
      const distance = Math.max(Math.abs(CELL * (column + 0.5) - x), Math.abs(CELL * (row + 0.5) - y));
      visit(row * (width / CELL) + column, distance);
    }
  }
}
