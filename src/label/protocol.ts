/** What the label studio's server and its page tell each other; types only, compiled for both. */
import type { Box } from "../data/types.js";

export const QUEUE_FILTERS = ["new", "all", "judged", "unsure", "disagreement", "mistaken", "refused"] as const;
/**
 * - `new`: something of the press has no label in this look, or one that the configuration does not know any more
 * - `judged`: all of it has one
 * - `unsure`: something was called unsure
 * - `disagreement`: the two looks differ, and nobody has settled it
 * - `mistaken`: the person says otherwise than the bot's lights
 * - `refused`: the person in the picture refused
 */
export type QueueFilter = (typeof QUEUE_FILTERS)[number];

export const LIGHTS = ["dark", "backlit", "blurred", "noisy"] as const;
/** What is wrong with a picture (src/label/measure.ts). */
export type Light = (typeof LIGHTS)[number];

export const QUEUE_ORDERS = ["informative", "time"] as const;
export type QueueOrder = (typeof QUEUE_ORDERS)[number];

/** Something a person can say, and the keys that say it. */
export interface Choice {
  /** As it is kept. */
  readonly label: string;
  /** As it is shown. */
  readonly text: string;
  /** KeyboardEvent.key values, lower case. */
  readonly keys: readonly string[];
}

export interface StudioInfo {
  readonly project: string;
  /** Tells this project's captures from others, for what the page keeps in the browser. */
  readonly catalogue: string;
  readonly pass: 1 | 2;
  readonly choices: readonly Choice[];
  readonly positive: string;
}

export interface StudioProgress {
  /** Presses to be judged in this look, and those that are. */
  readonly presses: number;
  readonly done: number;
  readonly disagreements: number;
}

/** Sent to every open page when something is said of captures. */
export interface ChangeMessage {
  readonly presses: readonly number[];
  readonly progress: StudioProgress;
}

export interface Queue {
  /** Numbers of the presses, in the order to be shown. */
  readonly presses: readonly number[];
  readonly progress: StudioProgress;
}

/** One picture of a press, with what may be known of it in this look. */
export interface CaptureView {
  readonly id: number;
  readonly sequence: number;
  /** Pixels of the frame. */
  readonly width: number;
  readonly height: number;
  /** The face: as a person drew it, else where the bot looked. */
  readonly box: Box;
  readonly boxCorrected: boolean;
  /** In this look. */
  readonly label: string | undefined;
  /** Both looks and what was settled; only in the view of disagreements. */
  readonly looks?: { readonly first: string; readonly second: string; readonly settled: string | undefined };
  readonly consent: "unknown" | "given" | "refused";
  readonly lights: readonly Light[];
  /** Positive label's int8 logit minus the largest other one. */
  readonly margin: number;
}

/** One press of the nose: the pictures of its burst are judged together. */
export interface PressView {
  readonly press: number;
  readonly device: string;
  /** When it was taken, ISO 8601, as well as it is known. */
  readonly taken: string | undefined;
  /** It may be earlier by this many milliseconds. */
  readonly takenErrorMs: number | undefined;
  /** What the bot's lights said. */
  readonly smile: boolean;
  /** It saw no face in any frame, and said so. */
  readonly nobody: boolean;
  /** False for a coin. */
  readonly scored: boolean;
  /** Of the positive label, 0 to 1; undefined when the model that scored it is not known. */
  readonly probability: number | undefined;
  /** What it had to reach, as a probability. */
  readonly neededProbability: number | undefined;
  /** Of the press, in int8 logit steps per frame, and what it had to reach. */
  readonly margin: number;
  readonly threshold: number;
  readonly captures: readonly CaptureView[];
}

/** A person's act: one label for some captures. Sent again until it is acknowledged; it counts once. */
export interface Stroke {
  readonly stroke: string;
  readonly captures: readonly number[];
  readonly label: string;
  /** The face as the person drew it; null: where the bot looked; absent: as it was. */
  readonly box?: Box | null;
  /** Settles a disagreement. */
  readonly settle?: boolean;
}

export interface ServerError {
  readonly message: string;
  readonly remedy?: string;
}
