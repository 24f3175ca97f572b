/** An office with a coin bot in it: people before the real firmware, day after day, and their captures pulled and judged as a scripted person would. */
import { readdirSync } from "node:fs";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { encodePgm } from "#smilec/data/pgm.js";
import type { GrayImage } from "#smilec/data/types.js";
import { pullCard } from "./captures.js";
import { OPTIMIZED } from "./compile.js";
import { decisionsOf, HostBot } from "./host-bot.js";

/** Someone pressing the nose. */
export interface Visit {
  readonly image: GrayImage;
  readonly label: string;
}

/** A bot whose camera takes square pictures of `side` pixels and that looks at all of them. */
export function officeBot(
  side: number,
  options: {
    readonly burst: number;
    readonly model?: Readonly<Record<string, string>>;
    readonly config?: Readonly<Record<string, string>>;
  },
): Promise<HostBot> {
  const { burst, model, config } = options;
  return HostBot.build({
    flags: OPTIMIZED,
    ...(model === undefined ? {} : { model }),
    config: {
      ...(model === undefined ? { ENGINE: "SM_ENGINE_COIN", MODEL_HASH: '"0000000000000000"' } : {}),
      FRAME_WIDTH: `${side}`,
      FRAME_HEIGHT: `${side}`,
      LOCATOR_SIZE: "1000",
      BURST: `${burst}`,
      SLOTS_PER_SEGMENT: "256",
      ...config,
    },
  });
}

/** Every day the bot is switched on, and its visitors come. Pulls the card into `captures` and judges every capture by its visit's label. */
export async function workDays(bot: HostBot, days: readonly (readonly Visit[])[], captures: string): Promise<void> {
  const card = bot.makeCard();
  for (const visits of days) {
    const result = await bot.press(bot.writePictures(visits.map(({ image }) => encodePgm(image))), card);
    if (result.exitCode !== 0) throw new Error(result.stderr);
    if (decisionsOf(result).length !== visits.length) throw new Error("a visit has no decision");
  }
  if (!readdirSync(card).some((name) => name.endsWith(".TAR"))) throw new Error("the card is empty");
  // Without a time a bot's day is what it captured between two starts.
  await pullCard(card, captures, undefined);
  judge(captures, days);
}

/** By start and press, in the order in which they happened. */
function judge(captures: string, days: readonly (readonly Visit[])[]): void {
  const catalogue = Catalogue.open(captures);
  const all = [...catalogue.captures()];
  const boots = [...new Set(all.map(({ metadata }) => metadata.boot))].sort((a, b) => a - b);
  const presses = boots.map((boot) => {
    const own = all.filter(({ metadata }) => metadata.boot === boot).map(({ metadata }) => metadata.press);
    return [...new Set(own)].sort((a, b) => a - b);
  });
  catalogue.transaction(() => {
    for (const { id, metadata } of all) {
      const day = boots.indexOf(metadata.boot);
      const { label } = days[day][presses[day].indexOf(metadata.press)];
      catalogue.labels.judge(id, { pass: 1, label, box: undefined, atMs: 1 });
    }
  });
  catalogue.close();
}
