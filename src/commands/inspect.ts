/** `smilec inspect MODEL` */
import { resolve } from "node:path";
import { boards, findBoard } from "../board/boards.js";
import type { Board } from "../board/types.js";
import { readModelFile } from "../compile/model-file.js";
import { UserError } from "../errors.js";
import { inspectModel } from "../inspect/inspect.js";
import { defaultPressSettings, type PressSettings } from "../inspect/press-to-light.js";
import { inspectionText } from "../inspect/text.js";
import { pressSettingsOfProject } from "../pipeline/firmware.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { writeOutput } from "./output-file.js";

export interface InspectOptions {
  readonly board?: string;
  readonly svg?: string;
  readonly html?: string;
}

/** As asked, as the project says, or outside of one the ESP32-CAM and what is configured by default. */
async function botFor(context: CommandContext, id: string | undefined): Promise<[Board, PressSettings]> {
  const project = await openProject(context.project).catch(() => undefined);
  const board = findBoard(id ?? project?.config.board ?? boards.esp32cam.id);
  if (project === undefined) return [board, defaultPressSettings()];
  return [board, await pressSettingsOfProject(project)];
}

export async function inspectCommand(context: CommandContext, path: string, options: InspectOptions): Promise<void> {
  const model = await readModelFile(path);
  const files = [options.svg, options.html].flatMap((file) => (file === undefined ? [] : [resolve(file)]));
  for (const file of files) {
    if (file === resolve(path))
      throw new UserError("this is the model itself", { where: file, remedy: "Give another file." });
  }
  if (files.length === 2 && files[0] === files[1]) {
    throw new UserError("--svg and --html name the same file", { where: files[0], remedy: "Give two files." });
  }
  const inspection = inspectModel(model, ...(await botFor(context, options.board)));
  // All is drawn before the first file is written.
  const pages: [file: string, text: string][] = [];
  if (options.svg !== undefined) {
    pages.push([options.svg, await (await import("../inspect/picture.js")).arenaSvg(inspection)]);
  }
  if (options.html !== undefined) {
    pages.push([options.html, await (await import("../inspect/page.js")).inspectionPage(inspection)]);
  }
  for (const [file, text] of pages) await writeOutput(file, text);
  context.result(inspection, () => inspectionText(inspection));
}
