/** Captures computed again, and compared with what the bots logged. */
import { counted, foreign, integer } from "../format.js";
import type { ReplaySection } from "../types.js";
import type { SectionView } from "./view.js";

const SHOWN = 40;

export function replaySection(replay: ReplaySection): SectionView {
  const { captures, presses, compared, equal, byStage, differences, damaged, damagedCount, missingModels, thresholds } =
    replay;
  const missing = Object.entries(missingModels);
  return {
    id: "replay",
    title: "Replay",
    css: [],
    view: {
      captures: counted(captures, "capture"),
      presses: counted(presses, "press", "presses"),
      banner: banner(replay),
      stages: entries(byStage),
      differences: differences.length === 0 ? null : differences.slice(0, SHOWN).map(foreign),
      moreDifferences: more(compared - equal, differences.length),
      damaged: damagedCount === 0 ? null : damaged.slice(0, SHOWN).map(foreign),
      damagedTitle: `${counted(damagedCount, "picture")} damaged`,
      missing:
        missing.length === 0
          ? null
          : missing.map(([model, count]) => `${counted(count, "capture")} of model ${foreign(model)}`).join(", "),
      thresholds:
        thresholds === 0 ? null : `${counted(thresholds, "capture")} had a threshold that was set on the bot by hand.`,
    },
  };
}

function banner({ compared, equal }: ReplaySection) {
  if (compared === 0) {
    const words = "The models that made the captures are not kept in deployed/, so nothing could be computed again.";
    return { state: "none", title: "Nothing was replayed", compared: "0 captures", words };
  }
  const figures = `${integer(equal)} of ${counted(compared, "capture")} equal`;
  return equal === compared
    ? {
        state: "pass",
        title: "Every capture replays exactly",
        compared: figures,
        words: "Box, network input, outputs and decision are what the bot logged, on every bit.",
      }
    : {
        state: "fail",
        title: "Captures replay differently",
        compared: figures,
        words: "What comes out now is not what the bot logged: smilec replay names the likely causes.",
      };
}

function entries(byStage: ReplaySection["byStage"]) {
  const stages = Object.entries(byStage).map(([stage, count]) => ({ stage, count: integer(count) }));
  return stages.length === 0 ? null : stages;
}

function more(all: number, listed: number): string | null {
  return all > Math.min(listed, SHOWN) ? `${counted(all, "capture")} differ; the first findings are shown.` : null;
}
