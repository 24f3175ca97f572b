import { UserError } from "../errors.js";
import { openProject } from "../pipeline/project.js";
import { consoleBaud } from "../template/context.js";
import type { CommandContext } from "./context.js";

/** What firmware is built with unless its project says otherwise. */
const DEFAULT_BAUD = 921600;

/** The rate of --baud, or that of the project's firmware. */
export async function baudOf(context: CommandContext, option: string | undefined): Promise<number> {
  if (option === undefined) {
    const project = await openProject(context.project).catch(() => undefined);
    return project === undefined ? DEFAULT_BAUD : consoleBaud(project.config.firmware.serial);
  }
  const baud = Number(option);
  if (!Number.isInteger(baud) || baud < 300 || baud > 4_000_000) {
    throw new UserError(`no baud rate: ${option}`, {
      where: "--baud",
      remedy: "Give `firmware.serial.baud` of the bot's configuration: 921600, unless changed.",
    });
  }
  return baud;
}
