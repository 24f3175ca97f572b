/** What must hold of a project, each with its limit: on the page, in `--json`, and as test cases of `--junit`. */
import { bytes, integer } from "./format.js";
import type { BoardSection, Check, LabelsSection, ReplaySection, ReportInput, SimulationSection } from "./types.js";

/** Accuracy that int8 may cost, in parts of 1. */
export const INT8_LOSS = 0.01;
/** From here on nearly every capture can be told from training as it is augmented. */
export const SKEW_AUC = 0.9;
/** Cohen's kappa of two looks; below it labels are not good enough to train on (Landis and Koch 1977: substantial above). */
export const LEAST_KAPPA = 0.6;
/** Captures below which kappa says nothing. */
const FEWEST_TWICE = 20;
const LISTED = 100;

const NO_CAPTURES = "no captures were pulled";

/** In the order of the loop; what cannot be known yet is skipped, with the reason. */
export function reportChecks(input: ReportInput): Check[] {
  return [
    int8Loss(input),
    ...boardChecks(input.board),
    simulated(input.simulation),
    ...replayChecks(input.replay),
    agreement(input.labels),
    consistent(input),
    alike(input),
  ];
}

type Finding = Pick<Check, "found"> & { readonly lines?: readonly string[] };

function check(name: string, asks: string, finding: (Finding & { readonly holds: boolean }) | string): Check {
  if (typeof finding === "string") return { name, state: "skipped", asks, found: finding, lines: [] };
  const { holds, found, lines = [] } = finding;
  return { name, state: holds ? "pass" : "fail", asks, found, lines: lines.slice(0, LISTED) };
}

function int8Loss({ evaluation }: ReportInput): Check {
  const asks = `int8 loses at most ${points(INT8_LOSS)} points of accuracy on the test pictures`;
  const loss = evaluation?.evaluation.int8Change?.accuracy.value;
  if (loss === undefined || loss === null) return check("int8-loss", asks, "no float and int8 model were compared");
  const found = `it changes by ${loss < 0 ? "-" : "+"}${points(Math.abs(loss))} points`;
  return check("int8-loss", asks, { holds: loss >= -INT8_LOSS, found });
}

function points(part: number): string {
  return (100 * part).toFixed(1);
}

function boardChecks(board: BoardSection | undefined): Check[] {
  if (board === undefined) {
    return [
      check("press-to-light", "the lights answer a press in time", "no model to compute it for"),
      check("memory", "the firmware fits the board", "no model to compute it for"),
    ];
  }
  const { press, limitMs, memory } = board;
  const found = `at most ${Math.ceil(press.ms)} ms, computed`;
  return [
    check("press-to-light", `the lights answer a press within ${limitMs} ms on ${board.board}`, {
      holds: press.withinLimit,
      found,
    }),
    ...memory.map(({ memory: name, bytes: used, limit }) =>
      check(`memory-${name.toLowerCase().replaceAll(" ", "-")}`, `the firmware's ${name} fits ${board.board}`, {
        holds: used <= limit,
        found: `${bytes(used)} of ${bytes(limit)}, estimated`,
      }),
    ),
  ];
}

function simulated(simulation: SimulationSection | undefined): Check {
  const asks = "every value of the host firmware equals the reference's";
  if (simulation === undefined || simulation.values === 0) return check("simulation", asks, "no press was simulated");
  const { values, differences } = simulation;
  const found = `${integer(differences.length)} of ${integer(values)} values differ`;
  return check("simulation", asks, { holds: differences.length === 0, found, lines: differences });
}

function replayChecks(replay: ReplaySection | undefined): Check[] {
  const equalAsks = "every capture computed again equals what the bot logged";
  const wholeAsks = "no picture of a capture is damaged";
  if (replay === undefined) {
    return [check("replay", equalAsks, NO_CAPTURES), check("pictures", wholeAsks, NO_CAPTURES)];
  }
  const { compared, equal, differences, damagedCount, damaged, captures } = replay;
  return [
    compared === 0
      ? check("replay", equalAsks, "of no capture the model is kept")
      : check("replay", equalAsks, {
          holds: equal === compared,
          found: `${integer(equal)} of ${integer(compared)} are equal`,
          lines: differences,
        }),
    check("pictures", wholeAsks, {
      holds: damagedCount === 0,
      found: `${integer(damagedCount)} of ${integer(captures)} are damaged`,
      lines: damaged,
    }),
  ];
}

function agreement(labels: LabelsSection | undefined): Check {
  const asks = `two looks at captures agree with a kappa of ${LEAST_KAPPA.toFixed(2)} and more`;
  if (labels === undefined) return check("label-agreement", asks, NO_CAPTURES);
  const { captures, kappa } = labels.agreement;
  if (captures < FEWEST_TWICE || kappa === null) {
    return check("label-agreement", asks, `${captures} captures were looked at twice; ${FEWEST_TWICE} are needed`);
  }
  const found = `kappa ${kappa.toFixed(2)} over ${captures} captures`;
  return check("label-agreement", asks, { holds: kappa >= LEAST_KAPPA, found });
}

function consistent({ skew }: ReportInput): Check {
  const asks = "network inputs computed now are those that the bot logged";
  if (skew === undefined) return check("consistency", asks, "training and serving were not compared");
  const { captures, equal, different, differences } = skew.report.consistency;
  return check("consistency", asks, {
    holds: different === 0,
    found: `${integer(equal)} of ${integer(captures)} captures are as they were logged`,
    lines: differences,
  });
}

function alike({ skew }: ReportInput): Check {
  const asks = `captures are told from augmented training pictures with an AUC below ${SKEW_AUC.toFixed(2)}`;
  const auc = skew?.report.augmentedAuc.value;
  if (auc === undefined || auc === null) return check("skew", asks, "training and serving were not compared");
  return check("skew", asks, { holds: auc < SKEW_AUC, found: `AUC ${auc.toFixed(2)}` });
}
