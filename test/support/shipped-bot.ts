/** The host bot with the model that comes with smilec, and captures it made of given pictures in a project's captures folder. */

import { encodePgm } from "#smilec/data/pgm.js";
import type { GrayImage } from "#smilec/data/types.js";
import { emitC } from "#smilec/emit/c/model.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { readModel, SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { pullCard } from "./captures.js";
import { kernelFolder } from "./compile.js";
import { cFiles } from "./firmware.js";
import { HostBot } from "./host-bot.js";
import { Random } from "./random.js";

/** It sees square pictures of up to 64 pixels as they are. */
export async function shippedBot(burst: number): Promise<HostBot> {
  const model = await readModel(SHIPPED_MODEL, "shipped");
  const { preprocess, thresholdMargin, positive } = model.description;
  const input = new Random(77).int8s(preprocess.size ** 2);
  const [output] = new ReferenceInterpreter(model.graph).run([input]);
  const { files } = emitC(model.graph, { provenance: "a test", golden: { input, output } });
  return HostBot.build({
    flags: ["-std=c11", "-O2"],
    model: { ...files, ...(await cFiles(kernelFolder)) },
    config: {
      INPUT_SIZE: `${preprocess.size}`,
      THRESHOLD_MARGIN: `${thresholdMargin}`,
      POSITIVE: `${positive}`,
      MODEL_HASH: `"${model.sha256.slice(0, 16)}"`,
      BURST: `${burst}`,
      FRAME_WIDTH: "64",
      FRAME_HEIGHT: "64",
      SLOTS_PER_SEGMENT: "256",
    },
  });
}

/** One press per picture, the whole of it looked at; the captures end up in `dir`. */
export async function captureAll(bot: HostBot, pictures: readonly GrayImage[], dir: string): Promise<void> {
  const card = bot.makeCard();
  const { exitCode, stderr } = await bot.press(bot.writePictures(pictures.map(encodePgm)), card, "--box", "whole");
  if (exitCode !== 0) throw new Error(stderr);
  await pullCard(card, dir, undefined);
}
