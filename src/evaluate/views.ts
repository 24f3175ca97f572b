/** How pictures are shown to a model: as they are, under one of the conditions, or degraded to a level, once or as a burst. */
import type { Box, GrayImage } from "../data/types.js";
import { wholeBox } from "../preprocess/locate.js";
import { CONDITION_MEANING, type Condition, underCondition } from "./conditions.js";
import { degrade } from "./degrade/degrade.js";
import type { Level } from "./degrade/levels.js";

export type View =
  | { readonly kind: "clean" }
  | { readonly kind: "condition"; readonly condition: Condition }
  /** `captures` of one press, which share the scene and differ in noise, tremor and direction of movement. */
  | { readonly kind: "level"; readonly level: Level; readonly captures: number };

export function capturesOf(view: View): number {
  return view.kind === "level" ? view.captures : 1;
}

/** `clean`, `dark`, `medium`. */
export function viewName(view: View): string {
  if (view.kind === "clean") return "clean";
  return view.kind === "condition" ? view.condition : view.level;
}

export function viewMeaning(view: View): string {
  if (view.kind === "level") return `production-like, ${view.level}`;
  return CONDITION_MEANING[view.kind === "clean" ? "clean" : view.condition];
}

/** The picture of one capture and the square of it that the network sees. */
export function show(view: View, capture: number, picture: GrayImage, face: Box): { image: GrayImage; box: Box } {
  if (view.kind === "clean") return { image: picture, box: face };
  const image =
    view.kind === "condition"
      ? underCondition(picture, face, view.condition)
      : degrade(picture, face, view.level, capture);
  return { image, box: wholeBox(image.width, image.height) };
}
