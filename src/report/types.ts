/** What the HTML report shows; every section is optional, so that it can be written at any stage of a project. */
import type { SheetRow } from "../augment/preview/sheet.js";
import type { MemoryEstimate } from "../build/memory-estimate.js";
import type { Box, GrayImage, Split } from "../data/types.js";
import type { Quality, Summary } from "../evaluate/evaluation.js";
import type { Mistake } from "../evaluate/mistakes.js";
import type { ModelEvaluation } from "../evaluate/run.js";
import type { PressToLight } from "../inspect/press-to-light.js";
import type { Pace } from "../label/pace.js";
import type { LabelStatus } from "../label/status.js";
import type { LocatorEvaluationResult } from "../locate/evaluate/run.js";
import type { ReplayResult } from "../replay/run.js";
import type { SkewResult } from "../skew/types.js";

export interface ReportInput {
  /** Name of the bot. */
  readonly title: string;
  readonly toolVersion: string;
  /** One entry per line of the summary at the top: what, and the figure. */
  readonly summary: readonly { readonly label: string; readonly value: string }[];
  /** What must hold, and whether it does. */
  readonly checks?: readonly Check[];
  readonly data?: DataSection;
  readonly augmentation?: AugmentationSection;
  readonly training?: TrainingSection;
  readonly quantization?: QuantizationSection;
  readonly evaluation?: EvaluationSection;
  readonly comparison?: ComparisonSection;
  readonly retraining?: RetrainingSection;
  readonly model?: ModelSection;
  readonly board?: BoardSection;
  readonly firmware?: FirmwareSection;
  readonly simulation?: SimulationSection;
  readonly replay?: ReplaySection;
  readonly labels?: LabelsSection;
  readonly skew?: SkewResult;
  readonly locators?: LocatorEvaluationResult;
  /** What a report can show and this one does not. */
  readonly missing?: readonly MissingPart[];
}

/** A statement with a limit, which a server can watch. */
export interface Check {
  /** `int8-loss`: never changes. */
  readonly name: string;
  readonly state: "pass" | "fail" | "skipped";
  /** What is asked for, with the limit. */
  readonly asks: string;
  /** What was found, or why nothing was. */
  readonly found: string;
  /** Single findings of a check that failed. */
  readonly lines: readonly string[];
}

export interface MissingPart {
  readonly what: string;
  readonly why: string;
  /** The command that brings it. */
  readonly command: string;
}

/** What training does to its pictures. */
export interface AugmentationSection {
  /** `6 of 9,214 training pictures`. */
  readonly pictures: string;
  /** Draws of all augmentations together, each row followed by what the network gets of it; the picture as it is comes first. */
  readonly together: readonly SheetRow[];
  /** A row per augmentation from weak to strong, the picture as it is first. */
  readonly alone: readonly SheetRow[];
}

/** What the firmware will take of the board, computed before it is built. */
export interface BoardSection {
  readonly board: string;
  readonly engine: string;
  readonly press: PressToLight;
  readonly limitMs: number;
  /** Bytes of what is exact and what is estimated together, and of the board. */
  readonly memory: readonly Pick<MemoryEstimate, "memory" | "bytes" | "certainBytes" | "limit">[];
}

/** Captures computed again and compared with what the bots logged. */
export interface ReplaySection extends Omit<ReplayResult, "differences" | "damaged"> {
  /** In words; the first of them. */
  readonly differences: readonly string[];
  readonly damaged: readonly string[];
}

export interface LabelsSection extends LabelStatus {
  readonly pace: Pace;
}

export interface DataSection {
  readonly source: string;
  /** Rows of the statistics table: pictures per label, split and source with mean measures in grey levels. */
  readonly rows: readonly {
    readonly label: string;
    readonly split: Split;
    readonly source: string;
    readonly count: number;
    readonly brightness: number;
    readonly contrast: number;
    readonly sharpness: number;
    readonly noise: number;
  }[];
  /** Some training pictures of each label. */
  readonly samples: readonly { readonly label: string; readonly picture: GrayImage }[];
}

