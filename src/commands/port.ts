import { askForPort, choosePort } from "../device/choose-port.js";
import type { SerialPortInfo } from "../device/ports.js";
import type { CommandContext } from "./context.js";
import { asksOnTerminal } from "./terminal.js";

/** The port of --port, or the board's; asks where there are several and someone can answer. */
export function portOf(context: CommandContext, port: string | undefined): Promise<SerialPortInfo> {
  return choosePort({
    ...(port === undefined ? {} : { port }),
    ...(asksOnTerminal(context) ? { ask: askForPort } : {}),
  });
}
