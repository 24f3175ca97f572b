/**
 * The sizes that a frame is looked at in, so that faces of every size fit one window (docs/locate.md, "Classic: the pyramid"). The frame is reduced once, to
 * the base, where the smallest faces fill the window; an octave is three levels made from one picture; the next octave's picture is its half.
 */
import type { Box, GrayImage } from "../../data/types.js";
import { resizeAreaTo } from "../../preprocess/resize.js";
import type { Cascade } from "./cascade.js";

/** Longer side of the largest frame in which the smallest face keeps its size. */
const REFERENCE_SIDE = 320;
/** Sides of an octave's levels in thousandths of its picture: 2^(-k/3). */
const OCTAVE = [1000, 794, 630] as const;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Side in frame pixels of the smallest face looked for. */
export function smallestFace(cascade: Pick<Cascade, "smallest">, frame: Size): number {
  const longer = Math.max(frame.width, frame.height);
  return Math.max(cascade.smallest, Math.ceil((longer * cascade.smallest) / REFERENCE_SIDE));
}

/** Size of the base; a side may be 0, then there is nothing to look at. */
export function baseSize(cascade: Pick<Cascade, "smallest" | "window">, frame: Size): Size {
  const side = smallestFace(cascade, frame);
  const reduce = (length: number) => Math.floor((length * cascade.window) / side);
  return { width: reduce(frame.width), height: reduce(frame.height) };
}

/** Sizes of the levels that hold the window, by octave. */
export function octaves(cascade: Pick<Cascade, "smallest" | "window">, frame: Size): Size[][] {
  const found: Size[][] = [];
  let { width, height } = baseSize(cascade, frame);
  const holds = (size: Size) => Math.min(size.width, size.height) >= cascade.window;
  for (; holds({ width, height }); width >>= 1, height >>= 1) {
    const levels = OCTAVE.map((per) => ({
      width: Math.floor((width * per) / 1000),
      height: Math.floor((height * per) / 1000),
    }));
    found.push(levels.filter(holds));
  }
  return found;
}

/** Every level of a frame, from small faces to large ones. */
export function* pyramid(cascade: Pick<Cascade, "smallest" | "window">, frame: GrayImage): Generator<GrayImage> {
  let picture = frame;
  for (const levels of octaves(cascade, frame)) {
    const size = picture === frame ? baseSize(cascade, frame) : half(picture);
    picture = resized(picture, size);
    for (const level of levels) yield level.width === picture.width ? picture : resized(picture, level);
  }
}

function half({ width, height }: Size): Size {
  return { width: width >> 1, height: height >> 1 };
}

function resized(picture: GrayImage, { width, height }: Size): GrayImage {
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  return { width, height, pixels: resizeAreaTo(picture, whole, width, height) };
}

/** The square of the frame that a window of a level shows: rounded to whole pixels, halves up, inside the frame. */
export function frameBox(window: number, frame: Size, level: Size, x: number, y: number): Box {
  const rounded = (value: number, from: number, to: number) => Math.floor((2 * value * to + from) / (2 * from));
  const wide = level.width >= level.height;
  const wanted = wide ? rounded(window, level.width, frame.width) : rounded(window, level.height, frame.height);
  const side = Math.min(wanted, frame.width, frame.height);
  return {
    x: Math.min(rounded(x, level.width, frame.width), frame.width - side),
    y: Math.min(rounded(y, level.height, frame.height), frame.height - side),
    width: side,
    height: side,
  };
}
