/** Captures that the real firmware made, in a project's catalogue: a card of the host bot, taken in as a pull would. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { hex32 } from "#smilec/captures/format.js";
import { readSegment } from "#smilec/captures/read-segment.js";
import { encodePgm } from "#smilec/data/pgm.js";
import { drawnFrame } from "#smilec/data/synthetic/people.js";
import { generatedModel, HostBot, smallBundle } from "./host-bot.js";

/** Frames as the camera takes them, smaller: drawn faces, every fifth dark. */
export const FRAME = { width: 160, height: 120 };

const HOUR_MS = 3_600_000;

const digits = (value: number, count: number) => String(value).padStart(count, "0");

/** Builds the bot; it presses `presses` times with two frames each. Returns the card's folder. */
export async function pressedCard(presses: number): Promise<{ bot: HostBot; card: string }> {
  const config = {
    FRAME_WIDTH: `${FRAME.width}`,
    FRAME_HEIGHT: `${FRAME.height}`,
    BURST: "2",
    SLOTS_PER_SEGMENT: "32",
  };
  const bot = await HostBot.build({ flags: ["-std=c11", "-O1"], config, model: await generatedModel(smallBundle(39)) });
  const card = bot.makeCard();
  const pictures = Array.from({ length: presses }, (_, i) => drawnPicture(i));
  const { exitCode, stderr } = await bot.press(bot.writePictures(pictures), card);
  if (exitCode !== 0) throw new Error(stderr);
  return { bot, card };
}

function drawnPicture(index: number): Uint8Array {
  const { image } = drawnFrame(5, index, FRAME.width, FRAME.height);
  const pixels = index % 5 === 4 ? image.pixels.map((value) => value / 6) : image.pixels;
  return encodePgm({ ...image, pixels });
}

/** Puts a card's captures into a folder's catalogue; presses are an hour apart from `startMs` on, a press's frames by `frameMs`. */
export async function pullCard(card: string, dir: string, startMs: number | undefined, frameMs = 0): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const catalogue = Catalogue.open(dir);
  const pull = catalogue.pulls.beginPull("folder", card, 0);
  for (const name of readdirSync(card).sort()) {
    if (!name.endsWith(".TAR")) continue;
    for await (const record of readSegment(join(card, name))) {
      if (record.kind !== "capture") continue;
      const { metadata, frame, payload, header } = record.capture;
      const { device, epoch, segment, sequence, press, burstIndex } = metadata;
      const path = `${hex32(device)}/${hex32(epoch)}/${digits(segment, 5)}/${digits(sequence, 10)}.pgm`;
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), payload);
      const { width, height } = frame;
      const sinceStart = press * HOUR_MS + (burstIndex - 1) * frameMs;
      const taken = startMs === undefined ? undefined : { ms: startMs + sinceStart, errorMs: 60_000 };
      const facts = { metadata, width, height, payloadCrc: header.payloadCrc, payloadBytes: payload.length };
      catalogue.pulls.add({ ...facts, path, taken, recovered: false }, pull);
    }
  }
  catalogue.close();
}
