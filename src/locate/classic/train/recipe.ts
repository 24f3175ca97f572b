/** How a cascade is made: `smilec.locator.json` of a shipped one. */
import { z } from "zod";
import { UserError } from "../../../errors.js";
import { LARGEST_WINDOW, MAX_TABLES, SMALLEST_WINDOW } from "../cascade.js";

const count = z.int().min(1);
const share = z.number().min(0).max(1);

const recipeSchema = z.strictObject({
  kind: z.literal("classic"),
  seed: z.int().min(0).max(0xffffffff).describe("What the scenes and the order of everything are drawn from."),
  imports: z
    .array(z.string())
    .min(1)
    .describe("Data sets whose people are put into scenes; those of their training and validation splits."),
  frame: z
    .strictObject({ width: count.max(640), height: count.max(640) })
    .describe("Scenes are composed in this size."),
  scenes: z.strictObject({
    train: count.max(20_000).describe("Scenes trained on: faces, and all that is no face."),
    validation: count.max(20_000).describe("Scenes that the threshold is chosen on, of the validation split."),
    faces: z.array(z.number().min(0)).min(1).describe("Chances of 0, 1, 2, ... faces in a training scene."),
    sizes: z
      .tuple([z.number().gt(0), z.number().gt(0)])
      .describe("Sides of faces in training, parts of the frame's shorter side."),
  }),
  cascade: z.strictObject({
    window: z.int().min(SMALLEST_WINDOW).max(LARGEST_WINDOW).describe("Side of the window, pixels of a level."),
    smallest: z.int().min(SMALLEST_WINDOW).max(320).describe("Side of the smallest face looked for, pixels."),
  }),
  train: z.strictObject({
    stages: z.array(count.max(MAX_TABLES)).min(1).describe("Tables at the end of each stage."),
    faces: count.max(40_000).describe("Windows with a face to learn from, at most."),
    others: count.max(40_000).describe("Windows without, in each stage, at most."),
    perScene: count.describe("Windows without a face taken from one scene in one search, at most."),
    extraWindows: z.int().min(0).max(16).describe("Windows taken of a face beside the best fitting one."),
    loss: share.describe("Share of the training faces' windows that the thresholds may lose while tables are learned."),
    faceLoss: share.describe("Share of faces of scenes not learned from that the final thresholds may lose."),
    lossPower: z.number().gt(0).max(8).describe("The first t of T tables may lose (t/T)^lossPower of it."),
    facePower: z.number().gt(0).max(8).describe("As lossPower, of faceLoss."),
  }),
  falseFaces: share.describe("False faces per frame that the threshold allows on validation scenes."),
});

export type CascadeRecipe = z.infer<typeof recipeSchema>;

/** Throws UserError for a text that is no recipe. */
export function parseCascadeRecipe(text: string, where: string): CascadeRecipe {
  const parsed = recipeSchema.safeParse(parseJson(text, where));
  const problems = parsed.success ? ruleProblems(parsed.data) : [z.prettifyError(parsed.error)];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new UserError("the recipe of the cascade is wrong", {
    where,
    detail: problems.join("\n"),
    remedy: "Correct the keys named above; src/locate/classic/train/recipe.ts says what each means.",
  });
}

function ruleProblems({ cascade, scenes, train }: CascadeRecipe): string[] {
  const ascending = train.stages.every((tables, i) => i === 0 || tables > train.stages[i - 1]);
  return [
    ...(ascending ? [] : ["train.stages: each more than the one before"]),
    ...(cascade.smallest >= cascade.window ? [] : ["cascade.smallest: at least the window"]),
    ...(scenes.sizes[0] < scenes.sizes[1] ? [] : ["scenes.sizes: the smallest, then the largest"]),
  ];
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`not valid JSON: ${(error as Error).message}`, { where, remedy: "Correct the file." });
  }
}
