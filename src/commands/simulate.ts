/** `smilec simulate --images DIR` */
import { CheckFailedError, UserError } from "../errors.js";
import { deployedModel } from "../pipeline/deploy.js";
import { obtainFirmware } from "../pipeline/firmware.js";
import { openProject } from "../pipeline/project.js";
import { type Press, type Simulation, simulate } from "../simulate/simulate.js";
import type { CommandContext } from "./context.js";
import { percent, textTable, thousands } from "./table.js";

export interface SimulateOptions {
  readonly images: string;
  readonly whole: boolean;
  readonly golden: boolean;
}

/** Presses and kept-out pictures listed on the terminal; --json has all. */
const SHOWN = 40;

export async function simulateCommand(
  context: CommandContext,
  { images, whole, golden }: SimulateOptions,
): Promise<void> {
  const project = await openProject(context.project);
  const model = await deployedModel(project, context);
  if (golden && model === undefined) {
    throw new UserError("engine coin has no scores that could be compared", {
      where: "engine",
      remedy: "Run without --golden.",
    });
  }
  const { build } = await obtainFirmware(project, model, "host", context);
  const result = await simulate({
    images,
    program: build.programPath,
    whole,
    golden,
    context,
    ...(model === undefined ? {} : { model }),
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

function describe(result: Simulation, positive: string): string {
  const { presses, rejected, golden } = result;
  const rows = presses
    .slice(0, SHOWN)
    .map((press) => [
      press.name,
      press.label ?? "-",
      press.smile ? "green" : "off",
      press.margin.toFixed(1),
      press.probability === undefined ? "-" : press.probability.toFixed(3),
    ]);
  const lines = [textTable(["picture", "label", "lights", "margin", "probability"], rows)];
  if (presses.length > SHOWN) lines.push(`and ${thousands(presses.length - SHOWN)} more`);
  for (const { original, message } of rejected.slice(0, SHOWN)) lines.push(`kept out: ${original}: ${message}`);
  lines.push("", summary(presses, positive));
  if (golden !== undefined && golden.differences.length === 0) {
    lines.push(
      `golden: ${thousands(golden.captures)} captures read back and replayed, ${thousands(golden.values)} values compared, 0 differences`,
    );
  }
  return lines.join("\n");
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
