/** `smilec augment preview` */
import { resolve } from "node:path";
import { augmentationSheet } from "../augment/preview/sheet.js";
import { UserError } from "../errors.js";
import { previewPictures } from "../pipeline/augmentation-preview.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { writeOutput } from "./output-file.js";

export interface AugmentPreviewOptions {
  readonly picture?: string;
  readonly out: string;
  readonly strengths: string;
}

/** Pictures from weak to strong that fit a sheet. */
const MOST_STRENGTHS = 12;

export async function augmentPreviewCommand(context: CommandContext, options: AugmentPreviewOptions): Promise<void> {
  const strengths = Number(options.strengths);
  if (!Number.isInteger(strengths) || strengths < 1 || strengths > MOST_STRENGTHS) {
    throw new UserError(`"${options.strengths}" is no number of pictures from 1 to ${MOST_STRENGTHS}`, {
      where: "--strengths",
      remedy: "Give how many pictures a row shows from weak to strong.",
    });
  }
  const file = resolve(options.out);
  if (options.picture !== undefined && resolve(options.picture) === file) {
    throw new UserError("this is the picture itself", { where: file, remedy: "Give another file with --out." });
  }
  const project = await openProject(context.project);
  const { pictures, size, origin } = await previewPictures(project, options.picture);
  const { input, train } = project.config;
  const { augment, seed } = train;
  const { png, width, height } = await augmentationSheet({
    pictures,
    size,
    preprocess: input,
    augment,
    seed,
    strengths,
  });
  await writeOutput(file, png, "Give the path of a file with --out.");
  context.result({ file, width, height, pictures: origin }, () => `${file}\n${width}x${height} pixels; ${origin}`);
}
