/** How a detector is made: `smilec.locator.json` of a shipped one. */
import { z } from "zod";
import { UserError } from "../../../errors.js";
import { CELL } from "../box-code.js";

/** The network halves its canvas five times. */
const extent = z.int().min(32).max(256).multipleOf(32);
const count = z.int().min(1);

export const recipeSchema = z.strictObject({
  kind: z.literal("neural"),
  seed: z.int().min(0).max(0xffffffff).describe("What the scenes, the order and the variations are drawn from."),
  imports: z
    .array(z.string())
    .min(1)
    .describe("Data sets whose people are put into scenes; those of their training and validation splits."),
  canvas: z.strictObject({ width: extent, height: extent }).describe("Pixels that a frame is fitted into."),
  frame: z
    .strictObject({ width: count, height: count })
    .describe("Scenes are composed in this size, which must fill the canvas in one direction."),
  normalize: z.enum(["standardize", "none"]).describe("See docs/preprocessing.md."),
  scenes: z.strictObject({
    train: count.describe("Scenes composed before training."),
    validation: count.describe("Scenes that the threshold is chosen on, of people of the validation split."),
    faces: z.array(z.number().min(0)).min(1).describe("Chances of 0, 1, 2, ... faces in a training scene."),
    sizes: z
      .tuple([z.number().gt(0), z.number().gt(0)])
      .describe("Sides of faces in training, parts of the frame's shorter side."),
  }),
  mining: z.strictObject({
    after: z.array(count).describe("Epochs after which hard scenes are mined."),
    look: count.describe("Fresh scenes looked at each time."),
    keep: count.describe("Of them, those with the strongest false faces are trained on."),
  }),
  train: z.strictObject({
    epochs: count,
    cropEpochs: z.int().min(0).describe("The first of them train on parts of scenes."),
    cropSide: extent.describe("Side of the parts in pixels."),
    batchSize: count,
    learningRate: z.number().gt(0),
    warmupEpochs: z.number().min(0),
    weightDecay: z.number().min(0),
    averaging: z.number().min(0).lt(1),
    hardShare: z.number().min(0).max(1),
  }),
  quantize: z.strictObject({
    calibration: count,
    percentile: z.number().min(99).max(100),
    epochs: z.int().min(0),
    learningRate: z.number().gt(0),
  }),
  falseFaces: z
    .number()
    .min(0)
    .max(1)
    .describe("False faces per frame that the threshold allows on validation scenes."),
  spread: z
    .int()
    .min(0)
    .max(1000)
    .describe("How much less confident than the surest candidate another may be and still count, per mille."),
});

export type DetectorRecipe = z.infer<typeof recipeSchema>;

/** Throws UserError for a text that is no recipe. */
export function parseRecipe(text: string, file: string): DetectorRecipe {
  const parsed = recipeSchema.safeParse(parseJson(text));
  if (parsed.success) return checked(parsed.data, file);
  throw new UserError("the recipe of the detector is wrong", {
    where: file,
    detail: z.prettifyError(parsed.error),
    remedy: "Correct the keys named above; src/locate/neural/train/recipe.ts says what each means.",
  });
}

function checked(recipe: DetectorRecipe, file: string): DetectorRecipe {
  const { canvas, frame, mining, scenes, train } = recipe;
  const fits =
    (frame.width === canvas.width && frame.height <= canvas.height) ||
    (frame.height === canvas.height && frame.width <= canvas.width);
  const problems = [
    ...(fits ? [] : ["frame: must fill the canvas in one direction and fit in the other"]),
    ...(canvas.width * canvas.height > 512 * CELL * CELL ? ["canvas: at most 32,768 pixels"] : []),
    ...(train.cropEpochs > train.epochs ? ["train.cropEpochs: at most train.epochs"] : []),
    ...(train.cropSide > Math.min(frame.width, frame.height)
      ? ["train.cropSide: at most the frame's shorter side"]
      : []),
    ...(mining.keep > mining.look ? ["mining.keep: at most mining.look"] : []),
    ...(mining.after.some((epoch) => epoch >= train.epochs) ? ["mining.after: before the last epoch"] : []),
    ...(scenes.sizes[0] < scenes.sizes[1] ? [] : ["scenes.sizes: the smallest, then the largest"]),
  ];
  if (problems.length === 0) return recipe;
  throw new UserError("the recipe of the detector is wrong", { where: file, detail: problems.join("\n") });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
