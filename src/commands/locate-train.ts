/** `smilec locate train`: the neural locator, of the project's own people and captures. */
import { trainLocator } from "../pipeline/locate-train.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { thousands } from "./table.js";

export interface LocateTrainOptions {
  readonly recipe?: string;
}

export async function locateTrainCommand(context: CommandContext, options: LocateTrainOptions): Promise<void> {
  const project = await openProject(context.project);
  const result = await trainLocator(project, options.recipe, context);
  context.result(result, () => {
    const { file, people, scenes, captures, multiplyAccumulates, validation } = result;
    const { corrected, confirmed, nobody } = captures;
    const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
    return [
      `detector   ${file}, ${(multiplyAccumulates / 1e6).toFixed(2)} M multiply-accumulates a frame`,
      `trained on ${thousands(scenes)} scenes; ${people}`,
      `captures   ${corrected} with a corrected box, ${confirmed} with a confirmed one, ${nobody} without a face`,
      `validation finds ${percent(validation.recall)} of the faces at ${percent(validation.falseFaces)} false faces per frame, from confidence ${validation.threshold}`,
      "",
      project.config.locator.kind === "neural"
        ? "`smilec build` takes it from now on."
        : 'To use it, set "locator": "neural" in smilec.config.json.',
    ].join("\n");
  });
}
