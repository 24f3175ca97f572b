/** What a face locator answers (docs/locate.md). Integers throughout, equal in the firmware (firmware/core/sm_locate.h). */
import type { Box, GrayImage } from "../data/types.js";
import type { CenterLocator } from "./center.js";

/** What a locator answers for a frame. */
export interface Located {
  /** Square inside the frame: of the best candidate, even when it is too weak to count. Without any candidate the largest centred square. */
  readonly box: Box;
  /** Confidence of the best candidate, integer 0 to 1000 (per mille, monotone in the detector's own score); 0 without any candidate. */
  readonly confidence: number;
  /** confidence >= the locator's threshold. False is "nobody here". */
  readonly found: boolean;
}

/** Every candidate after suppression, best first: for evaluation and pictures; the firmware keeps only the best. */
export interface Candidate {
  readonly box: Box;
  readonly confidence: number;
}

/** Finds faces; a TypeScript twin of what the firmware runs. */
export interface Detector {
  /** First 16 hex digits of the SHA-256 of the file that holds it. */
  readonly hash: string;
  /** How much less confident than the surest candidate another may be and still count, per mille. */
  readonly spread: number;
  candidates(frame: GrayImage): Candidate[];
}

export const LOCATOR_KINDS = ["center", "classic", "neural"] as const;
export type LocatorKind = (typeof LOCATOR_KINDS)[number];

/** How a frame's face is looked for, as every capture tells. */
export interface LocatorSpec {
  readonly kind: LocatorKind;
  /** The detector's hash; zeros for `center`. */
  readonly model: string;
  /** Confidence from which a face counts, 1 to 1000; 0 for `center`. */
  readonly threshold: number;
  /** The square that `center` looks at. */
  readonly center: CenterLocator;
}
