/** Map -> candidates (docs/locate.md, "Decode"), integers only; twin of firmware/core/sm_neural.c. */
import type { Box } from "../../data/types.js";
import type { Candidate } from "../types.js";
import { CELL, type DecodeTables, SUBPIXELS } from "./box-code.js";
import type { Canvas, Fit } from "./canvas.js";
import { fitFrame } from "./canvas.js";

/** Cells with less are nothing, per mille. */
export const LEAST_CONFIDENCE = 20;
/** Most candidates of a frame. */
export const MOST_CANDIDATES = 16;
const CHANNELS = 4;

/** A face as one cell has it: centre and side in sixteenths of a pixel of the canvas. */
interface Sighting {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly confidence: number;
}

/**
 * Candidates, the most confident first.
 *
 * @param map [canvas.height / CELL, canvas.width / CELL, 4], the network's output
 */
export function decodeMap(
  map: Int8Array,
  tables: DecodeTables,
  canvas: Canvas,
  width: number,
  height: number,
): Candidate[] {
  const fit = fitFrame(canvas, width, height);
  let open = sightings(map, tables, canvas);
  const candidates: Candidate[] = [];
  while (open.length > 0 && candidates.length < MOST_CANDIDATES) {
    const best = open.reduce((a, b) => (b.confidence > a.confidence ? b : a));
    const box = frameBox(vote(best, open), fit, canvas, width, height);
    candidates.push({ box, confidence: best.confidence });
    open = open.filter((one) => !suppresses(best, one));
  }
  return candidates;
}

function sightings(map: Int8Array, tables: DecodeTables, canvas: Canvas): Sighting[] {
  const columns = canvas.width / CELL;
  const found: Sighting[] = [];
  for (let cell = 0; cell * CHANNELS < map.length; cell++) {
    const at = cell * CHANNELS;
    const confidence = tables.confidence[map[at] + 128];
    if (confidence < LEAST_CONFIDENCE) continue;
    const side = tables.side[map[at + 3] + 128];
    const middle = (index: number) => SUBPIXELS * (CELL * index + CELL / 2);
    found.push({
      x: middle(cell % columns) + offset(map[at + 1], side, tables),
      y: middle(Math.floor(cell / columns)) + offset(map[at + 2], side, tables),
      side,
      confidence,
    });
  }
  return found;
}

/** Halves away from zero. */
function offset(output: number, side: number, { zero, offset: unit }: DecodeTables): number {
  const distance = Math.floor((Math.abs(output - zero) * side * unit + 32768) / 65536);
  return output < zero ? -distance : distance;
}

/** The part that two squares share, and their areas, in square sub-pixels. */
function overlap(a: Sighting, b: Sighting): { both: number; either: number; smaller: number } {
  const along = (p: number, q: number) => {
    // Twice the coordinates, so that half a side is whole.
    const from = Math.max(2 * p - a.side, 2 * q - b.side);
    const to = Math.min(2 * p + a.side, 2 * q + b.side);
    return Math.max(0, to - from);
  };
  const both = Math.floor((along(a.x, b.x) * along(a.y, b.y)) / 4);
  const [one, other] = [a.side * a.side, b.side * b.side];
  return { both, either: one + other - both, smaller: Math.min(one, other) };
}

/** The weaker of two faces that share a quarter of what both cover, or half of the smaller one. */
function suppresses(best: Sighting, one: Sighting): boolean {
  const { both, either, smaller } = overlap(best, one);
  return 4 * both >= either || 2 * both >= smaller;
}

/** The mean, by confidence, of all that see the same face at least half as surely (box voting, Gidaris and Komodakis 2015). */
function vote(best: Sighting, open: readonly Sighting[]): Sighting {
  let [x, y, side, total] = [0, 0, 0, 0];
  for (const one of open) {
    const { both, either } = overlap(best, one);
    if (2 * one.confidence < best.confidence || 2 * both < either) continue;
    x += one.confidence * one.x;
    y += one.confidence * one.y;
    side += one.confidence * one.side;
    total += one.confidence;
  }
  // A centre may lie left of the canvas or above it; all else is positive.
  const mean = (sum: number) => Math.floor((2 * sum + total) / (2 * total));
  return { x: mean(x), y: mean(y), side: mean(side), confidence: best.confidence };
}

/** In pixels of the frame, moved and shrunk to lie inside. */
function frameBox(face: Sighting, fit: Fit, canvas: Canvas, width: number, height: number): Box {
  const [extent, fitted] = fit.width === canvas.width ? [width, fit.width] : [height, fit.height];
  const unit = SUBPIXELS * fitted;
  const wanted = Math.floor((2 * face.side * extent + unit) / (2 * unit));
  const side = Math.max(1, Math.min(wanted, width, height));
  const x = place(face.x - SUBPIXELS * fit.x, width, SUBPIXELS * fit.width, side);
  const y = place(face.y - SUBPIXELS * fit.y, height, SUBPIXELS * fit.height, side);
  return { x, y, width: side, height: side };
}

/** Start of a square of `side` whose centre is `middle / fitted` of `extent`, halves up. */
function place(middle: number, extent: number, fitted: number, side: number): number {
  const start = Math.floor((2 * middle * extent - side * fitted + fitted) / (2 * fitted));
  return Math.max(0, Math.min(start, extent - side));
}
