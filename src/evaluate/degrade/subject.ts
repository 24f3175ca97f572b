/** A face to be photographed: what all pictures taken of it start from, computed once. */
import { createHash } from "node:crypto";
import type { Box, GrayImage } from "../../data/types.js";
import { type Plane, toLight } from "./light.js";
import { placeFace } from "./scene.js";

export class Subject {
  /** Two 32-bit words that stand for the pixels and the face: a picture's faults depend on them and on nothing around it. */
  readonly hash: readonly [number, number];
  /** Side of the face in pixels of the picture. */
  readonly side: number;
  private readonly light: Plane;
  private readonly patches = new Map<number, Plane>();

  /** @param face square, inside the picture */
  constructor(
    picture: GrayImage,
    private readonly face: Box,
  ) {
    const { width, height, pixels } = picture;
    const place = JSON.stringify([width, height, face.x, face.y, face.width]);
    const digest = createHash("sha256").update(place).update(pixels).digest();
    this.hash = [digest.readUInt32LE(0), digest.readUInt32LE(4)];
    this.side = face.width;
    this.light = toLight(picture);
  }

  /** The frame around the face, which is `side` sensor pixels large; not to be written to. */
  patch(side: number): Plane {
    const known = this.patches.get(side);
    if (known !== undefined) return known;
    const made = placeFace(this.light, this.face, side);
    this.patches.set(side, made);
    return made;
  }
}
