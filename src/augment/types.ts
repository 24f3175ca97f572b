/** What an augmentation is: drawn numbers with a unit, and what they do to a picture. */
import type { Config } from "../config/schema.js";
import type { Rng } from "../train/rng.js";
import type { Planes } from "./planes.js";

/** Strengths by augmentation, in their units: `train.augment`. */
export type AugmentOptions = Config["train"]["augment"];

export type AugmentationName = keyof AugmentOptions;

/** The measures that units refer to. */
export interface View {
  /** Side of the pictures worked on, pixels. */
  readonly size: number;
  /** Working pixels per pixel of the network's input. */
  readonly pixel: number;
}

/** A way to show an augmentation from weak to strong: t from 0 to 1 is the share of its strength. */
export interface Example<Drawn> {
  readonly title: string;
  /** It has no weak form: one picture shows it. */
  readonly constant?: true;
  at(t: number): { readonly drawn: Drawn /** With unit. */; readonly label: string };
}

/**
 * One augmentation. Each has random numbers of its own, so what it draws depends on neither the others nor their strengths; and it draws the
 * same numbers whatever its own strength, so a stronger setting gives the same variation, only more of it.
 */
export interface Augmentation<Name extends AugmentationName = AugmentationName, Drawn = unknown> {
  readonly name: Name;
  /** Last word of its random streams. Part of the results: never reuse one. */
  readonly stream: number;
  /** Draws one picture's variation; undefined where it leaves the picture alone. */
  draw(rng: Rng, strength: AugmentOptions[Name], view: View): Drawn | undefined;
  apply(planes: Planes, drawn: Drawn): void;
  /** The rows of a contact sheet. */
  examples(strength: AugmentOptions[Name], view: View): readonly Example<Drawn>[];
}

/** Uniform in [-limit, limit). */
export function signed(rng: Rng, limit: number): number {
  return rng.between(-1, 1) * limit;
}

/** In [-limit, limit), triangular: small values are common, and the limit is reached. */
export function triangular(rng: Rng, limit: number): number {
  return (rng.uniform() + rng.uniform() - 1) * limit;
}

/** `value` with `digits` decimals and a sign: "+1.5", "-0.3". */
export function withSign(value: number, digits: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;
}
