/** `smilec flash [--port P] [--direct] [--firmware DIR|OFFSET=FILE...]` */
import { dirname } from "node:path";
import { boards, findBoard } from "../board/boards.js";
import type { Board } from "../board/types.js";
import { downloadMode } from "../device/download-mode.js";
import { type FirmwareSet, loadFirmware } from "../device/firmware-set.js";
import { type FlashResult, flash } from "../device/flash.js";
import { CheckFailedError, InterruptedError, UserError } from "../errors.js";
import { deployedModel } from "../pipeline/deploy.js";
import { obtainFirmware } from "../pipeline/firmware.js";
import type { Model } from "../pipeline/model.js";
import { openProject, type Project } from "../pipeline/project.js";
import { worseOnCaptures } from "../replay/flash-gate.js";
import type { CommandContext } from "./context.js";
import { portOf } from "./port.js";
import { judgedLine } from "./replay.js";
import { asksOnTerminal } from "./terminal.js";

export interface FlashOptions {
  readonly port?: string;
  readonly target?: string;
  readonly direct: boolean;
  readonly firmware?: readonly string[];
  readonly baud: string;
  readonly yes: boolean;
}

/** What UARTs and USB adapters of the boards take. */
const BAUD_RATES = [115200, 230400, 460800, 921600];

export async function flashCommand(context: CommandContext, options: FlashOptions): Promise<void> {
  const baud = Number(options.baud);
  if (!BAUD_RATES.includes(baud)) {
    throw new UserError(`no baud rate for flashing: ${options.baud}`, {
      where: "--baud",
      remedy: `Choose one of: ${BAUD_RATES.join(", ")}.`,
    });
  }
  const images = options.firmware === undefined ? undefined : await loadFirmware(options.firmware);
  const board = await boardOf(context, options, images);
  if (board !== undefined) {
    context.reporter.stage("prepare", board.title);
    for (const line of downloadMode(board).enter) context.reporter.info(line);
  }
  const port = await portOf(context, options.port);
  const built = images === undefined && board !== undefined ? await build(context, board, options.yes) : undefined;
  const firmware = images ?? (await loadFirmware([built?.outputDir ?? ""]));
  const project = built === undefined || options.direct ? {} : { project: built };
  const result = await flash({ firmware, port, baud, context, ...project, ...(board === undefined ? {} : { board }) });
  context.result(result, () => describe(result, board));
}

/** As asked, as the project says, or, for images outside of a project, the only board they can be for. */
async function boardOf(
  context: CommandContext,
  { target }: FlashOptions,
  images: FirmwareSet | undefined,
): Promise<Board | undefined> {
  if (target !== undefined) return findBoard(target);
  if (images === undefined) return findBoard((await openProject(context.project)).config.board);
  const chip = { 0: "esp32", 9: "esp32s3" }[images.chipId];
  const fitting = Object.values(boards).filter((board) => board.chip === chip);
  return fitting.length === 1 ? fitting[0] : undefined;
}

async function build(
  context: CommandContext,
  board: Board,
  yes: boolean,
): Promise<{ dir: string; outputDir: string; board: Board }> {
  const project = await openProject(context.project);
  const model = await deployedModel(project, context);
  await warnIfWorse(context, project, model, yes);
  const { dir, build } = await obtainFirmware(project, model, board.id, context);
  return { dir, board, outputDir: dirname(build.programPath) };
}

async function confirmed(message: string): Promise<boolean> {
  const { confirm } = await import("@inquirer/prompts");
  try {
    return await confirm({ message, default: false }, { output: process.stderr });
  } catch {
    throw new InterruptedError("nothing was written");
  }
}

/** A person is asked; a script is told, because it can look first: `smilec replay --model`. */
async function warnIfWorse(
  context: CommandContext,
  project: Project,
  model: Model | undefined,
  yes: boolean,
): Promise<void> {
  const worse = await worseOnCaptures(project, model, context);
  if (worse === undefined) return;
  context.reporter.warn(`the new model decides worse than the bots did: ${judgedLine(worse)}`);
  if (yes || !asksOnTerminal(context)) return;
  if (await confirmed("Write it to the board all the same?")) return;
  throw new CheckFailedError("nothing was written: the new model is worse on judged captures", {
    where: model?.file ?? project.modelFile,
    remedy: "Label more captures, train again, or flash with --yes.",
  });
}

function describe({ port, files, durationMs }: FlashResult, board: Board | undefined): string {
  const lines = files.map(({ path, offset }) => `  0x${offset.toString(16).padStart(5, "0")}  ${path}`);
  lines.unshift(`flashed ${port} in ${(durationMs / 1000).toFixed(1)} s, verified:`);
  if (board !== undefined) lines.push(downloadMode(board).leave);
  lines.push("Look at what the bot says: smilec monitor");
  return lines.join("\n");
}
