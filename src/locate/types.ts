/** What a face locator answers (docs/locate.md). Integers throughout, equal in the firmware (firmware/core/sm_locate.h). */
import type { Box } from "../data/types.js";

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
