/** What a comparison of training with serving comes to. */
import type { Interval } from "../evaluate/bootstrap.js";
import type { Cause } from "./causes.js";
import type { Closing } from "./closing.js";
import type { EmbeddingMap, FeatureComparison, StrangePair } from "./compare.js";
import type { Consistency } from "./consistency.js";
import type { FramingFacts } from "./framing.js";

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

export interface SkewResult {
  readonly report: SkewReport;
  readonly strangest: readonly StrangePair[];
  /** Side of the pictures that the network sees. */
  readonly size: number;
}
