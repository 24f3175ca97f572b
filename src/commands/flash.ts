/** `smilec flash [--port P] [--direct] [--firmware DIR|OFFSET=FILE...]` */
import { dirname } from "node:path";
import { boards, findBoard } from "../board/boards.js";
import type { Board } from "../board/types.js";
import { downloadMode } from "../device/download-mode.js";
import { type FirmwareSet, loadFirmware } from "../device/firmware-set.js";
import { type FlashResult, flash } from "../device/flash.js";
import { UserError } from "../errors.js";
import { deployedModel } from "../pipeline/deploy.js";
import { obtainFirmware } from "../pipeline/firmware.js";
import { openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { confirmModel } from "./flash-gate.js";
import { portOf } from "./port.js";

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
  await confirmModel(context, project, model, yes);
  const { dir, build } = await obtainFirmware(project, model, board.id, context);
  return { dir, board, outputDir: dirname(build.programPath) };
}

function describe({ port, files, durationMs }: FlashResult, board: Board | undefined): string {
  const lines = files.map(({ path, offset }) => `  0x${offset.toString(16).padStart(5, "0")}  ${path}`);
  lines.unshift(`flashed ${port} in ${(durationMs / 1000).toFixed(1)} s, verified:`);
  if (board !== undefined) lines.push(downloadMode(board).leave);
  lines.push("Look at what the bot says: smilec monitor");
  return lines.join("\n");
}
