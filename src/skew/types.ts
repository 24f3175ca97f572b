/** What a comparison of training with serving comes to. */
import type { Interval } from "../evaluate/bootstrap.js";
import type { Cause } from "./causes.js";
import type { Closing } from "./closing.js";
import type { EmbeddingMap, FeatureComparison } from "./compare.js";
import type { Consistency } from "./consistency.js";
import type { FramingFacts } from "./framing.js";
import type { SeenPicture } from "./samples.js";

export interface SkewReport {
  readonly formatVersion: 1;
  readonly training: { readonly name: string; readonly pictures: number; readonly sampled: number };
  readonly serving: {
    readonly captures: number;
    readonly presses: number;
    readonly devices: number;
    readonly sampled: number;
    readonly damaged: number;
    readonly framing: FramingFacts;
  };
  /** Area under the ROC curve of the domain classifier: captures against training pictures as they are, and as training varies them. */
  readonly auc: Interval;
  readonly augmentedAuc: Interval;
  readonly verdict: string;
  readonly causes: readonly Cause[];
  readonly features: readonly FeatureComparison[];
  readonly closing: readonly Closing[];
  readonly consistency: Consistency;
  readonly map: EmbeddingMap;
  /** Pictures that were damaged, in words. */
  readonly damaged: readonly string[];
}

/** A strange capture and the training picture most like it. */
export interface ShownPair {
  readonly capture: Pick<SeenPicture, "name" | "grey">;
  readonly nearest: Pick<SeenPicture, "name" | "grey">;
  /** Distance of the capture, in distances between training pictures. */
  readonly strangeness: number;
}

export interface SkewResult {
  readonly report: SkewReport;
  readonly strangest: readonly ShownPair[];
  /** Side of the pictures that the network sees. */
  readonly size: number;
}
