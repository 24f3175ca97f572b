/** How pictures are shown to a model: as they are, under one of the conditions, or degraded to a level, once or as a burst. */
import type { Box, GrayImage } from "../data/types.js";
import { wholeBox } from "../locate/center.js";
import { CONDITION_MEANING, type Condition, underCondition } from "./conditions.js";
import { degrade } from "./degrade/degrade.js";
import type { Level } from "./degrade/levels.js";
import { Subject } from "./degrade/subject.js";

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

/** The pictures of a press's captures, with the square of each that the network sees. */
export function show(view: View, shown: ShownPicture): { readonly image: GrayImage; readonly box: Box }[] {
  if (view.kind === "clean") return [{ image: shown.image, box: shown.face }];
  const images =
    view.kind === "condition"
      ? [underCondition(shown.subject, view.condition)]
      : degrade(shown.subject, view.level, view.captures);
  return images.map((image) => ({ image, box: wholeBox(image.width, image.height) }));
}

/** A picture that is shown in several views. */
export class ShownPicture {
  private known: Subject | undefined;

  constructor(
    readonly image: GrayImage,
    readonly face: Box,
  ) {}

  get subject(): Subject {
    this.known ??= new Subject(this.image, this.face);
    return this.known;
  }
}
