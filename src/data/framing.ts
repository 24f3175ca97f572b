/** Squares around faces. */
import { wholeBox } from "../locate/center.js";
import type { Box, GrayImage } from "./types.js";

/**
 * The square around a box's centre whose side is `factor` times the box's longer side: cut to the picture's shorter side, then shifted to lie
 * inside. Integers throughout.
 */
export function squareAround(box: Box, width: number, height: number, factor = 1): Box {
  const side = Math.min(Math.round(factor * Math.max(box.width, box.height)), width, height);
  const place = (start: number, length: number, extent: number) => {
    const wanted = start + Math.floor((length - side) / 2);
    return Math.max(0, Math.min(extent - side, wanted));
  };
  return { x: place(box.x, box.width, width), y: place(box.y, box.height, height), width: side, height: side };
}

/** The square of a picture that the network is to see: around its face box, or its largest centred square. */
export function faceSquare(image: Pick<GrayImage, "width" | "height">, box: Box | undefined): Box {
  return box === undefined ? wholeBox(image.width, image.height) : squareAround(box, image.width, image.height);
}
