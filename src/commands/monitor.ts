/** `smilec monitor [--port P] [--elf FILE]` */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type FunctionSymbol, functionAt, readFunctions } from "../device/elf-symbols.js";
import { describeEvent, type LogEvent } from "../device/log-lines.js";
import { monitor } from "../device/monitor.js";
import { UserError } from "../errors.js";
import { buildDir, openProject } from "../pipeline/project.js";
import type { CommandContext } from "./context.js";
import { portOf } from "./port.js";
import { coloursFor } from "./terminal.js";

export interface MonitorOptions {
  readonly port?: string;
  readonly elf?: string;
  readonly baud: string;
}

export async function monitorCommand(context: CommandContext, options: MonitorOptions): Promise<void> {
  const baud = Number(options.baud);
  if (!Number.isInteger(baud) || baud < 300 || baud > 4_000_000) {
    throw new UserError(`no baud rate: ${options.baud}`, { where: "--baud", remedy: "The firmware prints at 115200." });
  }
  const elf = options.elf ?? (await projectElf(context.project));
  const functions = elf === undefined ? [] : await readFunctions(elf);
  const port = await portOf(context, options.port);
  await monitor({ port: port.path, baud, context, onEvent: (event) => show(context, event, functions) });
}

/** The project's last build, when there is one. */
async function projectElf(folder: string): Promise<string | undefined> {
  const project = await openProject(folder).catch(() => undefined);
  if (project === undefined) return undefined;
  const { board } = project.config;
  const path = join(buildDir(project, board), ".pio", "build", board, "firmware.elf");
  return (await stat(path).catch(() => undefined)) === undefined ? undefined : path;
}

function show(context: CommandContext, event: LogEvent, functions: readonly FunctionSymbol[]): void {
  const calls =
    event.event === "backtrace"
      ? event.addresses.map((address) => ({
          address: `0x${address.toString(16).padStart(8, "0")}`,
          function: functionAt(functions, address),
        }))
      : undefined;
  if (context.json) {
    context.print(JSON.stringify(calls === undefined ? event : { ...event, calls }));
    return;
  }
  context.print(paint(event));
  for (const call of calls ?? []) context.print(`  ${call.address}  ${call.function ?? "?"}`);
}

function paint(event: LogEvent): string {
  const colours = coloursFor(process.stdout);
  const text = describeEvent(event);
  if (event.event === "press") return event.smile ? colours.green(text) : text;
  if (event.event === "panic" || event.event === "failed") return colours.red(text);
  if (event.event === "faults" && event.faults.length > 0) return colours.yellow(text);
  return text;
}
