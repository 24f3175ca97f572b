/** `smilec simulate --images DIR|--raw FILE [--button FILE|--keyboard]` */
import { CheckFailedError, UserError } from "../errors.js";
import { deployedModel } from "../pipeline/deploy.js";
import { obtainFirmware } from "../pipeline/firmware.js";
import { openProject } from "../pipeline/project.js";
import { type Card, chooseCard, isUsed } from "../simulate/card.js";
import { type Press, type Scene, type Simulation, simulate, simulateOnKeyboard } from "../simulate/simulate.js";
import { FRAME } from "../template/context.js";
import type { CommandContext } from "./context.js";
import { percent, textTable, thousands } from "./table.js";

export interface SimulateOptions {
  readonly images?: string;
  readonly raw?: string;
  readonly rawSize: string;
  readonly button?: string;
  readonly keyboard: boolean;
  readonly card?: string;
  readonly cardSize?: string;
  readonly whole: boolean;
  readonly golden: boolean;
}

/** Presses and kept-out pictures listed on the terminal; --json has all. */
const SHOWN = 40;

export async function simulateCommand(context: CommandContext, options: SimulateOptions): Promise<void> {
  const { button, whole, golden } = options;
  const scene = sceneOf(options);
  const card = await cardOf(options);
  const project = await openProject(context.project);
  const model = await deployedModel(project, context);
  if (golden && model === undefined) {
    throw new UserError("engine coin has no scores that could be compared", {
      where: "engine",
      remedy: "Run without --golden.",
    });
  }
  if (golden && card !== undefined) await refuseUsedCard(card);
  const cardImages = card?.kind === "image";
  const { build, detector } = await obtainFirmware(project, model, "host", context, { cardImages });
  const run = { scene, program: build.programPath, whole, context, ...(card === undefined ? {} : { card }) };
  if (options.keyboard) return simulateOnKeyboard(run);
  const result = await simulate({
    ...run,
    golden,
    ...(button === undefined ? {} : { button }),
    ...(model === undefined ? {} : { model }),
    ...(detector === undefined ? {} : { detector: detector.open() }),
  });
  context.result(result, () => describe(result, project.config.positive));
  const differences = result.golden?.differences ?? [];
  if (differences.length > 0) {
    throw new CheckFailedError(`${differences.length} differences from the reference`, {
      detail: differences.slice(0, SHOWN).join("\n"),
      remedy: "This is a bug in smilec or a damaged build: remove build/host and try again, then report it.",
    });
  }
}

/** Exactly one of --images and --raw. */
function sceneOf({ images, raw, rawSize }: SimulateOptions): Scene {
  if ((images === undefined) === (raw === undefined)) {
    throw new UserError("the bot needs one thing to look at", {
      remedy: "Name a folder of pictures with --images, or raw frames with --raw FILE (- for standard input).",
    });
  }
  if (images !== undefined) return { images };
  const size = /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(rawSize);
  const [width, height] = [Number(size?.[1]), Number(size?.[2])];
  if (size === null || width > FRAME.width || height > FRAME.height) {
    throw new UserError(`no size of a frame: ${rawSize}`, {
      where: "--raw-size",
      remedy: `Give width and height, such as 160x120; at most ${FRAME.width}x${FRAME.height}.`,
    });
  }
  return { raw: raw!, width, height };
}

async function cardOf({ card, cardSize }: SimulateOptions): Promise<Card | undefined> {
  if (card !== undefined) return chooseCard(card, cardSize);
  if (cardSize === undefined) return undefined;
  throw new UserError("a new card wants a name", {
    where: "--card-size",
    remedy: "Name the image file to make with --card.",
  });
}

/** Captures from before cannot be told from this run's, and --golden accounts for every one. */
async function refuseUsedCard(card: Card): Promise<void> {
  if (!(await isUsed(card))) return;
  throw new UserError("the card has captures of another run", {
    where: card.path,
    remedy: "Give --golden a new folder or image as card, or none.",
  });
}

function describe(result: Simulation, positive: string): string {
  const { presses, rejected, withdrawn, failed, golden } = result;
  const rows = presses
    .slice(0, SHOWN)
    .map((press) => [
      press.name,
      press.label ?? "-",
      lightsOf(press),
      press.nobody ? "-" : press.margin.toFixed(1),
      press.probability === undefined || press.nobody ? "-" : press.probability.toFixed(3),
    ]);
  const lines = [textTable(["picture", "label", "lights", "margin", "probability"], rows)];
  if (presses.length > SHOWN) lines.push(`and ${thousands(presses.length - SHOWN)} more`);
  for (const { original, message } of rejected.slice(0, SHOWN)) lines.push(`kept out: ${original}: ${message}`);
  lines.push("", summary(presses, positive));
  if (withdrawn > 0) lines.push(`${thousands(withdrawn)} captures withdrawn by long presses`);
  if (failed > 0) lines.push(`${thousands(failed)} presses without a decision`);
  if (golden !== undefined && golden.differences.length === 0) {
    lines.push(
      `golden: ${thousands(golden.captures)} captures read back and replayed, ${thousands(golden.values)} values compared, 0 differences`,
    );
  }
  return lines.join("\n");
}

function lightsOf({ nobody, smile }: Press): string {
  if (nobody) return "nobody";
  return smile ? "green" : "off";
}

function summary(presses: readonly Press[], positive: string): string {
  const green = presses.filter((press) => press.smile).length;
  const labelled = presses.filter((press) => press.label !== undefined);
  const positives = labelled.filter((press) => press.label === positive);
  const text = `${thousands(presses.length)} presses, green ${thousands(green)}`;
  if (positives.length === 0 || positives.length === labelled.length) return text;
  const hits = positives.filter((press) => press.smile).length;
  const calls = labelled.filter((press) => press.smile).length;
  const precision = calls === 0 ? "precision not defined" : `precision ${percent(hits / calls)}`;
  return `${text}; of ${positives.length} ${positive}: recall ${percent(hits / positives.length)}, ${precision}`;
}
