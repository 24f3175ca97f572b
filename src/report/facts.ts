/** What a report shows, without pictures: the document of `smilec report --json`, described in docs/report.md. */
import type { ModelEvaluation } from "../evaluate/run.js";
import type { LocatorEvaluation } from "../locate/evaluate/run.js";
import type { SkewReport } from "../skew/types.js";
import type {
  BoardSection,
  Check,
  ComparisonSection,
  DataSection,
  FirmwareSection,
  LabelsSection,
  MissingPart,
  ModelSection,
  QuantizationSection,
  ReplaySection,
  ReportInput,
  RetrainingSection,
  SimulationSection,
  TrainingSection,
} from "./types.js";

export interface ReportFacts {
  readonly formatVersion: 1;
  readonly title: string;
  readonly toolVersion: string;
  readonly checks: readonly Check[];
  readonly missing: readonly MissingPart[];
  readonly data?: Omit<DataSection, "samples">;
  readonly training?: TrainingSection;
  readonly quantization?: QuantizationSection;
  /** As `smilec eval --json` has it. */
  readonly evaluation?: ModelEvaluation;
  readonly comparison?: ComparisonSection;
  /** As `smilec retrain --json` has it. */
  readonly retraining?: RetrainingSection;
  readonly model?: ModelSection;
  readonly board?: BoardSection;
  readonly firmware?: FirmwareSection;
  readonly simulation?: Omit<SimulationSection, "presses">;
  readonly replay?: ReplaySection;
  readonly labels?: LabelsSection;
  /** As `smilec skew --json` has it. */
  readonly skew?: SkewReport;
  /** As `smilec locate eval --json` has it. */
  readonly locators?: LocatorEvaluation;
}

/** Sections that hold no picture are the same in both. */
const SHARED = [
  "training",
  "quantization",
  "comparison",
  "retraining",
  "model",
  "board",
  "firmware",
  "replay",
  "labels",
] as const;

export function reportFacts(input: ReportInput): ReportFacts {
  const { title, toolVersion, checks = [], missing = [], data, evaluation, simulation, skew, locators } = input;
  const shared = SHARED.flatMap((key) => (input[key] === undefined ? [] : [[key, input[key]]]));
  return {
    formatVersion: 1,
    title,
    toolVersion,
    checks,
    missing,
    ...(data && { data: { source: data.source, rows: data.rows } }),
    ...Object.fromEntries(shared),
    ...(evaluation && { evaluation: evaluation.evaluation }),
    ...(simulation && { simulation: withoutPresses(simulation) }),
    ...(skew && { skew: skew.report }),
    ...(locators && { locators: locators.evaluation }),
  };
}

function withoutPresses({ presses: _, ...facts }: SimulationSection): Omit<SimulationSection, "presses"> {
  return facts;
}
