/** Why a value may differ from what was logged, in words. */
import type { ReplayStage } from "../captures/replay.js";

const BY_VALUE: Readonly<Record<string, string>> = {
  "input size": "the kept model has another input than the bot's had: the firmware was not built from it",
  normalize: "the kept model normalizes otherwise than the bot did: the firmware was not built from it",
  "model hash": "the model's file has changed since it was deployed",
  "positive label": "the kept model's positive label is another than the bot's",
  margin: "the bot computed the margin otherwise than from its outputs: a fault of its firmware, or damaged metadata",
  sum: "the bot summed the press otherwise, or a capture of another press has the same number",
  decision: "the lights did not follow the sum and the threshold: a fault of the firmware, or damaged metadata",
};

const BY_STAGE: Readonly<Record<ReplayStage, string>> = {
  frame: "the picture is not the one that was logged: the card, the copy or the file was damaged",
  box: "the bot looked at another place than its locator's settings say: another version of the firmware's locator",
  preprocess:
    "the bot prepared the picture otherwise: another version of its preprocessing, or a fault in its memory between camera and network",
  model: "the network computed otherwise on the bot: a fault of the generated C, the compiler or the chip's memory",
  decision: "the bot decided otherwise than it says it should have",
};

/** The likely cause of a difference. */
export function likelyCause(stage: ReplayStage, what: string): string {
  return BY_VALUE[what] ?? BY_STAGE[stage];
}
