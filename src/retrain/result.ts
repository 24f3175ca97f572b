/** What a retraining came to: as `--json` gives it and `report/retraining.json` keeps it. */
import type { Interval } from "../evaluate/bootstrap.js";
import type { LeftOut } from "../label/judged-pictures.js";
import type { ChangedStrength } from "../pipeline/skew-fit.js";
import type { ModelComparison } from "./compare.js";
import type { Verdict } from "./verdict.js";

export interface SplitCounts {
  readonly captures: number;
  readonly presses: number;
  readonly positives: number;
  /** Bots' days. */
  readonly groups: number;
}

export interface RetrainResult extends Verdict {
  /** First 16 hex digits of the models' SHA-256. */
  readonly before: string;
  readonly after: string;
  /** Whether training went on from the weights in service. */
  readonly warm: boolean;
  readonly splits: Readonly<Record<"train" | "val" | "heldOut", SplitCounts>>;
  readonly leftOut: Readonly<Record<LeftOut, number>>;
  readonly captureWeight: number;
  readonly baseData: readonly string[];
  /** On held-out presses; absent when no judged capture was trained on. */
  readonly captures?: ModelComparison;
  /** Without captures: on the base data's validation pictures, degraded. */
  readonly degraded?: ModelComparison;
  /** Without captures: how the base pictures were changed for training. */
  readonly syntheticSkew?: SyntheticSkew;
  readonly base: ModelComparison;
}

/** Strengths of `train.augment` that take the place of production pictures. */
export interface SyntheticSkew {
  /** `configuration`: as written there; `default`: smilec's own, as the configuration has none; `captures`: fitted to captures that nobody has judged. */
  readonly origin: "configuration" | "default" | "captures";
  /** Settings that differ from the configuration's. */
  readonly changes: readonly ChangedStrength[];
  /** With captures: the domain classifier between augmented training pictures and captures. */
  readonly auc?: Interval;
}
