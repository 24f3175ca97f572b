/** Captures of the real firmware in a project's captures folder: faces shown to the host bot, its card taken in as a pull does. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { hex32 } from "#smilec/captures/format.js";
import { readSegment } from "#smilec/captures/read-segment.js";
import { encodePgm } from "#smilec/data/pgm.js";
import type { GrayImage } from "#smilec/data/types.js";
import { readModel, SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { generatedModel, HostBot } from "./host-bot.js";

/** The host bot with the model that comes with smilec; it sees square pictures of up to 64 pixels as they are. */
export async function shippedBot(burst = 2): Promise<HostBot> {
  const model = await readModel(SHIPPED_MODEL, "shipped");
  const { preprocess, thresholdMargin, positive } = model.description;
  return HostBot.build({
    flags: ["-std=c11", "-O2"],
    model: await generatedModel(model),
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
export async function capture(bot: HostBot, pictures: readonly GrayImage[], dir: string): Promise<void> {
  const card = bot.makeCard();
  const { exitCode, stderr } = await bot.press(bot.writePictures(pictures.map(encodePgm)), card, "--box", "whole");
  if (exitCode !== 0) throw new Error(stderr);
  await catalogueCard(card, dir);
}

/** As a pull: every capture of a card's segments. */
export async function catalogueCard(card: string, dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const catalogue = Catalogue.open(dir);
  const pull = catalogue.beginPull("folder", card, 0);
  for (const name of readdirSync(card).filter((file) => file.startsWith("SEG"))) {
    for await (const record of readSegment(join(card, name))) {
      if (record.kind !== "capture") continue;
      const { metadata, frame, payload, header } = record.capture;
      const { device, epoch, segment, sequence } = metadata;
      const digits = (value: number, count: number) => String(value).padStart(count, "0");
      const path = `${hex32(device)}/${hex32(epoch)}/${digits(segment, 5)}/${digits(sequence, 10)}.pgm`;
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), payload);
      const facts = {
        width: frame.width,
        height: frame.height,
        payloadCrc: header.payloadCrc,
        payloadBytes: payload.length,
      };
      catalogue.add({ metadata, ...facts, path, taken: undefined, recovered: false }, pull);
    }
  }
  catalogue.close();
}
