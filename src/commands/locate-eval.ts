/** `smilec locate eval`: how well faces are found, and what that does to the smiles. */
import type { Split } from "../data/types.js";
import { UserError } from "../errors.js";
import { obtainLocatorEvaluation } from "../pipeline/locate-eval.js";
import type { CommandContext } from "./context.js";
import { locatorEvaluationText } from "./locate-eval-text.js";
import { frameSize, wholeNumber } from "./numbers.js";
import { writeOutput } from "./output-file.js";

export interface LocateEvalOptions {
  readonly locator?: string;
  readonly model?: string;
  readonly scenes?: string;
  readonly seed?: string;
  readonly size: string;
  readonly split: "train" | "validation" | "test";
  readonly html?: string;
}

const MOST_SCENES = 100_000;
const LARGEST_SEED = 0xffff_ffff;

export async function locateEvalCommand(context: CommandContext, options: LocateEvalOptions): Promise<void> {
  const { locator, model, scenes, seed, html } = options;
  const split: Split = options.split === "validation" ? "val" : options.split;
  const result = await obtainLocatorEvaluation({
    project: context.project,
    locators: locator === undefined ? [] : namesOf(locator),
    split,
    context,
    ...frameSize(options.size),
    ...(model === undefined ? {} : { model }),
    ...(scenes === undefined ? {} : { scenes: wholeNumber(scenes, "--scenes", 4, MOST_SCENES) }),
    ...(seed === undefined ? {} : { seed: wholeNumber(seed, "--seed", 0, LARGEST_SEED) }),
  });
  if (html !== undefined) {
    const { locatorPage } = await import("../pipeline/locate-page.js");
    await writeOutput(html, await locatorPage(result));
  }
  const { evaluation, people } = result;
  context.result({ ...evaluation, people, split: options.split }, () => locatorEvaluationText(result));
}

function namesOf(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "")) return [...new Set(names)];
  throw new UserError(`--locator has an empty name: "${text}"`, { remedy: "Write it like `--locator center,neural`." });
}