export interface TrainingSection {
  readonly architecture: string;
  readonly backend: string;
  readonly parameters: number;
  readonly macs: number;
  readonly bestEpoch: number;
  readonly history: readonly {
    readonly epoch: number;
    readonly learningRate: number;
    readonly trainLoss: number;
    readonly valLoss: number;
    readonly valAccuracy: number;
  }[];
}

export interface QuantizationSection {
  readonly split: Split;
  readonly count: number;
  readonly floatAccuracy: number;
  readonly int8Accuracy: number;
  /** Worst first. */
  readonly layers: readonly { readonly layer: string; readonly signalToNoiseDb: number; readonly saturated: number }[];
}

export interface EvaluationSection {
  /** What the pictures are called: "test pictures". */
  readonly pictures: string;
  readonly evaluation: ModelEvaluation;
  /** The most confident mistakes, worst first. */
  readonly mistakes: readonly Mistake[];
}

/** Two models side by side on the same pictures: the same network trained without and with augmentation. */
export interface ComparisonSection {
  readonly title: string;
  /** What the pictures are called: "test pictures". */
  readonly pictures: string;
  readonly runs: readonly [before: ComparedRun, after: ComparedRun];
  /** Second run minus first, per view; `clean` first, then as the evaluations' views. */
  readonly changes: readonly Quality[];
}

export interface ComparedRun {
  readonly name: string;
  readonly evaluation: ModelEvaluation;
}

/** The last retraining. */
export interface RetrainingSection {
  /** First 16 hex digits of the models' SHA-256. */
  readonly before: string;
  readonly after: string;
  readonly ships: boolean;
  /** One sentence each. */
  readonly reasons: readonly string[];
  /** Whether it went on from the weights in service. */
  readonly warm: boolean;
  readonly captureWeight: number;
  readonly baseData: readonly string[];
  readonly splits: Readonly<Record<"train" | "val" | "heldOut", RetrainingSplit>>;
  /** On held-out presses. */
  readonly captures?: BeforeAndAfter;
  /** On degraded validation pictures, where nobody had judged a capture. */
  readonly degraded?: BeforeAndAfter;
  readonly syntheticSkew?: { readonly origin: "configuration" | "default" | "captures" };
  readonly base: BeforeAndAfter;
}

export interface RetrainingSplit {
  readonly captures: number;
  readonly presses: number;
  readonly positives: number;
  /** Bots' days. */
  readonly groups: number;
}

/** Two models on the same presses or pictures. */
export interface BeforeAndAfter {
  readonly count: number;
  readonly before: Summary;
  readonly after: Summary;
  readonly change: Quality;
}

export interface ModelSection {
  readonly hash: string;
  readonly modelBytes: number;
  readonly weightBytes: number;
  readonly arenaBytes: number;
  readonly operators: readonly {
    readonly name: string;
    readonly kind: string;
    readonly outputShape: readonly number[];
    readonly macs: number;
    readonly weightBytes: number;
  }[];
  /** Tensors in the arena: offset and size in bytes, first and last operator that need it. */
  readonly arena: readonly {
    readonly name: string;
    readonly offset: number;
    readonly bytes: number;
    readonly from: number;
    readonly to: number;
  }[];
}

export interface FirmwareSection {
  readonly target: string;
  readonly engine: string;
  readonly sizes: readonly { readonly name: string; readonly bytes: number; readonly limit?: number }[];
}

export interface SimulationSection {
  /** The label that lights green: decides which presses were right. Default: the evaluation's; without either, no press is judged. */
  readonly positive?: string;
  /** Captures compared with the TypeScript reference and how many differed, by stage. */
  readonly captures: number;
  readonly values: number;
  readonly differences: readonly string[];
  /** Of all presses, when `presses` holds only the first of them. */
  readonly totals?: {
    readonly presses: number;
    readonly green: number;
    readonly right: number;
    readonly wrong: number;
  };
  readonly presses: readonly {
    readonly name: string;
    /** True label, when the picture's folder or manifest tells. */
    readonly label?: string;
    readonly frame: GrayImage;
    readonly box: Box;
    /** The int8 network input, size x size. */
    readonly input: Int8Array;
    readonly inputSize: number;
    readonly probability: number;
    readonly margin: number;
    /** Green lights. */
    readonly smile: boolean;
    /** No face was found in any frame. */
    readonly nobody: boolean;
  }[];
}
