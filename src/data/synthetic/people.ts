/** The drawn set: persons, and several pictures of each. Every picture depends on (seed, person, picture) alone. */
import { Rng } from "../../train/rng.js";
import type { Box, GrayImage } from "../types.js";
import { drawExpression, type Expression, labelOf } from "./expression.js";
import { drawFace, drawFrame } from "./face.js";
import { drawPerson, type Person } from "./person.js";
import { drawCropScene, drawFrameScene } from "./scene.js";

/** Face crops per person; half of them smile. */
export const PICTURES_PER_PERSON = 8;
/** Frames per person: one of each label. */
const FRAMES_PER_PERSON = 2;

/** A kind of picture: second word of its random streams (the first is the seed), so that frames show other persons than crops do. */
interface Kind {
  readonly stream: number;
  readonly perPerson: number;
}

const CROP: Kind = { stream: 0x63726f70, perPerson: PICTURES_PER_PERSON };
const FRAME: Kind = { stream: 0x6672616d, perPerson: FRAMES_PER_PERSON };
/** Third word. */
const PERSON = 1;
const PICTURE = 2;

/** One picture of a drawn set. */
export interface DrawnPicture {
  /** Picture `index` of the set; persons follow each other. */
  readonly index: number;
  readonly person: number;
  readonly label: "smile" | "neutral";
  /** The smile parameter, -1 to 1. */
  readonly smile: number;
  readonly image: GrayImage;
  readonly box?: Box;
}

/** Face crop `index` of the set with this seed, `size` x `size` pixels. */
export function drawnCrop(seed: number, index: number, size: number): DrawnPicture {
  const { person, expression, rng, ...picture } = begin(seed, index, CROP);
  return { ...picture, image: drawFace(person.traits, expression, drawCropScene(rng), size), person: person.number };
}

/** Frame `index` of the set with this seed, as a camera of width x height sees it, with the face's box. */
export function drawnFrame(
  seed: number,
  index: number,
  width = 320,
  height = 240,
): DrawnPicture & { readonly box: Box } {
  const { person, expression, rng, ...picture } = begin(seed, index, FRAME);
  const scene = drawFrameScene(rng, width / Math.min(width, height));
  return { ...picture, ...drawFrame(person.traits, expression, scene, width, height), person: person.number };
}

interface Beginning {
  readonly index: number;
  readonly label: "smile" | "neutral";
  readonly smile: number;
  readonly person: { readonly number: number; readonly traits: Person };
  readonly expression: Expression;
  readonly rng: Rng;
}

function begin(seed: number, index: number, { stream, perPerson }: Kind): Beginning {
  const number = Math.floor(index / perPerson);
  const traits = drawPerson(new Rng(seed, stream, PERSON, number));
  const rng = new Rng(seed, stream, PICTURE, index);
  const expression = drawExpression(rng, index % 2 === 0 ? "neutral" : "smile");
  const label = labelOf(expression.smile);
  return { index, label, smile: expression.smile, person: { number, traits }, expression, rng };
}
